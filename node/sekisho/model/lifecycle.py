"""The life of a contract: one table of transitions, and pure functions that read facts through it.

A node keeps facts (who signed when, which notices came, what followed), never a state. The facts
become dated events, the events are folded through `TRANSITIONS`, and an event that the table does
not know in a state changes nothing. Each provider has a part of the contract: its own grants.
Suspending, and under `scope: own-part` terminating, touch that part alone; the state of the whole
follows from its parts. A terminal state, once recorded by a node, is handed back for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from sekisho.model.contract import Ender, Grant, Role, Scope
from sekisho.model.names import PartyId
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract


class ContractState(StrEnum):
    """Where a contract is in its life."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    SIGNED = "signed"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    TERMINATED = "terminated"
    EXPIRED = "expired"
    REJECTED = "rejected"


class ContractEvent(StrEnum):
    """What can happen to a contract; the order breaks ties within one instant."""

    PROPOSE = "propose"
    COMPLETE = "complete"
    """The last party's signature was recorded."""
    REJECT = "reject"
    SIGN_BY_PASSES = "sign-by-passes"
    START = "start"
    RESUME = "resume"
    SUSPEND = "suspend"
    SUPERSEDE = "supersede"
    TERMINATE = "terminate"
    END = "end"


_S = ContractState
_E = ContractEvent

TRANSITIONS: Mapping[tuple[ContractState, ContractEvent], ContractState] = MappingProxyType(
    {
        (_S.DRAFT, _E.PROPOSE): _S.PROPOSED,
        (_S.PROPOSED, _E.COMPLETE): _S.SIGNED,
        (_S.PROPOSED, _E.REJECT): _S.REJECTED,
        (_S.PROPOSED, _E.SIGN_BY_PASSES): _S.EXPIRED,
        (_S.SIGNED, _E.START): _S.IN_FORCE,
        (_S.SIGNED, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.SIGNED, _E.TERMINATE): _S.TERMINATED,
        (_S.IN_FORCE, _E.SUSPEND): _S.SUSPENDED,
        (_S.IN_FORCE, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.IN_FORCE, _E.TERMINATE): _S.TERMINATED,
        (_S.IN_FORCE, _E.END): _S.EXPIRED,
        (_S.SUSPENDED, _E.RESUME): _S.IN_FORCE,
        (_S.SUSPENDED, _E.SUPERSEDE): _S.SUPERSEDED,
        (_S.SUSPENDED, _E.TERMINATE): _S.TERMINATED,
        (_S.SUSPENDED, _E.END): _S.EXPIRED,
    }
)
"""Every change of state that there is; `docs/spec/lifecycle.md` is drawn from it."""

TERMINAL_STATES = frozenset(set(ContractState) - {before for before, _ in TRANSITIONS})
"""States that nothing leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """What a node knows of one contract; times are when this node recorded them."""

    proposed_at: datetime | None = None
    signed_by: Mapping[PartyId, datetime] = field(default_factory=dict)
    rejected_at: datetime | None = None
    notices: tuple[Notice, ...] = ()
    superseded_at: datetime | None = None
    """From when an amendment that all have signed takes this contract's place."""
    remembered: ContractState | None = None
    """The terminal state of the whole that this node has recorded: it holds whatever is said later.

    That one provider's part has ended is remembered by its notice.
    """

    def __post_init__(self) -> None:
        """Refuse to remember a state that is not terminal."""
        if self.remembered is not None and self.remembered not in TERMINAL_STATES:
            message = f"{self.remembered} is not a terminal state"
            raise ValueError(message)

    def completed_at(self, signed: SignedContract) -> datetime | None:
        """Tell when the last party's signature was recorded, if all of them were."""
        times = [self.signed_by.get(party) for party in signed.parties]
        known = [time for time in times if time is not None]
        return max(known) if len(known) == len(times) else None


