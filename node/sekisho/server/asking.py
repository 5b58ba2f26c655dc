"""The way of a query at a consumer: plan over many nodes, ask each, verify, compute the residual.

Every provider is asked at once. What they send is validated and computed on in an engine worker
that holds no key. An answer is given out whole: when a provider fails, refuses, or its receipt does
not fit what arrived, the query fails and names it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sekisho.client.notes import Receipt as ReceiptNote
from sekisho.documents.envelope import PayloadType, envelope_to_json, seal
from sekisho.documents.lookup import LookupTable
from sekisho.engine.engine import Run
from sekisho.errors import LedgerError, PeerError, Refusal, RefusalReason, SekishoError
from sekisho.federation.catalog import Catalog, catalog_of
from sekisho.federation.plan import FederatedPlan, Fragment, plan_query
from sekisho.ledger.bodies import Asked
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import moment_text
from sekisho.ledger.request import Request, parameters_digest, request_bytes
from sekisho.model.lifecycle import ContractState
from sekisho.model.names import PartyId, split_dataset
from sekisho.model.query import QueryText
from sekisho.model.signed import SignedContract
from sekisho.server.allowances import Allowances
from sekisho.server.bringing import Bringing
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.residual import promised_schema, residual_job
from sekisho.server.running import Pending, RunningQuestion, note_of, of_provider, sent_by
from sekisho.server.shown import ShownParts
from sekisho.server.uploads import Uploads
from sekisho.server.verifying import AnswerVerifier, is_good_still
from sekisho.store.ledger_store import Appended


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one of the company's own users asks."""

    text: QueryText
    signed: SignedContract
    purpose: str
    person: str

    def fragment(self, fragment: Fragment) -> QueryText:
        """Give one provider's part with the values of the parameters that stand in it."""
        values = (p for p in self.text.parameters if p.name in fragment.parameters)
        return QueryText(sql=fragment.sql, parameters=tuple(values))


