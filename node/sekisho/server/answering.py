"""The way of a query at a provider: who, which contract, decide, charge, run, answer, close.

One function a step, in the order of `docs/spec/answering.md`; each names its step. No byte of data
leaves before step 4 has put the entry `opened` on disk, and a stream that ends early, for whatever
reason, is closed in the ledger with what had left by then.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from blake3 import blake3

from sekisho.documents.envelope import Envelope, PayloadType, digest_of, envelope_to_json, seal
from sekisho.engine.engine import Batch, Job, Run
from sekisho.errors import DocumentError, EngineError, Finding, Refusal, RefusalReason, TrustError
from sekisho.ledger.charging import Amount
from sekisho.ledger.instants import moment_text
from sekisho.ledger.receipt import Decision, Opening, Outcome, opening_bytes, parse_receipt
from sekisho.ledger.request import Request, parse_request, request_bytes, verify_request
from sekisho.model.contract import RequestEvidence
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.member import Purpose
from sekisho.model.names import ContractId, PartyId
from sekisho.model.query import Query, QueryText
from sekisho.model.signed import SignedContract
from sekisho.server.bounds import Refusals
from sekisho.server.ending import Call, Closing, Tally, check_cut
from sekisho.server.lookups import Lookups
from sekisho.server.parts import Parts
from sekisho.server.plans import PlannedAnswer, Plans
from sekisho.server.protecting import JoinedTable, Protecting
from sekisho.server.status import SignedRefusal
from sekisho.server.streams import Stream
from sekisho.server.verifying import is_good_still
from sekisho.server.working import Working, Workplace
from sekisho.store.answers import EndedAnswer, OpenedAnswer
from sekisho.store.requests import ReceivedRequest, StoredRequest
from sekisho.store.transaction import Transaction
from sekisho.trust.verify import verify_signatures
from sekisho.wire.frames import add_metadata, hash_frame, parse_frame
from sekisho.wire.receipts import pack_receipt_envelope

_Decided = tuple[PlannedAnswer, tuple[Mapping[str, JoinedTable], ...], OpenedAnswer | StoredRequest]


class Answering:
    """Answers requests of other companies' nodes."""

    def __init__(self, parts: Parts, plans: Plans, lookups: Lookups) -> None:
        """Work with a node's parts, its remembered plans, and the tables brought to it."""
        self._parts = parts
        self._plans = plans
        self._lookups = lookups
        self._protecting = Protecting(parts.state, parts.now)
        self._workplace = Workplace(parts.engine)
        self._refusals = Refusals(parts.monotonic)

    def answer_signed(self, caller: PartyId, envelope: Envelope, call: Call) -> Iterator[bytes]:
        """Answer a signed request.

        Yields:
            Flight frames: the schema with the opening, batches, a zero-row batch with the receipt.

        Raises:
            TrustError: The request is not the caller's, not for this node, or not from now.
            SignedRefusal: The contract does not allow it; the refusal is in the ledger.
            EngineError: The engine did not finish; the ledger says what had left.
        """
        request = self._believe(caller, envelope)
        received = ReceivedRequest(
            digest=envelope.digest,
            nonce=request.nonce,
            channel=request.channel,
            purpose=request.purpose,
            sql=request.sql,
            evidence=RequestEvidence.SIGNED,
            envelope=envelope_to_json(envelope),
            parameters=request.parameters or (),
            lookups=request.lookups,
        )
        yield from self._answer(received, call, envelope=envelope)

    def answer_unsigned(
        self,
        caller: PartyId,
        call: Call,
        *,
        contract: ContractId,
        purpose: str,
        text: QueryText,
    ) -> Iterator[bytes]:
        """Answer a partner without a node, whose contract takes the connection as evidence.

        Yields and raises as `answer_signed` does.
        """
        request = Request(
            contract=contract,
            provider=self._parts.party,
            consumer=caller,
            purpose=purpose,
            sql=text.sql,
            nonce=self._parts.random(16).hex(),
            issued_at=moment_text(self._parts.now()),
            parameters=text.parameters or None,
        )
        received = ReceivedRequest(
            digest=digest_of(request_bytes(request)),
            nonce=request.nonce,
            channel=request.channel,
            purpose=purpose,
            sql=text.sql,
            evidence=RequestEvidence.TLS,
            envelope=b"",
            parameters=text.parameters,
        )
        yield from self._answer(received, call)

    def _believe(self, caller: PartyId, envelope: Envelope) -> Request:
        """Step 1: the request is signed by the party at the other end, for this node, now."""
        now = self._parts.now()
        signers = verify_signatures(
            envelope,
            payload_type=PayloadType.REQUEST,
            purpose=Purpose.REQUEST,
            members=self._parts.members(),
            now=now,
        )
        request = parse_request(envelope.payload)
        consumer = caller if caller in signers else PartyId("")
        verify_request(request, provider=self._parts.party, consumer=consumer, now=now)
        return request

    def _answer(
        self, received: ReceivedRequest, call: Call, *, envelope: Envelope | None = None
    ) -> Iterator[bytes]:
        _check_size(received)
        self._refusals.check(received.channel.consumer)

        def decide(version: int) -> _Decided:
            if envelope is not None and not is_good_still(envelope, self._parts):
                raise TrustError("its key was revoked meanwhile", step="signature.revoked")
            return self._decide(received, call, version=version)

        planned, joined, opened = self._parts.state.decide(decide)
        if isinstance(opened, StoredRequest):
            yield self._replayed(opened)
            return
        yield from self._stream(received, planned, opened=opened, joined=joined, call=call)

    def _decide(self, received: ReceivedRequest, call: Call, *, version: int) -> _Decided:
        """Steps 2 to 4, on one version of contracts and members: another may change them."""
        try:
            signed = self._find_contract(received)
            planned = self._plans.plan(received.query, signed)
            joined = self._joined(received, planned, call)
            opened = self._open(received, signed, planned, version=version)
        except Refusal as refusal:
            raise self._refused(received, refusal, version=version) from None
        return planned, joined, opened

    def _find_contract(self, received: ReceivedRequest) -> SignedContract:
        """Step 2: the contract is in force now, for this consumer, by this kind of evidence.

        One that is below this node's floors is not, whoever has signed it.
        """
        channel = received.channel
        signed = self._parts.guard.in_force(
            channel.contract, consumer=channel.consumer, now=self._parts.now()
        )
        wanted = signed.contract.evidence.requests
        if wanted is RequestEvidence.SIGNED and received.evidence is not RequestEvidence.SIGNED:
            raise Refusal(
                RefusalReason.NOT_IN_FORCE,
                "the contract answers signed requests only",
                clause="evidence.requests",
                hint="ask through your own node, or agree on `evidence: {requests: tls}`",
            )
        return signed

    def _joined(
        self, received: ReceivedRequest, planned: PlannedAnswer, call: Call
    ) -> tuple[Mapping[str, JoinedTable], ...]:
        """Step 3, for tables that the consumer brings: they are here, and they fit the rows."""
        working = self._workplace.working(received.channel, call)
        try:
            with self._parts.streams.registered(working.stream):
                return self._lookups.joined(received, planned, compute=working.answers)
        except EngineError:
            check_cut(working.stream)
            raise

    def _open(
        self,
        received: ReceivedRequest,
        signed: SignedContract,
        planned: PlannedAnswer,
        *,
        version: int,
    ) -> OpenedAnswer | StoredRequest:
        """Step 4: charge the limits and put `opened` on disk, in one durable transaction."""
        return self._parts.state.answers.open(
            received,
            signed,
            decision=Decision(grant=planned.plan.grant, clauses=planned.plan.clauses),
            plan=planned.digest,
            now=self._parts.now(),
            decided_at=version,
        )

    def _refused(
        self, received: ReceivedRequest, refusal: Refusal, *, version: int
    ) -> SignedRefusal:
        """Put a refusal into the ledger and sign it."""
        ended = self._parts.state.answers.refuse(
            received, refusal, now=self._parts.now(), decided_at=version
        )
        self._refusals.count(received.channel.consumer)
        receipt = None
        if isinstance(ended, EndedAnswer):
            receipt = self._sign(ended.receipt, PayloadType.RECEIPT)
        return SignedRefusal(refusal, receipt)

    def _replayed(self, stored: StoredRequest) -> bytes:
        """A request that came again gets the stored receipt: no data, no charge."""
        if stored.receipt is None:
            raise Refusal(
                RefusalReason.LIMIT_REACHED,
                "this request is being answered already",
                hint="wait for that answer, or ask with a new request",
            )
        receipt = self._sign(stored.receipt, PayloadType.RECEIPT)
        found = parse_receipt(stored.receipt)
        if found.outcome is Outcome.REFUSED and found.refusal is not None:
            raise SignedRefusal(found.refusal.to_refusal(), receipt)
        return add_metadata(b"", pack_receipt_envelope(receipt))

    def _stream(
        self,
        received: ReceivedRequest,
        planned: PlannedAnswer,
        *,
        opened: OpenedAnswer,
        joined: tuple[Mapping[str, JoinedTable], ...],
        call: Call,
    ) -> Iterator[bytes]:
        """Steps 5 to 8: run, count, send, and close or cut."""
        tally = Tally(hasher=blake3())
        closing = Closing(self._parts, opened.index, tally)
        working = self._workplace.working(received.channel, call)
        stream = working.stream
        try:
            with self._parts.streams.registered(stream):
                # A termination between step 2 and the register must not be missed.
                self._parts.state.check_in_touch()
                self._find_contract(received)
                job = self._protected(
                    planned, received.query, opened=opened, joined=joined, working=working
                )
                with working.run(job) as run:
                    yield from self._send(
                        received, planned, opened=opened, run=run, stream=stream, tally=tally
                    )
                    yield self._close(closing, run)
        except GeneratorExit:
            closing.abandon(stream)
            raise
        except Exception as error:
            told = closing.fail(error, stream, call)
            if told is error:
                raise
            raise told from error

    def _protected(
        self,
        planned: PlannedAnswer,
        query: Query,
        *,
        opened: OpenedAnswer,
        joined: tuple[Mapping[str, JoinedTable], ...],
        working: Working,
    ) -> Job:
        """Steps 5 and 6 of statistics: describe the cells, and let the plan read what is published.

        Rows need nothing here: masks and row filter stand in the plan.
        """

        def charge(tx: Transaction, cells: int) -> None:
            self._parts.state.answers.charge_cells(tx, opened.index, cells)

        tables = []
        for item, brought in zip(planned.protected_for(query), joined, strict=True):
            tables.append(
                self._protecting.cells(
                    item,
                    brought,
                    answer=opened.index,
                    compute=working.answers,
                    charge=charge,
                )
            )
            check_cut(working.stream)
        job = planned.job_for(query)
        return replace(job, tables=tuple(tables)) if tables else job

    def _send(
        self,
        received: ReceivedRequest,
        planned: PlannedAnswer,
        *,
        opened: OpenedAnswer,
        run: Run,
        stream: Stream,
        tally: Tally,
    ) -> Iterator[bytes]:
        """Step 7: the signed opening with the schema, then batches within what is reserved."""
        reserve = opened.reserve
        opening = self._opening(received, planned, opened)
        for batch in _with_schema(planned, run):
            check_cut(stream)
            self._parts.state.check_in_touch()
            frame = parse_frame(batch.frame)
            needed = Amount(
                rows=tally.rows + batch.rows,
                bytes=tally.bytes + len(frame.header) + len(frame.body),
            )
            if needed.rows > reserve.rows or needed.bytes > reserve.bytes:
                reserve = self._parts.state.answers.reserve(opened.index, needed)
            tally.rows, tally.bytes = needed.rows, needed.bytes
            hash_frame(tally.hasher, frame)
            stream.handed_at = self._parts.monotonic()
            yield add_metadata(batch.frame, opening) if opening else batch.frame
            stream.handed_at = None
            opening = b""
        check_cut(stream)

    def _opening(
        self, received: ReceivedRequest, planned: PlannedAnswer, opened: OpenedAnswer
    ) -> bytes:
        channel = received.channel
        opening = Opening(
            request=received.digest,
            contract=channel.contract,
            provider=channel.provider,
            consumer=channel.consumer,
            nonce=received.nonce,
            decision=Decision(grant=planned.plan.grant, clauses=planned.plan.clauses),
            ledger=opened.ledger,
            opened_at=opened.at,
        )
        envelope = self._sign(opening_bytes(opening), PayloadType.OPENING)
        return pack_receipt_envelope(envelope)

    def _close(self, closing: Closing, run: Run) -> bytes:
        """Step 8: `closed` with what really left, then the receipt in the last message."""
        receipt = self._sign(closing.close().receipt, PayloadType.RECEIPT)
        return add_metadata(run.end, pack_receipt_envelope(receipt))

    def _sign(self, payload: bytes, kind: PayloadType) -> Envelope:
        return seal(payload, kind, [self._parts.keys.request])


def _check_size(received: ReceivedRequest) -> None:
    """Refuse what is too large to be a query, before its text is written into the ledger."""
    values = (item.value for item in received.parameters)
    texts = (received.sql, received.purpose, *values)
    if sum(len(text.encode("utf-8", "replace")) for text in texts) > DEFAULT_LIMITS.max_sql_bytes:
        message = f"a query has more than {DEFAULT_LIMITS.max_sql_bytes} bytes"
        raise DocumentError((Finding(message=message),), name="request")


def _with_schema(planned: PlannedAnswer, run: Run) -> Iterator[Batch]:
    """Give the planned schema, which travels while the engine works, and then the batches."""
    yield Batch(frame=planned.schema, rows=0)
    if run.schema != planned.schema:
        raise Refusal(
            RefusalReason.SCHEMA_CHANGED,
            "the dataset changed while the query was planned",
            hint="ask again; if it stays so, ask the provider",
        )
    yield from run
