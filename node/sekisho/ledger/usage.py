"""What was used under a contract, month by month: for invoices, and alike on both sides.

Whole answers and refusals are counted by their receipts, which both sides hold: at the instant
at which the provider closed them, with what it says that left and is left. So both statements agree
to the byte, whatever the two clocks say. A provider that answered whole what did not arrive whole
counts an answer where its consumer counts one that broke off; their acknowledgements name it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.receipt import Outcome, Receipt
from sekisho.model.names import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One answer, refusal, or answer that broke off."""

    channel: Channel
    at: str
    outcome: Outcome
    rows: int = 0
    bytes: int = 0
    limits_left: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_receipt(cls, receipt: Receipt) -> "Used":
        """Take down what a receipt says."""
        return cls(
            channel=receipt.channel,
            at=receipt.closed_at,
            outcome=receipt.outcome,
            rows=receipt.rows,
            bytes=receipt.bytes,
            limits_left=receipt.limits_left,
        )


@dataclass(slots=True, kw_only=True)
class UsageLine:
    """What one provider gave one consumer in one month."""

    provider: PartyId
    consumer: PartyId
    month: str
    """`2026-12`, in the contract's time zone."""
    answered: int = 0
    refused: int = 0
    broken: int = 0
    """That ended early; nothing of them is in rows and bytes."""
    rows: int = 0
    bytes: int = 0
    limits_left: Mapping[str, int] = field(default_factory=dict)
    """After the month's last answer, by the limit's name."""


def usage(
    used: Iterable[Used], *, zone: str, since: datetime | None = None, until: datetime | None = None
) -> tuple[UsageLine, ...]:
    """Sum up what was used.

    Args:
        used: Of one contract, in any order.
        zone: The contract's time zone, whose months are counted.
        since: The first instant that counts.
        until: The first one that does not any more.

    Returns:
        By provider, consumer and month.
    """
    lines: dict[tuple[str, str, str], UsageLine] = {}
    local = ZoneInfo(zone)
    for item in sorted(used, key=lambda item: item.at):
        at = parse_moment(item.at)
        if (since is not None and at < since) or (until is not None and at >= until):
            continue
        month = at.astimezone(local).strftime("%Y-%m")
        provider, consumer = item.channel.provider, item.channel.consumer
        new = UsageLine(provider=provider, consumer=consumer, month=month)
        _add(lines.setdefault((provider, consumer, month), new), item)
    return tuple(lines[key] for key in sorted(lines))


def _add(line: UsageLine, item: Used) -> None:
    match item.outcome:
        case Outcome.ANSWERED:
            line.answered += 1
            line.rows += item.rows
            line.bytes += item.bytes
            line.limits_left = dict(item.limits_left)
        case Outcome.REFUSED:
            line.refused += 1
        case Outcome.CUT | Outcome.INTERRUPTED:
            line.broken += 1
