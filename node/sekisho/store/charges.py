"""Limits counted on disk, in integers, inside the transaction that opens or ends an answer.

Rows and bytes are charged ahead of what is sent: a first chunk when the answer opens, more while it
streams, and what was not used is given back at its end. A node that falls has charged at least what
left. While much is left a chunk is large; near the end of a limit it shrinks, so that a few answers
at once do not lock each other out with chunks that they will not use.
"""

from collections.abc import Mapping
from typing import Final

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.charging import Amount, Bound, ChargeTerms, LimitName
from sekisho.store.transaction import Transaction

SHARE_OF_REST: Final = 8
"""A chunk takes at most an eighth of what a limit still allows, or what is needed at once."""


def open_charge(tx: Transaction, terms: ChargeTerms) -> Amount:
    """Charge one query and a first chunk of rows and bytes.

    Returns:
        What was reserved.

    Raises:
        Refusal: `LIMIT_REACHED`, naming the limit's clause.
    """
    _check_concurrent(tx, terms)
    counter = _Counter(tx, terms)
    # Everything is looked at before anything is written: a refusal leaves nothing to undo.
    queries = counter.fit("queries", needed=1, wanted=1)
    rows = counter.fit("rows", needed=1, wanted=tx.limits.reserve_rows)
    size = counter.fit("bytes", needed=1, wanted=tx.limits.reserve_bytes)
    counter.add("queries", queries)
    counter.add("rows", rows)
    counter.add("bytes", size)
    return Amount(rows=rows, bytes=size)


def reserve_more(
    tx: Transaction, terms: ChargeTerms, *, reserved: Amount, needed: Amount
) -> Amount:
    """Charge ahead until a whole answer of what is needed is covered.

    Args:
        tx: Durable before the batch that needs it is sent.
        terms: As the answer was opened with.
        reserved: What it has so far.
        needed: Of the whole answer, the next batch included.

    Returns:
        What is reserved now.

    Raises:
        Refusal: `LIMIT_REACHED`; what was reserved before stays.
    """
    counter = _Counter(tx, terms)
    rows, size = needed.rows - reserved.rows, needed.bytes - reserved.bytes
    more_rows = counter.more("rows", needed=rows, chunk=tx.limits.reserve_rows)
    more_bytes = counter.more("bytes", needed=size, chunk=tx.limits.reserve_bytes)
    counter.add("rows", more_rows)
    counter.add("bytes", more_bytes)
    return Amount(rows=reserved.rows + more_rows, bytes=reserved.bytes + more_bytes)


def settle(tx: Transaction, terms: ChargeTerms, *, reserved: Amount, sent: Amount) -> None:
    """Give back what an answer reserved and did not send.

    Raises:
        ValueError: More was sent than reserved, which must never happen.
    """
    if sent.rows > reserved.rows or sent.bytes > reserved.bytes:
        raise ValueError("an answer cannot have sent more than it reserved")
    counter = _Counter(tx, terms)
    counter.add("rows", sent.rows - reserved.rows)
    counter.add("bytes", sent.bytes - reserved.bytes)


def charge_cells(tx: Transaction, terms: ChargeTerms, cells: int) -> None:
    """Charge cells that are published for the first time.

    Raises:
        Refusal: `LIMIT_REACHED`; nothing is charged then.
    """
    counter = _Counter(tx, terms)
    if cells:
        counter.add("cells", counter.fit("cells", needed=cells, wanted=cells))


def limits_left(tx: Transaction, terms: ChargeTerms) -> Mapping[str, int]:
    """Tell what the limits of a contract still allow, by name; one that is not set is not there."""
    counter = _Counter(tx, terms)
    left: dict[str, int] = {}
    for name in _NAMES:
        bound = terms.bound(name)
        if bound is not None:
            left[name] = max(0, counter.left(name, bound))
    return left


_NAMES: tuple[LimitName, ...] = ("queries", "rows", "bytes", "cells")


class _Counter:
    """The counts of one contract's limits, for one consumer, inside one transaction."""

    def __init__(self, tx: Transaction, terms: ChargeTerms) -> None:
        self._counts = tx.counts
        self._terms = terms

    def fit(self, name: LimitName, *, needed: int, wanted: int) -> int:
        """Choose what to charge: what is wanted, less near the limit, never less than needed."""
        bound = self._terms.bound(name)
        if bound is None:
            return max(needed, wanted)
        left = self.left(name, bound)
        if left < needed:
            raise _reached(name, bound)
        return max(needed, min(wanted, left // SHARE_OF_REST))

    def left(self, name: LimitName, bound: Bound) -> int:
        return 0 if bound.is_spent else bound.max - self.used(name, bound)

    def more(self, name: LimitName, *, needed: int, chunk: int) -> int:
        return self.fit(name, needed=needed, wanted=needed + chunk) if needed > 0 else 0

    def used(self, name: LimitName, bound: Bound) -> int:
        root = self._terms.root
        return self._counts.used(
            (root, consumer, name, bound.window) for consumer in self._terms.counted
        )

    def add(self, name: LimitName, amount: int) -> None:
        count = self._terms.count(name)
        if count is not None and amount != 0:
            self._counts.add(count, amount)


def _check_concurrent(tx: Transaction, terms: ChargeTerms) -> None:
    if terms.concurrent is None:
        return
    if tx.open_rows.count(terms.root, terms.counted) >= terms.concurrent:
        raise Refusal(
            RefusalReason.LIMIT_REACHED,
            f"{terms.concurrent} queries at once is the most, and as many are running",
            clause="limits.concurrent",
            hint="wait until one of them ends",
        )


def _reached(name: str, bound: Bound) -> Refusal:
    period = "the contract's term" if bound.per == "term" else f"one {bound.per}"
    message = f"the limit of {bound.max} {name} in {period} is reached"
    if bound.is_spent:
        message += ": the provider's ledger was recovered, and what was left counts as spent"
    return Refusal(
        RefusalReason.LIMIT_REACHED,
        message,
        clause=f"limits.{name}",
        hint="ask again in the next period, or agree on an amendment",
    )
