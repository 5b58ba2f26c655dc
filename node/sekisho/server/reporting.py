"""How a running node is, as facts that an operator reads at a glance."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sekisho.errors import NodeError
from sekisho.ledger.differences import SERIOUS
from sekisho.ledger.instants import moment_text
from sekisho.model.guardrail import count_rules
from sekisho.model.lifecycle import TERMINAL_STATES, ContractState
from sekisho.model.names import short_id
from sekisho.server.parts import Parts
from sekisho.server.watched import watched
from sekisho.server.witness import neighbours_of
from sekisho.trust.anchors import load_certificate

HORIZON = timedelta(days=1)
"""Deliveries that are put off at most so long are all of them."""
ACKNOWLEDGED_WITHIN = timedelta(days=2)
"""A consumer's node says within a day how its answers ended; beyond two, somebody has to ask."""
DIFFERENCES_SHOWN = timedelta(days=30)
"""How long a difference is reported; `ledger list --differences` lists all."""
RENEW_BEFORE = timedelta(days=30)
"""A certificate that ends sooner wants an operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """One fact."""

    name: str
    value: str
    is_healthy: bool = True


def status_lines(parts: Parts) -> tuple[StatusLine, ...]:
    """List what an operator wants to know first."""
    return (
        StatusLine(name="party", value=parts.party),
        StatusLine(name="answers running", value=str(parts.streams.count())),
        *_contracts(parts),
        StatusLine(name="members", value=str(len(parts.members()) - 1)),
        *_datasets(parts),
        *_guardrails(parts),
        *_duties(parts),
        _deliveries(parts),
        _unacknowledged(parts),
        _differences(parts),
        _certificate(parts),
        _ledger(parts),
        *(
            StatusLine(name=item.name, value=item.words, is_healthy=item.is_healthy)
            for item in watched(
                parts.state,
                neighbours_of(parts.contracts, parts.party, parts.now()),
                parts.now(),
            )
        ),
        *_replica(parts),
    )


def _contracts(parts: Parts) -> tuple[StatusLine, ...]:
    now = parts.now()
    states = [parts.contracts.state(signed.id, now) for signed in parts.contracts.all()]
    waiting = [
        state
        for state in states
        if state not in TERMINAL_STATES and state is not ContractState.IN_FORCE
    ]
    return (
        StatusLine(name="contracts in force", value=str(states.count(ContractState.IN_FORCE))),
        StatusLine(name="contracts waiting", value=str(len(waiting))),
    )


def _datasets(parts: Parts) -> tuple[StatusLine, ...]:
    return tuple(_dataset(parts, name) for name in parts.datasets.names)


def _dataset(parts: Parts, name: str) -> StatusLine:
    try:
        columns = len(parts.datasets.get(name).columns)
    except NodeError as error:
        return StatusLine(name=f"dataset {name}", value=error.message, is_healthy=False)
    return StatusLine(name=f"dataset {name}", value=f"{columns} columns")


def _guardrails(parts: Parts) -> tuple[StatusLine, ...]:
    """Count the rules, and name both places of whatever is not served for them."""
    return (
        StatusLine(name="guardrails", value=count_rules(parts.guard.guardrails)),
        *(
            StatusLine(
                name=f"contract {short_id(signed.id)}",
                value=f"not served: {finding.path}: {finding.message}",
                is_healthy=False,
            )
            for signed, findings in parts.guard.not_served(parts.now())
            for finding in findings
        ),
    )


def _duties(parts: Parts) -> tuple[StatusLine, ...]:
    """Remind of what this company has to delete, and warn of what others have not certified."""
    now = parts.now()
    return tuple(
        StatusLine(
            name=f"deletion {short_id(signed.id)}",
            value=duty.words(now),
            is_healthy=not duty.is_overdue(now),
        )
        for signed in parts.contracts.all()
        for duty in parts.contracts.duties(signed)
        if duty.is_open(now) and (duty.consumer == parts.party or duty.is_overdue(now))
    )


def _deliveries(parts: Parts) -> StatusLine:
    waiting = parts.state.outbox.due(parts.now() + HORIZON)
    late = sorted({item.party for item in waiting if item.attempts})
    value = f"{len(waiting)} waiting" + (f", not reached: {', '.join(late)}" if late else "")
    return StatusLine(name="deliveries", value=value, is_healthy=not late)


def _unacknowledged(parts: Parts) -> StatusLine:
    """Say of how many answers their consumers have not said yet how they ended, and since when."""
    waiting = parts.state.unacknowledged.awaited(parts.party)
    whose = ", ".join(
        f"{item.channel.consumer} {item.answers} since {moment_text(item.since)}"
        f" under {short_id(item.channel.contract)}"
        for item in waiting
    )
    late = any(item.since < parts.now() - ACKNOWLEDGED_WITHIN for item in waiting)
    value = f"{sum(item.answers for item in waiting)} answers" + (f": {whose}" if whose else "")
    return StatusLine(name="unacknowledged", value=value, is_healthy=not late)


def _differences(parts: Parts) -> StatusLine:
    """Say in how many answers consumers' acknowledgements differ from this ledger."""
    since = moment_text(parts.now() - DIFFERENCES_SHOWN)
    found = Counter(
        (entry.link.channel.consumer, item.kind)
        for entry, item in parts.state.acknowledgements.differing(since=since)
        if entry.link is not None
    )
    whose = ", ".join(f"{party} {kind} {count}" for (party, kind), count in sorted(found.items()))
    value = f"{found.total()} in {DIFFERENCES_SHOWN.days} days" + (f": {whose}" if whose else "")
    is_serious = any(kind in SERIOUS for _, kind in found)
    return StatusLine(name="differences", value=value, is_healthy=not is_serious)


def _certificate(parts: Parts) -> StatusLine:
    ends = load_certificate(parts.keys.tls.certificate).not_valid_after_utc
    return StatusLine(
        name="certificate ends",
        value=ends.strftime("%Y-%m-%d"),
        is_healthy=ends - parts.now() > RENEW_BEFORE,
    )


def _replica(parts: Parts) -> tuple[StatusLine, ...]:
    """Say which replica answers, where there may be several."""
    shared = parts.state.shared_as
    return (StatusLine(name="state", value=shared),) if shared else ()


def _ledger(parts: Parts) -> StatusLine:
    return StatusLine(name="ledger entries", value=str(parts.state.ledger.head().size))
