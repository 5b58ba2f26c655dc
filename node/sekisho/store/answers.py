"""A provider's answers, from `opened` to their end: entry, charge, request and receipt together.

Each step is one durable transaction, so that after a fall they agree: no answer without an entry,
no entry without its charge, no charge twice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sekisho.errors import OutdatedError, Refusal
from sekisho.ledger.bodies import Closed, Cut, CutReason, Interrupted, Opened, Refused
from sekisho.ledger.charging import Amount, ChargeTerms, charge_terms
from sekisho.ledger.receipt import (
    Decision,
    LedgerPosition,
    Outcome,
    Receipt,
    RefusalNote,
    receipt_bytes,
)
from sekisho.ledger.request import parameters_digest
from sekisho.model.names import ContractId
from sekisho.model.signed import SignedContract
from sekisho.store.charges import charge_cells, limits_left, open_charge, reserve_more, settle
from sekisho.store.database import Connection
from sekisho.store.ledger_store import Appended, LedgerStore
from sekisho.store.lookups import name_lookups
from sekisho.store.open_answers import (
    OpenAnswer,
    get_open,
    insert_open,
    remove_open,
    save_reserve,
)
from sekisho.store.requests import ReceivedRequest, RequestStore, StoredRequest
from sekisho.store.standing import check_standing
from sekisho.store.transaction import Transaction
from sekisho.store.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAnswer:
    """An answer may leave: its entry is on disk."""

    index: int
    """Of the entry `opened`; names the answer from here on."""
    at: str
    ledger: LedgerPosition
    """For the opening."""
    reserve: Amount
    """What may be sent before `reserve` has to be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAnswer:
    """An answer has ended: its last entry is on disk."""

    index: int
    """Of the entry that ended it."""
    receipt: bytes
    """The receipt's payload, to be signed and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What really left."""

    rows: int
    bytes: int
    blake3: str = ""
    """Of the IPC messages, in hex; only for an answer that left whole."""


