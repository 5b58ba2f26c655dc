"""Answers and questions that have begun and not ended, with what they are charged to.

A row is written with the entry `opened` or `asked` and removed with the entry that ends it, so what
is here at start is what a fall interrupted.
"""

from dataclasses import dataclass
from typing import Literal

from sekisho.errors import LedgerError
from sekisho.ledger.charging import Amount, ChargeTerms
from sekisho.ledger.entry import Channel
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId
from sekisho.store.database import Connection
from sekisho.store.transaction import Transaction

Side = Literal["provider", "consumer"]
_Row = tuple[int, Side, str, str, str, str, str, bytes, int, int, int]
NOTHING = Amount(rows=0, bytes=0)
_SELECT = (
    "SELECT idx, side, provider, consumer, contract, request, nonce, terms, reserved_rows,"
    " reserved_bytes, replica FROM open_answers"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAnswer:
    """One that runs."""

    index: int
    """Of its `opened` or `asked`."""
    side: Side
    channel: Channel
    request: str
    nonce: str
    terms: ChargeTerms
    reserve: Amount
    replica: int = 0
    """Whose, see `Database.replica`."""


def unlimited(channel: Channel) -> ChargeTerms:
    """Give the terms of a consumer's own question: nothing is charged here."""
    return ChargeTerms(
        root=channel.contract,
        consumer=channel.consumer,
        counted=(channel.consumer,),
        queries=None,
        rows=None,
        bytes=None,
        concurrent=None,
    )


def insert_open(tx: Transaction, answer: OpenAnswer) -> None:
    """Keep an answer that begins."""
    channel = answer.channel
    tx.db.execute(
        "INSERT INTO open_answers (idx, side, provider, consumer, contract, request, nonce, terms,"
        " reserved_rows, reserved_bytes, root, replica)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            answer.index,
            answer.side,
            channel.provider,
            channel.consumer,
            channel.contract,
            answer.request,
            answer.nonce,
            record_bytes(to_record(answer.terms)),
            answer.reserve.rows,
            answer.reserve.bytes,
            answer.terms.root,
            tx.replica,
        ),
    )


def get_open(tx: Transaction, index: int, *, side: Side) -> OpenAnswer:
    """Read an answer that runs here.

    Raises:
        LedgerError: It has ended, or never began, or this process has lost the session that opened
            it meanwhile: then it is ended as interrupted and in no other way.
    """
    row = tx.db.execute(
        f"{_SELECT} WHERE idx = ? AND side = ? AND replica = ?", (index, side, tx.replica)
    ).fetchone()
    if row is None:
        raise LedgerError(f"entry {index} is not open", index=index)
    return _answer(row)


def all_open(db: Connection) -> tuple[OpenAnswer, ...]:
    """Read every answer that runs, here or elsewhere, oldest first."""
    return tuple(map(_answer, db.execute(f"{_SELECT} ORDER BY idx").fetchall()))


def save_reserve(tx: Transaction, index: int, reserve: Amount) -> None:
    """Keep what an answer has been charged by now."""
    tx.db.execute(
        "UPDATE open_answers SET reserved_rows = ?, reserved_bytes = ? WHERE idx = ?",
        (reserve.rows, reserve.bytes, index),
    )


def remove_open(tx: Transaction, index: int) -> None:
    """Forget an answer that has ended."""
    tx.db.execute("DELETE FROM open_answers WHERE idx = ?", (index,))


def _answer(row: _Row) -> OpenAnswer:
    index, side, provider, consumer, contract, request, nonce, terms, rows, size, replica = row
    return OpenAnswer(
        index=index,
        side=side,
        channel=Channel(
            provider=PartyId(provider),
            consumer=PartyId(consumer),
            contract=ContractId(contract),
        ),
        request=request,
        nonce=nonce,
        terms=from_record(ChargeTerms, parse_record(terms)),
        reserve=Amount(rows=rows, bytes=size),
        replica=replica,
    )
