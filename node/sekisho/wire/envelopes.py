"""Signed envelopes to and from protobuf; nothing is verified here."""

from sekisho.documents.envelope import Envelope, EnvelopeSignature
from sekisho.wire.gen.sekisho.v1 import envelope_pb2


def envelope_to_proto(envelope: Envelope) -> envelope_pb2.Envelope:
    """Put an envelope on the wire."""
    return envelope_pb2.Envelope(
        payload=envelope.payload,
        payload_type=envelope.payload_type,
        signatures=[signature_to_proto(signature) for signature in envelope.signatures],
    )


def envelope_from_proto(message: envelope_pb2.Envelope) -> Envelope:
    """Take an envelope off the wire, unbelieved."""
    return Envelope(
        payload=message.payload,
        payload_type=message.payload_type,
        signatures=tuple(signature_from_proto(signature) for signature in message.signatures),
    )


def signature_to_proto(signature: EnvelopeSignature) -> envelope_pb2.Signature:
    """Put one signature on the wire."""
    return envelope_pb2.Signature(key_id=signature.key_id, signature=signature.signature)


def signature_from_proto(message: envelope_pb2.Signature) -> EnvelopeSignature:
    """Take one signature off the wire, unbelieved."""
    return EnvelopeSignature(key_id=message.key_id, signature=message.signature)
