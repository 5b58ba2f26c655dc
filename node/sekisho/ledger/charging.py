"""What an answer is charged to: a contract's limits as integers, at the instant it opens.

An answer is charged to the windows in which it opened, to its end: one that streams past midnight
stays in the day that allowed it. The counting itself is done where it is durable.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from sekisho.ledger.windows import window_start
from sekisho.model.contract import ByteLimit, CountLimit, Period
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract

LimitName = Literal["queries", "rows", "bytes", "cells"]
Count = tuple[str, str, str, str]
"""Whose count it is: root contract, consumer, the limit's name, and when its window began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One limit in one window."""

    max: int
    per: str
    """As the contract says it, such as `day`."""
    window: str
    """When the window began."""
    is_spent: bool = False
    """Whether nothing of it may be charged: the ledger was recovered within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTerms:
    """The limits that one answer has to keep; None where the contract sets none."""

    root: ContractId
    """The first contract of a line of amendments: charges are carried over."""
    consumer: PartyId
    counted: tuple[str, ...]
    """Consumers that count together with this one, itself included."""
    queries: Bound | None = None
    rows: Bound | None = None
    bytes: Bound | None = None
    cells: Bound | None = None
    concurrent: int | None = None

    def bound(self, name: LimitName) -> Bound | None:
        """Give a limit by its name."""
        match name:
            case "queries":
                return self.queries
            case "rows":
                return self.rows
            case "bytes":
                return self.bytes
            case "cells":
                return self.cells
            case _:
                assert_never(name)

    def count(self, name: LimitName) -> Count | None:
        """Name what a limit is counted in; None where the contract sets none."""
        bound = self.bound(name)
        return None if bound is None else (self.root, self.consumer, name, bound.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of an answer: what it reserved, needs, or sent."""

    rows: int
    bytes: int


def charge_terms(
    signed: SignedContract,
    *,
    consumer: PartyId,
    root: ContractId,
    now: datetime,
    recovered_at: datetime | None = None,
) -> ChargeTerms:
    """Read a contract's limits for a consumer that asks now.

    Args:
        signed: The contract.
        consumer: Who asks.
        root: The first contract of its line of amendments.
        now: When; it chooses the windows.
        recovered_at: When the provider's ledger was last recovered. What was charged before is not
            known any more in full, so a window that had begun by then is spent.
    """
    limits = signed.contract.limits
    zone = signed.contract.term.timezone

    def bound(limit: CountLimit | ByteLimit | None) -> Bound | None:
        if limit is None:
            return None
        window = window_start(limit.per, zone=zone, now=now)
        is_spent = False
        if recovered_at is not None:
            is_spent = (
                signed.starts_at <= recovered_at
                if limit.per is Period.TERM
                else window <= window_start(limit.per, zone=zone, now=recovered_at)
            )
        return Bound(max=limit.max, per=limit.per.value, window=window, is_spent=is_spent)

    return ChargeTerms(
        root=root,
        consumer=consumer,
        counted=signed.counted_with(consumer),
        queries=bound(limits.queries),
        rows=bound(limits.rows),
        bytes=bound(limits.bytes),
        cells=bound(limits.cells),
        concurrent=limits.concurrent,
    )
