"""Calls one other company's node: contracts, notices, grants, and answers that must verify."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from blake3 import blake3

from sekisho.client.channel import error_of, fault_in, open_channel, raise_error
from sekisho.client.ledger_peer import LedgerPeer
from sekisho.documents.envelope import Envelope
from sekisho.errors import PeerError, Refusal, SekishoError
from sekisho.ledger.receipt import Opening, Outcome, Receipt
from sekisho.ledger.request import Request
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.query import QueryText
from sekisho.wire.envelopes import envelope_from_proto, envelope_to_proto
from sekisho.wire.flatbuffer import read_names
from sekisho.wire.flight import DO_GET, pack_request_ticket
from sekisho.wire.frames import Frame, check_message, hash_frame, parse_frame
from sekisho.wire.gen.sekisho.v1 import exchange_service_pb2 as exchange
from sekisho.wire.gen.sekisho.v1 import fragment_service_pb2 as fragment
from sekisho.wire.gen.sekisho.v1.exchange_service_pb2_grpc import ExchangeServiceStub
from sekisho.wire.gen.sekisho.v1.fragment_service_pb2_grpc import FragmentServiceStub
from sekisho.wire.parameters import parameters_to_proto
from sekisho.wire.receipts import parse_receipt_envelope

RETURN_SECONDS = 2.0
"""How long a node that could not be reached is waited for at the next call."""
CONTROL_SECONDS = 15.0
"""A control call's time at most; answers have none but the engine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What this company's node shows: a leaf certificate that its own anchor issued."""

    key: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedColumn:
    """One column as a provider shows it, after its mask."""

    name: str
    type: str
    """In DuckDB's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedDataset:
    """One dataset as one grant shows it."""

    dataset: DatasetId
    grant: str
    columns: tuple[GrantedColumn, ...]