def state_at(
    facts: ContractFacts,
    signed: SignedContract,
    now: datetime,
    *,
    party: PartyId | None = None,
) -> ContractState:
    """Tell where a contract is in its life, as a whole or for one party.

    Args:
        facts: What the asking node knows.
        signed: The contract.
        now: An aware instant.
        party: A provider sees the state of its own part; a consumer that has left, or nobody in
            particular, the state of the whole.

    Returns:
        The whole is terminated when every provider's part or every consumer is, and suspended
        when no part is in force but one is suspended.
    """
    if facts.remembered is not None:
        return facts.remembered
    if party in signed.providers:
        return _part_state(facts, signed, now, provider=party)
    if party is not None and not _is_consumer_in(facts, signed, now, consumer=party):
        return _fold(facts, signed, now, terminated_at=_left_at(facts, party))
    states = {_part_state(facts, signed, now, provider=provider) for provider in signed.providers}
    if _S.IN_FORCE in states:
        return _S.IN_FORCE
    # Parts that ended early say nothing of the whole while another part has come further.
    lasting = states - {_S.TERMINATED} or states
    return _S.SUSPENDED if _S.SUSPENDED in lasting else lasting.pop()


def grants_in_force(  # noqa: PLR0917  four things, in the order in which one says them
    facts: ContractFacts,
    signed: SignedContract,
    provider: PartyId,
    now: datetime,
    *,
    consumer: PartyId | None = None,
) -> tuple[Grant, ...]:
    """List the grants that a provider answers under now, to a consumer if one is named."""
    if state_at(facts, signed, now, party=provider) is not _S.IN_FORCE:
        return ()
    if consumer is not None and not _is_consumer_in(facts, signed, now, consumer=consumer):
        return ()
    return signed.grants_of(provider)


def may_terminate(signed: SignedContract, party: PartyId, *, for_breach: bool) -> bool:
    """Tell whether the contract gives a party the right to end it."""
    terms = signed.contract.termination
    by = (terms.for_breach if for_breach else terms.for_convenience).by
    match by:
        case Ender.ANY_PARTY:
            return party in signed.parties
        case Ender.PROVIDERS:
            return party in signed.providers
        case Ender.CONSUMERS:
            return party in signed.consumers
        case Ender.NO_ONE:
            return False


def termination_effective_at(
    signed: SignedContract, issued_at: datetime, *, for_breach: bool
) -> datetime:
    """Tell when a termination issued now takes effect: at once, or whole days of notice later."""
    terms = signed.contract.termination
    right = terms.for_breach if for_breach else terms.for_convenience
    return issued_at + timedelta(days=right.notice_days)


def counts_from(
    notice: Notice, signed: SignedContract, *, recorded_at: datetime, is_own: bool
) -> datetime:
    """Tell from when a notice counts at a node that records it.

    The instants in a notice are its author's word, by its author's clock. No notice reaches back
    behind the instant at which a node learned of it: neither the days of notice that the contract
    gives nor the completion of a contract can be undone by an early date. What takes effect at
    once does so by the node's own clock, even when the author's is ahead.

    Args:
        notice: As `check_notice` admits it.
        signed: The contract.
        recorded_at: When the node records it.
        is_own: Whether the notice is the node's own company's, which counts from now; of others'
            switches, one on its way for long must not undo a later one.
    """
    if notice.kind is NoticeKind.TERMINATION:
        issued_at = recorded_at if is_own else min(notice.issued_at, recorded_at)
        return max(
            issued_at + (notice.effective_at - notice.issued_at),
            termination_effective_at(signed, recorded_at, for_breach=notice.for_breach),
        )
    if is_own or notice.kind is NoticeKind.REJECTION:
        return recorded_at
    return min(notice.effective_at, recorded_at)


def supersedes_at(successor: SignedContract, facts: ContractFacts) -> datetime | None:
    """Tell from when an amendment takes its predecessor's place, once all have signed it in time.

    Args:
        successor: The amendment.
        facts: What the node knows of the amendment, not of its predecessor.
    """
    return _started_at(facts, successor)


def ended_at(
    facts: ContractFacts, signed: SignedContract, *, provider: PartyId, consumer: PartyId
) -> datetime | None:
    """Tell when a provider answers a consumer for the last time, as far as is known.

    Returns:
        None for a contract that never came into force, and for one whose place an amendment takes:
        what was given under it goes on under the amendment.
    """
    if _started_at(facts, signed) is None:
        return None
    ends = [_terminated_at(facts, signed, provider), _left_at(facts, consumer), signed.ends_at]
    last = min(end for end in ends if end is not None)
    is_amended = facts.superseded_at is not None and facts.superseded_at <= last
    return None if is_amended else last


def _part_state(
    facts: ContractFacts, signed: SignedContract, now: datetime, *, provider: PartyId
) -> ContractState:
    return _fold(
        facts,
        signed,
        now,
        terminated_at=_terminated_at(facts, signed, provider),
        switches=tuple(
            item
            for item in facts.notices
            if item.party == provider
            and item.kind in {NoticeKind.SUSPENSION, NoticeKind.RESUMPTION}
        ),
    )


