"""Notices: what a party says about a contract after it was proposed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sekisho.model.names import ContractId, PartyId


class NoticeKind(StrEnum):
    """What a notice does."""

    REJECTION = "rejection"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    TERMINATION = "termination"
    DELETION = "deletion"
    """A consumer certifies that it has deleted what it received; no state changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One party's word about one contract."""

    kind: NoticeKind
    contract: ContractId
    party: PartyId
    """Who says so, and by whose `notice` key it is signed."""
    reason: str
    issued_at: datetime
    effective_at: datetime
    for_breach: bool = False
    """Whether a termination rests on a breach; false in every other kind."""