class Peer:
    """One other company's node."""

    def __init__(
        self, party: PartyId, *, address: str, anchor: bytes, credentials: Credentials
    ) -> None:
        """Open a channel that believes the party's own anchor and nothing else."""
        self.party = party
        self._channel = open_channel(
            address,
            roots=anchor,
            key=credentials.key,
            certificate=credentials.certificate,
            server_name=party,
        )
        self._exchange = ExchangeServiceStub(self._channel)
        self._fragment = FragmentServiceStub(self._channel)
        self._do_get: Callable[..., Any] = self._channel.unary_stream(DO_GET)
        self._was_away = False
        self.ledger = LedgerPeer(self._channel, self._call)
        """What the node says of ledgers."""

    def deliver_contract(self, envelope: Envelope) -> Envelope:
        """Hand over a contract with the signatures held here; get the ones held there."""
        message = exchange.DeliverContractRequest(contract=envelope_to_proto(envelope))
        found = self._call(self._exchange.DeliverContract, message)
        return envelope_from_proto(found.contract)

    def deliver_notice(self, envelope: Envelope) -> None:
        """Hand over a notice; returns once it has taken effect there."""
        message = exchange.DeliverNoticeRequest(notice=envelope_to_proto(envelope))
        self._call(self._exchange.DeliverNotice, message)

    def deliver_member(self, envelope: Envelope) -> None:
        """Hand over the next version of this company's own member document."""
        message = exchange.DeliverMemberRequest(member=envelope_to_proto(envelope))
        self._call(self._exchange.DeliverMember, message)

    def deliver_acknowledgement(self, envelope: Envelope) -> None:
        """Hand over what this company says of its answers; returns once it is compared there."""
        message = exchange.DeliverAcknowledgementRequest(
            acknowledgement=envelope_to_proto(envelope)
        )
        self._call(self._exchange.DeliverAcknowledgement, message)

    def deliver_lookup(self, contract: ContractId, content: bytes) -> None:
        """Hand over a table that the contract lets this company bring.

        Raises:
            Refusal: The node does not take it.
        """
        message = exchange.DeliverLookupRequest(contract_id=contract, content=content)
        self._call(self._exchange.DeliverLookup, message)

    def list_granted_datasets(self, contract: ContractId) -> tuple[GrantedDataset, ...]:
        """Ask what a contract shows here, with columns as they look after masks."""
        message = fragment.ListGrantedDatasetsRequest(contract_id=contract)
        found = self._call(self._fragment.ListGrantedDatasets, message)
        return tuple(
            GrantedDataset(
                dataset=DatasetId(item.dataset),
                grant=item.grant,
                columns=tuple(
                    GrantedColumn(name=column.name, type=column.type) for column in item.columns
                ),
            )
            for item in found.datasets
        )

    def explain(
        self, contract: ContractId, purpose: str, text: QueryText
    ) -> fragment.ExplainFragmentResponse:
        """Ask what the gate there would decide."""
        message = fragment.ExplainFragmentRequest(
            contract_id=contract,
            purpose=purpose,
            sql=text.sql,
            parameters=parameters_to_proto(text.parameters),
        )
        found = self._call(self._fragment.ExplainFragment, message)
        if not isinstance(found, fragment.ExplainFragmentResponse):
            raise TypeError
        return found

    def ask(
        self,
        envelope: Envelope,
        request: Request,
        verify: "Verify",
        *,
        columns: tuple[str, ...] | None = None,
    ) -> "Asking":
        """Send a signed request; the answer streams from the result.

        Args:
            envelope: The signed request.
            request: The same, parsed.
            verify: Holds a statement to the provider's `receipt` keys.
            columns: Names that the answer must have, in order, when they are known.
        """
        self._await_return()
        call = self._do_get(pack_request_ticket(envelope))
        return Asking(
            call,
            peer=self,
            request=request,
            digest=envelope.digest,
            verify=verify,
            columns=columns,
        )

    def close(self) -> None:
        """Close the channel; running answers are cancelled."""
        self._channel.close()

    def _call(self, method: Any, message: Any) -> Any:
        self._await_return()
        try:
            return method(message, timeout=CONTROL_SECONDS)
        except grpc.RpcError as error:
            self.note_error(error)
            raise_error(error, party=self.party)

    def note_error(self, error: Any) -> None:
        """Remember that the node could not be reached."""
        self._was_away = error.code() is grpc.StatusCode.UNAVAILABLE

    def _await_return(self) -> None:
        """Give a node that was away a moment: gRPC tries again by itself, but not at once."""
        if not self._was_away:
            return
        self._was_away = False
        with contextlib.suppress(grpc.FutureTimeoutError):
            grpc.channel_ready_future(self._channel).result(timeout=RETURN_SECONDS)


Verify = Callable[[Envelope], Opening | Receipt]
"""Verifies a provider's statement and parses it; raises `PeerError` when it does not hold."""


@dataclass(slots=True)
class Tally:
    """What has arrived so far."""

    rows: int = 0
    bytes: int = 0
    hasher: Any = field(default_factory=blake3)