class AnswerStore:
    """The way of every answer through the ledger."""

    def __init__(self, writer: Writer, ledger: LedgerStore, requests: RequestStore) -> None:
        self._writer = writer
        self._ledger = ledger
        self._requests = requests

    def open(
        self,
        request: ReceivedRequest,
        signed: SignedContract,
        *,
        decision: Decision,
        plan: str,
        now: datetime,
        decided_at: int | None = None,
    ) -> OpenedAnswer | StoredRequest:
        """Charge the contract's limits and append `opened`; no byte may leave before this returns.

        Args:
            request: Believed.
            signed: The contract, in force.
            decision: The gate's.
            plan: Digest of the plan.
            now: When; it chooses the windows that are charged to the end of the answer.
            decided_at: Version of contracts and members that the decision rests on.

        Returns:
            The open answer; or, for a request that came before, what came of it then. Nothing is
            charged for it again.

        Raises:
            Refusal: `LIMIT_REACHED`; nothing is charged, and `refuse` shall record it.
            TrustError: The nonce belongs to another request.
            OutdatedError: Contracts or members have changed since, or a table that it joins was
                replaced: it is to be decided anew.
            LedgerError: Nothing can be recorded, or the ledger is in doubt, so nothing may be
                answered.
        """

        def work(tx: Transaction) -> OpenedAnswer | StoredRequest:
            if found := self._requests.seen(tx, request):
                return found
            if decided_at is not None:
                tx.check_version(decided_at)
            if not name_lookups(tx, signed.id, request.lookups):
                raise OutdatedError
            # The entry's own instant chooses the windows, so that they can be told from it.
            terms = _terms(tx, signed, request, now=self._ledger.time(tx, now))
            reserve = open_charge(tx, terms)
            body = _opened(request, decision, plan=plan, reserve=reserve)
            added = self._ledger.append(tx, body, channel=request.channel, now=now)
            answer = OpenAnswer(
                index=added.index,
                side="provider",
                channel=request.channel,
                request=request.digest,
                nonce=request.nonce,
                terms=terms,
                reserve=reserve,
            )
            insert_open(tx, answer)
            self._requests.remember(tx, request, start=added.index, now=now)
            return OpenedAnswer(
                index=added.index, at=added.at, ledger=added.position(), reserve=reserve
            )

        return self._writer.submit(work)

    def reserve(self, index: int, needed: Amount) -> Amount:
        """Charge ahead until the whole answer of what is needed is covered.

        Args:
            index: Of its `opened`.
            needed: Rows and bytes of the whole answer, the next batch included.

        Returns:
            What may be sent in all before this has to be called again.

        Raises:
            Refusal: `LIMIT_REACHED`: the answer shall be cut.
            LedgerError: It is not open any more, or nothing can be recorded.
        """

        def work(tx: Transaction) -> Amount:
            answer = get_open(tx, index, side="provider")
            reserve = reserve_more(tx, answer.terms, reserved=answer.reserve, needed=needed)
            save_reserve(tx, index, reserve)
            return reserve

        return self._writer.submit(work)

    def charge_cells(self, tx: Transaction, index: int, cells: int) -> None:
        """Charge the contract of an open answer for cells that it is the first to publish.

        Raises:
            Refusal: `LIMIT_REACHED`: the answer shall be cut, and nothing is published by it.
        """
        charge_cells(tx, get_open(tx, index, side="provider").terms, cells)

    def close(self, index: int, sent: Sent, *, now: datetime) -> EndedAnswer:
        """Append `closed` to an answer that left whole, and give back what it did not use.

        Raises:
            LedgerError: It is not open any more, or nothing can be recorded.
        """
        body = Closed(ends=index, rows=sent.rows, bytes=sent.bytes, blake3=sent.blake3)
        return self._submit_end(body, Outcome.ANSWERED, now=now)

    def cut(
        self, index: int, sent: Sent, *, reason: CutReason, now: datetime, note: str = ""
    ) -> EndedAnswer:
        """Append `cut` to an answer that ended early, and give back what it did not use.

        Args:
            index: Of its `opened`.
            sent: What left.
            reason: Why it ended.
            now: When.
            note: For this node's own people, such as the engine's error.

        Raises:
            LedgerError: It is not open any more, or nothing can be recorded.
        """
        body = Cut(ends=index, reason=reason, rows=sent.rows, bytes=sent.bytes)
        return self._submit_end(body, Outcome.CUT, now=now, note=note)

    def refuse(
        self,
        request: ReceivedRequest,
        refusal: Refusal,
        *,
        now: datetime,
        decided_at: int | None = None,
    ) -> EndedAnswer | StoredRequest:
        """Append `refused`.

        Args:
            request: Believed.
            refusal: Why not.
            now: When.
            decided_at: Version of contracts and members that the decision rests on.

        Returns:
            The refusal's receipt; or, for a request that came before, what came of it then.

        Raises:
            TrustError: The nonce belongs to another request.
            OutdatedError: Contracts or members have changed since: it is to be decided anew.
            LedgerError: Nothing can be recorded.
        """

        def work(tx: Transaction) -> EndedAnswer | StoredRequest:
            if found := self._requests.seen(tx, request):
                return found
            check_standing(tx)
            if decided_at is not None:
                tx.check_version(decided_at)
            name_lookups(tx, request.channel.contract, request.lookups)
            added = self._ledger.append(
                tx, _refused(request, refusal), channel=request.channel, now=now
            )
            self._requests.remember(tx, request, start=added.index, now=now)
            receipt = _refusal_receipt(request, refusal, added)
            self._requests.conclude(tx, request.channel.consumer, request.nonce, receipt=receipt)
            return EndedAnswer(index=added.index, receipt=receipt)

        return self._writer.submit(work)

    def interrupt(self, tx: Transaction, answer: OpenAnswer, *, now: datetime) -> int:
        """End an answer that a fall cut off; all that it reserved stays charged."""
        body = Interrupted(
            ends=answer.index,
            reserved_rows=answer.reserve.rows,
            reserved_bytes=answer.reserve.bytes,
        )
        return self._end(tx, answer, body, outcome=Outcome.INTERRUPTED, now=now).index

    def _submit_end(
        self, body: Closed | Cut, outcome: Outcome, *, now: datetime, note: str = ""
    ) -> EndedAnswer:
        def work(tx: Transaction) -> EndedAnswer:
            answer = get_open(tx, body.ends, side="provider")
            return self._end(tx, answer, body, outcome=outcome, now=now, note=note)

        return self._writer.submit(work)

    def _end(
        self,
        tx: Transaction,
        answer: OpenAnswer,
        body: Closed | Cut | Interrupted,
        *,
        outcome: Outcome,
        now: datetime,
        note: str = "",
    ) -> EndedAnswer:
        sent = _sent(body)
        settle(
            tx, answer.terms, reserved=answer.reserve, sent=Amount(rows=sent.rows, bytes=sent.bytes)
        )
        added = self._ledger.append(tx, body, channel=answer.channel, now=now, note=note)
        remove_open(tx, answer.index)
        receipt = receipt_bytes(
            Receipt(
                request=answer.request,
                contract=answer.channel.contract,
                provider=answer.channel.provider,
                consumer=answer.channel.consumer,
                nonce=answer.nonce,
                outcome=outcome,
                rows=sent.rows,
                bytes=sent.bytes,
                blake3=sent.blake3,
                ledger=added.position(),
                limits_left=limits_left(tx, answer.terms),
                closed_at=added.at,
            )
        )
        self._requests.conclude(tx, answer.channel.consumer, answer.nonce, receipt=receipt)
        return EndedAnswer(index=added.index, receipt=receipt)


