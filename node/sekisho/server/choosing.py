"""Which contract a question is asked under when its caller names none: the only one that fits."""

from collections.abc import Iterable
from datetime import datetime

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.contract import RequestEvidence
from sekisho.model.lifecycle import ContractState
from sekisho.model.names import PartyId
from sekisho.model.signed import SignedContract
from sekisho.server.contracts import ContractBook
from sekisho.wire.flight import CONTRACT_HEADER

_ASKED_UNDER = frozenset({ContractState.IN_FORCE, ContractState.SUSPENDED})


def contracts_of_consumer(
    book: ContractBook, consumer: PartyId, now: datetime
) -> tuple[SignedContract, ...]:
    """List the contracts that a consumer may ask under now."""
    return tuple(
        signed
        for signed in book.all()
        if consumer in signed.consumers and book.state(signed.id, now) in _ASKED_UNDER
    )


def contracts_of_partner(
    book: ContractBook, consumer: PartyId, now: datetime, *, provider: PartyId
) -> tuple[SignedContract, ...]:
    """List those under which a provider answers a partner that has no node."""
    return tuple(
        signed
        for signed in contracts_of_consumer(book, consumer, now)
        if provider in signed.providers and signed.contract.evidence.requests is RequestEvidence.TLS
    )


def the_only(fitting: Iterable[SignedContract]) -> SignedContract:
    """Give the one contract that fits.

    Raises:
        Refusal: `CONTRACT_NOT_FOUND`: none does, or several do.
    """
    found = tuple(fitting)
    if len(found) == 1:
        return found[0]
    several = "several contracts fit, and none is named" if found else "no contract fits"
    raise Refusal(
        RefusalReason.CONTRACT_NOT_FOUND,
        several,
        allowed=tuple(item.id for item in found),
        hint=f"name one: `--contract`, `contract=`, or the header `{CONTRACT_HEADER}`",
    )