class Asking:
    """One answer on its way in: iterate over its frames; it is whole when that ends.

    The frames are handed on while they arrive. Whoever computes on them must let go of the outcome
    when the iteration raises: then the receipt is missing or says otherwise.
    """

    def __init__(
        self,
        call: Any,
        *,
        peer: Peer,
        request: Request,
        digest: str,
        verify: Verify,
        columns: tuple[str, ...] | None = None,
    ) -> None:
        """Wrap a running call."""
        self._peer = peer
        self._call = call
        self._verify = verify
        self._request = request
        self._digest = digest
        self._columns = columns
        self._lock = threading.Lock()
        self.party = peer.party
        self.tally = Tally()
        self.receipt: Receipt | None = None
        self.receipt_envelope: Envelope | None = None
        """The receipt as it was received, once the answer is whole or was refused."""
        self.error: SekishoError | None = None
        """Why the answer did not arrive whole."""
        self._frames_left = self._guarded()

    def __iter__(self) -> Iterator[bytes]:
        """Give the frames of the Arrow stream: the schema, then batches.

        Whoever iterates later, in whichever thread, goes on where the last one stopped.
        """
        return self

    def __next__(self) -> bytes:
        """Give the next frame; StopIteration only when the answer is whole."""
        with self._lock:
            if self.error is not None:
                raise self.error
            return next(self._frames_left)

    def _guarded(self) -> Iterator[bytes]:
        try:
            yield from self._frames()
        except grpc.RpcError as error:
            self._peer.note_error(error)
            self.error = self._refused(error)
            raise self.error from None
        except SekishoError as error:
            is_named = not isinstance(error, PeerError) or error.party
            self.error = error if is_named else self._broken(error.message)
            self._call.cancel()
            raise self.error from None

    def cancel(self) -> None:
        """Stop the work at the provider."""
        self._call.cancel()

    def _frames(self) -> Iterator[bytes]:
        opened = False
        for data in self._call:
            frame = parse_frame(data)
            if not opened:
                self._check_opening(self._statement(frame.metadata))
                self._check_columns(frame)
                opened = True
            elif len(frame.metadata):
                self._check_receipt(self._statement(frame.metadata))
                continue
            if self.receipt is not None:
                raise self._broken("it went on after its receipt")
            self._count(frame)
            yield data
        if self.receipt is None:
            raise self._broken("it ended without a receipt")

    def _statement(self, metadata: memoryview) -> Opening | Receipt:
        if not len(metadata):
            raise self._broken("it began without an opening")
        envelope = parse_receipt_envelope(metadata)
        statement = self._verify(envelope)
        if isinstance(statement, Receipt):
            self.receipt_envelope = envelope
        return statement

    def _count(self, frame: Any) -> None:
        tally = self.tally
        rows = check_message(frame).rows
        tally.rows += rows or 0
        tally.bytes += len(frame.header) + len(frame.body)
        hash_frame(tally.hasher, frame)

    def _check_opening(self, opening: Opening | Receipt) -> None:
        if isinstance(opening, Receipt):
            self._check_names(opening)
            self.receipt = opening
            raise self._broken("it was answered before; this is the receipt of that")
        self._check_names(opening)

    def _check_columns(self, frame: Frame) -> None:
        if self._columns is not None and read_names(frame.header) != self._columns:
            raise self._broken("it has other columns than were asked for")

    def _check_names(self, statement: Opening | Receipt) -> None:
        wanted = (self._digest, self._request.contract, self.party, self._request.nonce)
        found = (statement.request, statement.contract, statement.provider, statement.nonce)
        if found != wanted or statement.consumer != self._request.consumer:
            raise self._broken("its opening or receipt is about another request")

    def _check_receipt(self, receipt: Opening | Receipt) -> None:
        if isinstance(receipt, Opening):
            raise self._broken("it was opened twice")
        if self.receipt is not None:
            raise self._broken("it went on after its receipt")
        self._check_names(receipt)
        tally = self.tally
        counted = (Outcome.ANSWERED, tally.rows, tally.bytes, tally.hasher.hexdigest())
        if counted != (receipt.outcome, receipt.rows, receipt.bytes, receipt.blake3):
            raise self._broken("its receipt does not fit what arrived")
        self.receipt = receipt

    def _refused(self, error: grpc.RpcError) -> SekishoError:
        """Tell why a call failed; keep the signed refusal when one came and verifies."""
        found = error_of(error, party=self.party)
        fault = fault_in(error)
        if isinstance(found, Refusal) and fault is not None and fault.receipt is not None:
            try:
                self._check_refusal(self._verify(fault.receipt), found)
            except SekishoError as broken:
                return broken
            self.receipt_envelope = fault.receipt
        return found

    def _check_refusal(self, statement: Opening | Receipt, refusal: Refusal) -> None:
        self._check_names(statement)
        note = statement.refusal if isinstance(statement, Receipt) else None
        if note is None or note.reason is not refusal.reason:
            raise self._broken("what it signed is not its refusal")

    def _broken(self, why: str) -> PeerError:
        return PeerError(
            f"the answer of `{self.party}` does not hold: {why}",
            party=self.party,
            hint="nothing of it was used; ask again, and tell its operator if it happens again",
        )