def _terms(
    tx: Transaction, signed: SignedContract, request: ReceivedRequest, *, now: datetime
) -> ChargeTerms:
    """Say what an answer is charged to, where this ledger may be gone on with."""
    return charge_terms(
        signed,
        consumer=request.channel.consumer,
        root=_root_of(tx, signed.id),
        now=now,
        recovered_at=check_standing(tx),
    )


def _root_of(tx: Transaction, contract: ContractId) -> ContractId:
    def read(db: Connection) -> ContractId:
        row = db.execute("SELECT root FROM contracts WHERE id = ?", (contract,)).fetchone()
        return ContractId(row[0]) if row else contract

    return tx.once(f"root of {contract}", read)


def _sent(body: Closed | Cut | Interrupted) -> Sent:
    match body:
        case Closed():
            return Sent(rows=body.rows, bytes=body.bytes, blake3=body.blake3)
        case Cut():
            return Sent(rows=body.rows, bytes=body.bytes)
        case Interrupted():
            return Sent(rows=body.reserved_rows, bytes=body.reserved_bytes)
        case _:
            assert_never(body)


def _opened(request: ReceivedRequest, decision: Decision, *, plan: str, reserve: Amount) -> Opened:
    return Opened(
        request=request.digest,
        nonce=request.nonce,
        purpose=request.purpose,
        sql=request.sql,
        evidence=request.evidence,
        grant=decision.grant,
        clauses=decision.clauses,
        plan=plan,
        reserved_rows=reserve.rows,
        reserved_bytes=reserve.bytes,
        parameters=parameters_digest(request.parameters),
        lookups=request.lookups,
    )


def _refused(request: ReceivedRequest, refusal: Refusal) -> Refused:
    return Refused(
        request=request.digest,
        nonce=request.nonce,
        purpose=request.purpose,
        sql=request.sql,
        evidence=request.evidence,
        reason=refusal.reason,
        clause=refusal.clause,
        lookups=request.lookups,
    )


def _refusal_receipt(request: ReceivedRequest, refusal: Refusal, added: Appended) -> bytes:
    channel = request.channel
    return receipt_bytes(
        Receipt(
            request=request.digest,
            contract=channel.contract,
            provider=channel.provider,
            consumer=channel.consumer,
            nonce=request.nonce,
            outcome=Outcome.REFUSED,
            rows=0,
            bytes=0,
            blake3="",
            ledger=added.position(),
            closed_at=added.at,
            refusal=RefusalNote.from_refusal(refusal),
        )
    )
