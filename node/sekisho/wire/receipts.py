"""Openings and receipts as they ride in the metadata of an answer's first and last message."""

from google.protobuf.message import DecodeError

from sekisho.documents.envelope import Envelope
from sekisho.errors import PeerError
from sekisho.wire.envelopes import envelope_from_proto, envelope_to_proto
from sekisho.wire.gen.sekisho.v1 import envelope_pb2


def pack_receipt_envelope(envelope: Envelope) -> bytes:
    """Pack a signed opening or receipt into a message's metadata."""
    return envelope_to_proto(envelope).SerializeToString()


def parse_receipt_envelope(metadata: memoryview | bytes) -> Envelope:
    """Read a statement from a message's metadata, unbelieved.

    Raises:
        PeerError: It is not an envelope.
    """
    message = envelope_pb2.Envelope()
    try:
        message.ParseFromString(bytes(metadata))
    except DecodeError as error:
        text = "the metadata of an answer is not an envelope"
        raise PeerError(text) from error
    return envelope_from_proto(message)
