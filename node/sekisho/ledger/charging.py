"""What an answer is charged to: a contract's limits as integers, at the instant it opens.

An answer is charged to the windows in which it opened, to its end: one that streams past midnight
stays in the day that allowed it. The counting itself is done where it is durable.
"""

from dataclasses import dataclass
from datetime import datetime

from sekisho.ledger.windows import window_start
from sekisho.model.contract import ByteLimit, CountLimit
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One limit in one window."""

    max: int
    per: str
    """As the contract says it, such as `day`."""
    window: str
    """When the window began."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of an answer: what it reserved, needs, or sent."""

    rows: int
    bytes: int


def charge_terms(
    signed: SignedContract, *, consumer: PartyId, root: ContractId, now: datetime
) -> ChargeTerms:
    """Read a contract's limits for a consumer that asks now."""
    limits = signed.contract.limits
    zone = signed.contract.term.timezone

    def bound(limit: CountLimit | ByteLimit | None) -> Bound | None:
        if limit is None:
            return None
        window = window_start(limit.per, zone=zone, now=now)
        return Bound(max=limit.max, per=limit.per.value, window=window)

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
