"""Answers and questions that have begun and not ended, with what they are charged to.

A row is written with the entry `opened` or `asked` and removed with the entry that ends it, so what
is here at start is what a fall interrupted.
"""

from dataclasses import dataclass
from typing import Literal, cast

from sekisho.errors import LedgerError
from sekisho.ledger.charging import Amount, ChargeTerms
from sekisho.ledger.entry import Channel
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId
from sekisho.store.database import Connection
from sekisho.store.pending import SELECT_OPEN, OpenRow
from sekisho.store.transaction import Transaction

Side = Literal["provider", "consumer"]
NOTHING = Amount(rows=0, bytes=0)


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
    tx.open_rows.add(
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
        )
    )


def get_open(tx: Transaction, index: int, *, side: Side) -> OpenAnswer:
    """Read an answer that runs here.

    Raises:
        LedgerError: It has ended, or never began, or this process has lost the session that opened
            it meanwhile: then it is ended as interrupted and in no other way.
    """
    row = tx.open_rows.get(index)
    answer = _answer(row) if row else None
    if answer is None or (answer.side, answer.replica) != (side, tx.replica):
        raise LedgerError(f"entry {index} is not open", index=index)
    return answer


def all_open(db: Connection) -> tuple[OpenAnswer, ...]:
    """Read every answer that runs, here or elsewhere, oldest first."""
    rows = db.execute(f"{SELECT_OPEN} ORDER BY idx").fetchall()
    return tuple(map(_answer, rows))


def save_reserve(tx: Transaction, index: int, reserve: Amount) -> None:
    """Keep what an answer has been charged by now."""
    tx.open_rows.reserve(index, reserve.rows, reserve.bytes)


def remove_open(tx: Transaction, index: int) -> None:
    """Forget an answer that has ended."""
    tx.open_rows.remove(index)


def _answer(row: OpenRow) -> OpenAnswer:
    index, side, provider, consumer, contract, request, nonce, terms, rows, size, _, replica = row
    return OpenAnswer(
        index=index,
        side=cast("Side", side),
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
