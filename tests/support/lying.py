"""A provider's node that lies, with the provider's real keys: a bare gRPC server here."""

import secrets
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import grpc
import pyarrow as pa
from blake3 import blake3

from sekisho.documents.envelope import PayloadType, seal
from sekisho.ledger.receipt import (
    Decision,
    LedgerPosition,
    Opening,
    Outcome,
    Receipt,
    opening_bytes,
    receipt_bytes,
)
from sekisho.ledger.request import Request, parse_request
from sekisho.trust.keys import load_signer
from sekisho.wire.flight import DO_GET, parse_ticket
from sekisho.wire.frames import hash_frame, make_frame, parse_frame
from sekisho.wire.receipts import pack_receipt_envelope
from support.nodes import Company

POSITION = LedgerPosition(index=0, size=1, root="ab" * 32)
AT = "2026-12-01T05:00:00.000Z"


@dataclass
class Telling:
    """What a liar has at hand for one request."""

    company: Company
    request: Request
    digest: str
    key: str = "request"

    def table(self) -> pa.Table:
        """An answer as the contract promises it."""
        return pa.table({"origin": ["JFK", "LGA", "EWR"] * 5})

    def opening(self, **changes) -> bytes:
        opening = Opening(**(self._names() | {"decision": DECISION, "opened_at": AT} | changes))
        return self._seal(opening_bytes(opening), PayloadType.OPENING)

    def receipt(self, frames: list[bytes], /, **changes) -> bytes:
        """A receipt for some frames, with some fields changed."""
        hasher, size = blake3(), 0
        for data in frames:
            frame = parse_frame(data)
            hash_frame(hasher, frame)
            size += len(frame.header) + len(frame.body)
        fields = {
            "outcome": Outcome.ANSWERED,
            "bytes": size,
            "blake3": hasher.hexdigest(),
            "closed_at": AT,
        }
        receipt = Receipt(**(self._names() | fields | changes))
        return self._seal(receipt_bytes(receipt), PayloadType.RECEIPT)

    def with_key(self, key: str) -> "Telling":
        return replace(self, key=key)

    def whole(self, table: pa.Table | None = None, **changes) -> Iterator[bytes]:
        """An honest stream over a table, but for the receipt's changed fields."""
        table = self.table() if table is None else table
        frames = frames_of(table)
        yield opened(frames[0], self.opening())
        yield from frames[1:]
        fields = {"rows": table.num_rows} | changes
        yield make_frame(*empty_of(table), self.receipt(frames, **fields))

    def _names(self) -> dict:
        asked = self.request
        return {
            "request": self.digest,
            "contract": asked.contract,
            "provider": asked.provider,
            "consumer": asked.consumer,
            "nonce": asked.nonce,
            "ledger": POSITION,
        }

    def _seal(self, payload: bytes, kind: PayloadType) -> bytes:
        signer = load_signer(self.company.folder.key(self.key).read_bytes())
        return pack_receipt_envelope(seal(payload, kind, [signer]))


DECISION = Decision(grant="delays", clauses=("grants.delays.columns.origin",))
Lie = Callable[[Telling, grpc.ServicerContext], Iterator[bytes]]


def _parts(message: bytes) -> tuple[bytes, bytes]:
    """Take an encapsulated Arrow message apart."""
    (length,) = struct.unpack_from("<I", message, 4)
    return message[8 : 8 + length], message[8 + length :]


def frames_of(table: pa.Table) -> list[bytes]:
    """Frame a table: the schema, then one batch."""
    messages = [table.schema.serialize()]
    messages += [batch.serialize() for batch in table.combine_chunks().to_batches()]
    return [make_frame(*_parts(item.to_pybytes())) for item in messages]


def empty_of(table: pa.Table) -> tuple[bytes, bytes]:
    """Give the parts of a batch of no rows."""
    batch = pa.RecordBatch.from_pylist([], schema=table.schema)
    return _parts(batch.serialize().to_pybytes())


def opened(schema: bytes, opening: bytes) -> bytes:
    """Put an opening on a schema's frame."""
    frame = parse_frame(schema)
    return make_frame(frame.header, frame.body, opening)


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, company: Company, lie: Lie) -> None:
        self._company, self._lie = company, lie
        self.asked = 0

    def service(self, details):
        if details.method != DO_GET:
            return None
        return grpc.unary_stream_rpc_method_handler(self._answer)

    def _answer(self, ticket: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self.asked += 1
        envelope = parse_ticket(ticket)
        telling = Telling(self._company, parse_request(envelope.payload), envelope.digest)
        yield from self._lie(telling, context)


@contextmanager
def liar(company: Company, consumer: Company, lie: Lie) -> Iterator[_Handler]:
    """Serve a lie where a company's stopped node was."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    handler = _Handler(company, lie)
    server.add_generic_rpc_handlers((handler,))
    credentials = company.credentials()
    server.add_secure_port(
        company.config.listen.peers,
        grpc.ssl_server_credentials(
            [(credentials.key, credentials.certificate)],
            consumer.folder.certificate("anchor").read_bytes(),
            require_client_auth=True,
        ),
    )
    server.start()
    try:
        yield handler
    finally:
        server.stop(0).wait()


def nonce() -> str:
    return secrets.token_hex(16)