class AskingRoom:
    """Asks other companies' nodes for this company's own people."""

    def __init__(self, parts: Parts, neighbours: Neighbours) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._neighbours = neighbours
        self._shown = ShownParts(parts, neighbours)
        self._allowances = Allowances()
        self._uploads = Uploads(parts)
        self._bringing = Bringing(parts, neighbours)

    def plan(self, question: Question) -> FederatedPlan:
        """Split a question into the providers' fragments and the residual.

        Raises:
            Refusal: The contract does not show what the question names, or its limits do not allow
                to ask a provider so often.
        """
        self._check_consumer(question.signed)
        _check_purpose(question.signed, question.purpose)
        catalog = self.catalog(question.signed)
        try:
            plan = plan_query(
                question.text.sql,
                catalog,
                parser=self._parts.engine,
                parameters=question.text.parameter_types,
            )
        except Refusal as refusal:
            raise _with_clause(refusal, question.signed) from None
        self._allowances.check(question.signed, plan, self._parts.now())
        return plan

    def upload(self, signed: SignedContract, table: str, frames: tuple[bytes, ...]) -> int:
        """Take a table for a contract under which this company asks; see `Uploads.upload`."""
        self._check_consumer(signed)
        return self._uploads.upload(signed, table, frames)

    def uploads(self, signed: SignedContract | None) -> Mapping[str, LookupTable]:
        """Give the tables that were uploaded for a contract."""
        return self._uploads.of(signed)

    def catalog(self, signed: SignedContract | None) -> Catalog:
        """Name the relations that a contract and what this company has itself make up."""
        local = {
            split_dataset(dataset.id)[1]: tuple(column.name for column in dataset.columns)
            for dataset in self._parts.datasets.present().values()
        }
        uploads = {
            name: tuple(column for column, _ in table.typed_columns)
            for name, table in self._uploads.of(signed).items()
        }
        shown = self._shown.parts(signed) if signed is not None else ()
        return catalog_of(shown, local, uploads)

    def ask(self, question: Question) -> RunningQuestion:
        """Record and send each provider's request, and start the residual over their answers."""
        plan = self.plan(question)
        pending: list[Pending] = []
        try:
            pending.extend(self._send(question, fragment) for fragment in plan.fragments)
            run = self._start(question, plan, pending)
        except BaseException:
            self._give_up(pending, "the question was not asked of every provider")
            raise
        return RunningQuestion(run=run, pending=tuple(pending))

    def _start(self, question: Question, plan: FederatedPlan, pending: list[Pending]) -> Run:
        job = residual_job(
            self._parts,
            plan,
            question.text.parameters,
            seconds=float(self._parts.config.engine.seconds),
            schemas={item.name: promised_schema(item) for item in plan.fragments},
            uploads=self._uploads.of(question.signed),
        )
        inputs = {item.fragment.name: self._frames(item) for item in pending}
        return self._parts.engine.run(job, inputs)

    def finish(self, running: RunningQuestion) -> tuple[ReceiptNote, ...]:
        """Hold every provider to its receipt once the residual is done.

        What the residual did not need to read is read to its end, so that each provider's answer is
        whole and has its receipt.

        Raises:
            PeerError: An answer does not hold.
        """
        for item in running.pending:
            for _ in self._rest(item):
                pass
        return tuple(note_of(item) for item in running.pending)

    def abandon(self, running: RunningQuestion, error: BaseException) -> SekishoError | None:
        """End what still runs, and tell which provider's failure lies behind an engine's.

        Returns:
            The provider's own error, if one failed.
        """
        failed = [item.asking.error for item in running.pending if item.asking.error is not None]
        self._give_up(running.pending, str(error) or "cancelled")
        if not failed and isinstance(error, PeerError) and not error.party:
            found = of_provider(error, running.pending)
            if found is not None:
                # Its columns may be others than they were: they are asked for before the next plan.
                self._shown.forget(PartyId(found.party))
            return found
        own = failed[0] if failed else None
        return own.without_place() if isinstance(own, Refusal) else own

    def _check_consumer(self, signed: SignedContract) -> None:
        if self._parts.party not in signed.consumers:
            raise Refusal(
                RefusalReason.CONTRACT_NOT_FOUND,
                "this company is not a consumer of the contract",
                hint="see `sekisho contract list`",
            )
        state = self._parts.contracts.state(signed.id, self._parts.now())
        if state not in {ContractState.IN_FORCE, ContractState.SUSPENDED}:
            raise Refusal(
                RefusalReason.NOT_IN_FORCE,
                f"the contract is {state}",
                clause="term",
                hint="see `sekisho contract show` for its signatures and days",
            )

    def _send(self, question: Question, fragment: Fragment) -> Pending:
        """Sign one provider's request, record `asked`, and send it."""
        lookups = self._bringing.bring(question.signed, fragment)
        peer = self._neighbours.peer(fragment.party)
        now = self._parts.now()
        text = question.fragment(fragment)
        request = Request(
            contract=question.signed.id,
            provider=fragment.party,
            consumer=self._parts.party,
            purpose=question.purpose,
            sql=text.sql,
            nonce=self._parts.random(16).hex(),
            issued_at=moment_text(now),
            parameters=text.parameters or None,
            lookups=lookups,
        )
        envelope = seal(request_bytes(request), PayloadType.REQUEST, [self._parts.keys.request])
        entry = self._record_asked(request, envelope.digest, person=question.person, now=now)
        asking = peer.ask(
            envelope,
            request,
            AnswerVerifier(self._parts, fragment.party),
            columns=fragment.columns,
        )
        return Pending(
            fragment=fragment,
            signed=question.signed,
            asked_at=now,
            entry=entry.index,
            asking=asking,
        )

    def _record_asked(
        self, request: Request, digest: str, *, person: str, now: datetime
    ) -> Appended:
        asked = Asked(
            request=digest,
            nonce=request.nonce,
            purpose=request.purpose,
            sql=request.sql,
            person=person,
            parameters=parameters_digest(request.parameters or ()),
            lookups=request.lookups,
        )
        channel = Channel(
            provider=request.provider, consumer=request.consumer, contract=request.contract
        )
        return self._parts.state.questions.ask(asked, channel=channel, now=now)

    def _frames(self, item: Pending) -> Iterator[bytes]:
        """Hand a provider's frames to the engine, and record how its answer ended."""
        try:
            yield from item.asking
        except Refusal as refusal:
            self._deny(item, refusal)
            raise
        except SekishoError as error:
            self._fail(item, error.message)
            raise
        else:
            self._receive(item)

    def _rest(self, item: Pending) -> Iterator[bytes]:
        if item.is_ended:
            if item.asking.error is not None:
                raise item.asking.error
            return
        yield from self._frames(item)

    def _receive(self, item: Pending) -> None:
        envelope = item.asking.receipt_envelope
        if envelope is None or not item.claim_end():
            return
        questions = self._parts.state.questions
        try:
            self._parts.state.decide(
                lambda version: questions.receive(
                    item.entry,
                    sent_by(item, whole=True),
                    receipt=envelope_to_json(envelope).decode(),
                    verified=is_good_still(envelope, self._parts),
                    now=self._parts.now(),
                    decided_at=version,
                )
            )
        except LedgerError as error:
            # An answer that is not in the ledger is not given out.
            self._record_failure(item, error.message)
            raise
        if item.asking.receipt is not None:
            self._allowances.note(item.signed, item.asking.receipt, asked_at=item.asked_at)

    def _deny(self, item: Pending, refusal: Refusal) -> None:
        if refusal.reason is RefusalReason.LOOKUP_NOT_ALLOWED:
            self._bringing.forget(item.fragment)
        if item.asking.tally.bytes:
            # A no in mid-stream is a failed answer: the entry says what had arrived by then.
            self._fail(item, refusal.message)
            return
        if not item.claim_end():
            return
        envelope, questions = item.asking.receipt_envelope, self._parts.state.questions

        def deny(version: int) -> object:
            is_good = envelope is not None and is_good_still(envelope, self._parts)
            receipt = envelope_to_json(envelope).decode() if envelope and is_good else ""
            now = self._parts.now()
            return questions.deny(item.entry, refusal, receipt=receipt, now=now, decided_at=version)

        self._record(item, lambda: self._parts.state.decide(deny))

    def _fail(self, item: Pending, reason: str) -> None:
        if item.claim_end():
            self._record_failure(item, reason)

    def _record_failure(self, item: Pending, reason: str) -> None:
        sent = sent_by(item, whole=False)
        questions = self._parts.state.questions
        self._record(
            item, lambda: questions.fail(item.entry, sent, reason=reason, now=self._parts.now())
        )

    def _record(self, item: Pending, work: Callable[[], object]) -> None:
        self._parts.late.record(work, index=item.entry)

    def _give_up(self, pending: Sequence[Pending], reason: str) -> None:
        """Stop the work at every provider, then record it."""
        for item in pending:
            item.asking.cancel()
        for item in pending:
            self._fail(item, reason)


def _check_purpose(signed: SignedContract, purpose: str) -> None:
    if not signed.has_purpose(purpose):
        raise Refusal(
            RefusalReason.PURPOSE_NOT_ALLOWED,
            f"the contract does not list the purpose `{purpose}`",
            clause="purposes",
            allowed=tuple(item.purpose for item in signed.contract.purposes),
        )


def _with_clause(refusal: Refusal, signed: SignedContract) -> Refusal:
    """Add the clause that decided, which the planner does not know."""
    grants = signed.contract.grants
    where = f"grants.{grants[0].grant}" if len(grants) == 1 else "grants"
    clauses = {
        RefusalReason.COLUMN_NOT_GRANTED: f"{where}.columns",
        RefusalReason.DATASET_NOT_GRANTED: f"{where}.datasets",
    }
    return Refusal(
        refusal.reason,
        refusal.message,
        clause=refusal.clause or clauses.get(refusal.reason, ""),
        line=refusal.line,
        column=refusal.column,
        allowed=refusal.allowed,
        hint=refusal.hint,
    )