def _fold(
    facts: ContractFacts,
    signed: SignedContract,
    now: datetime,
    *,
    terminated_at: datetime | None,
    switches: tuple[Notice, ...] = (),
) -> ContractState:
    """Lead the events that have happened by now through the table, in their order."""
    events = [
        *_shared_events(facts, signed),
        *([(terminated_at, _E.TERMINATE)] if terminated_at else []),
        *_switch_events(switches, _started_at(facts, signed)),
    ]
    state = _S.DRAFT
    # The sort is stable: of two switches within one instant, the one recorded later holds.
    for _, event in sorted(
        (item for item in events if item[0] <= now),
        key=lambda item: (item[0], _RANKS[item[1]]),
    ):
        state = TRANSITIONS.get((state, event), state)
    return state


def _switch_events(
    switches: tuple[Notice, ...], started_at: datetime | None
) -> Iterator[tuple[datetime, ContractEvent]]:
    """Date a provider's switches; the last one thrown before the start holds at the start."""
    if started_at is None:
        return
    in_order = sorted(switches, key=lambda item: item.effective_at)
    early = [item for item in in_order if item.effective_at <= started_at]
    for item in early[-1:]:
        yield started_at, _SWITCHES[item.kind]
    for item in in_order[len(early) :]:
        yield item.effective_at, _SWITCHES[item.kind]


_SWITCHES = {NoticeKind.SUSPENSION: _E.SUSPEND, NoticeKind.RESUMPTION: _E.RESUME}
_RANKS = {event: rank for rank, event in enumerate(ContractEvent)} | {
    _E.RESUME: list(ContractEvent).index(_E.SUSPEND)
}


def _started_at(facts: ContractFacts, signed: SignedContract) -> datetime | None:
    completed_at = facts.completed_at(signed)
    if completed_at is None or completed_at >= signed.sign_by_at:
        return None
    return max(completed_at, signed.starts_at)


def _shared_events(
    facts: ContractFacts, signed: SignedContract
) -> Iterator[tuple[datetime, ContractEvent]]:
    """Date the events that concern every part alike."""
    if facts.proposed_at is not None:
        yield facts.proposed_at, _E.PROPOSE
    rejections = [item.effective_at for item in facts.notices if item.kind is NoticeKind.REJECTION]
    if facts.rejected_at is not None:
        rejections.append(facts.rejected_at)
    if rejections:
        yield min(rejections), _E.REJECT
    yield signed.sign_by_at, _E.SIGN_BY_PASSES
    completed_at = facts.completed_at(signed)
    started_at = _started_at(facts, signed)
    if completed_at is not None and started_at is not None:
        yield completed_at, _E.COMPLETE
        yield started_at, _E.START
    if facts.superseded_at is not None:
        yield facts.superseded_at, _E.SUPERSEDE
    yield signed.ends_at, _E.END


def _terminated_at(
    facts: ContractFacts, signed: SignedContract, provider: PartyId
) -> datetime | None:
    """Tell when a provider's part was ended, by whomever."""
    whole = signed.contract.termination.scope is Scope.WHOLE_CONTRACT
    ends = [
        item.effective_at
        for item in facts.notices
        if item.kind is NoticeKind.TERMINATION
        and item.party in signed.providers
        and (whole or item.party == provider)
    ]
    leaving = [_left_at(facts, consumer) for consumer in signed.consumers]
    gone = [time for time in leaving if time is not None]
    if gone and (whole or len(gone) == len(leaving)):
        ends.append(min(gone) if whole else max(gone))
    return min(ends, default=None)


def _left_at(facts: ContractFacts, party: PartyId) -> datetime | None:
    return min(
        (
            item.effective_at
            for item in facts.notices
            if item.kind is NoticeKind.TERMINATION and item.party == party
        ),
        default=None,
    )


def _is_consumer_in(
    facts: ContractFacts, signed: SignedContract, now: datetime, *, consumer: PartyId
) -> bool:
    left_at = _left_at(facts, consumer)
    return consumer in signed.consumers and (left_at is None or now < left_at)


def role_of(signed: SignedContract, party: PartyId) -> Role | None:
    """Tell what a party does in a contract, or nothing when it has no part in it."""
    return next((item.role for item in signed.contract.parties if item.party == party), None)
