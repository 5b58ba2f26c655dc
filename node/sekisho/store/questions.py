"""A consumer's questions, from `asked` to their end, in the consumer's own ledger."""

from datetime import datetime

from sekisho.errors import Refusal
from sekisho.ledger.bodies import Asked, Denied, End, Failed, Interrupted, Received
from sekisho.ledger.entry import Channel
from sekisho.store.answers import Sent
from sekisho.store.ledger_store import Appended, LedgerStore
from sekisho.store.open_answers import (
    NOTHING,
    OpenAnswer,
    get_open,
    insert_open,
    remove_open,
    unlimited,
)
from sekisho.store.standing import check_standing
from sekisho.store.transaction import Transaction
from sekisho.store.writer import Writer


class QuestionStore:
    """What this node asked others, and what came."""

    def __init__(self, writer: Writer, ledger: LedgerStore) -> None:
        self._writer = writer
        self._ledger = ledger

    def ask(self, asked: Asked, *, channel: Channel, now: datetime) -> Appended:
        """Append `asked`, before the request leaves.

        Raises:
            LedgerError: Nothing can be recorded, or the ledger is in doubt, so nothing may be
                asked.
        """

        def work(tx: Transaction) -> Appended:
            check_standing(tx)
            added = self._ledger.append(tx, asked, channel=channel, now=now)
            question = OpenAnswer(
                index=added.index,
                side="consumer",
                channel=channel,
                request=asked.request,
                nonce=asked.nonce,
                terms=unlimited(channel),
                reserve=NOTHING,
            )
            insert_open(tx, question)
            return added

        return self._writer.submit(work)

    def receive(
        self,
        index: int,
        sent: Sent,
        *,
        receipt: str,
        verified: bool,
        now: datetime,
        decided_at: int | None = None,
    ) -> Appended:
        """Append `received`: the whole answer came, and a receipt with it.

        Args:
            index: Of the `asked`.
            sent: As counted and hashed here.
            receipt: The envelope as JSON text.
            verified: Whether the receipt is the provider's and says the same as `sent`.
            now: When.
            decided_at: Version of contracts and members at which its key counted.

        Raises:
            OutdatedError: Contracts or members have changed since.
            LedgerError: It has ended already, or nothing can be recorded.
        """
        body = Received(
            ends=index,
            receipt=receipt,
            rows=sent.rows,
            bytes=sent.bytes,
            blake3=sent.blake3,
            verified=verified,
        )
        return self._submit_end(body, now=now, decided_at=decided_at)

    def fail(
        self, index: int, sent: Sent, *, reason: str, now: datetime, note: str = ""
    ) -> Appended:
        """Append `failed`: no whole answer came.

        Raises:
            LedgerError: It has ended already, or nothing can be recorded.
        """
        body = Failed(ends=index, reason=reason, rows=sent.rows, bytes=sent.bytes)
        return self._submit_end(body, now=now, note=note)

    def deny(
        self,
        index: int,
        refusal: Refusal,
        *,
        receipt: str,
        now: datetime,
        decided_at: int | None = None,
    ) -> Appended:
        """Append `denied`: the provider refused, and signed that.

        Raises:
            OutdatedError: As for `receive`.
            LedgerError: It has ended already, or nothing can be recorded.
        """
        body = Denied(ends=index, reason=refusal.reason, clause=refusal.clause, receipt=receipt)
        return self._submit_end(body, now=now, decided_at=decided_at)

    def interrupt(self, tx: Transaction, question: OpenAnswer, *, now: datetime) -> int:
        """End a question that a fall cut off."""
        body = Interrupted(ends=question.index, reserved_rows=0, reserved_bytes=0)
        return self._end(tx, question, body, now=now).index

    def _submit_end(
        self, body: End, *, now: datetime, note: str = "", decided_at: int | None = None
    ) -> Appended:
        def work(tx: Transaction) -> Appended:
            if decided_at is not None:
                tx.check_version(decided_at)
            question = get_open(tx, body.ends, side="consumer")
            return self._end(tx, question, body, now=now, note=note)

        return self._writer.submit(work)

    def _end(
        self, tx: Transaction, question: OpenAnswer, body: End, *, now: datetime, note: str = ""
    ) -> Appended:
        added = self._ledger.append(tx, body, channel=question.channel, now=now, note=note)
        remove_open(tx, question.index)
        tx.db.execute(
            "INSERT INTO unacknowledged (contract, provider, ended, at) VALUES (?, ?, ?, ?)",
            (question.channel.contract, question.channel.provider, added.index, added.at),
        )
        return added
