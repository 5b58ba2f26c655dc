"""How a running node is, as facts that an operator reads at a glance."""

from dataclasses import dataclass
from datetime import timedelta

from sekisho.errors import NodeError
from sekisho.model.guardrail import count_rules
from sekisho.model.lifecycle import TERMINAL_STATES, ContractState
from sekisho.model.names import short_id
from sekisho.server.parts import Parts
from sekisho.server.watched import watched
from sekisho.server.witness import neighbours_of
from sekisho.trust.anchors import load_certificate

HORIZON = timedelta(days=1)
"""Deliveries that are put off at most so long are all of them."""
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
        _deliveries(parts),
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


def _deliveries(parts: Parts) -> StatusLine:
    waiting = parts.state.outbox.due(parts.now() + HORIZON)
    late = sorted({item.party for item in waiting if item.attempts})
    value = f"{len(waiting)} waiting" + (f", not reached: {', '.join(late)}" if late else "")
    return StatusLine(name="deliveries", value=value, is_healthy=not late)


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
