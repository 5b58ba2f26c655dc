"""What a consumer owes when a contract has ended: deleting what it received, and saying so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekisho.model.instants import instant_text
from sekisho.model.lifecycle import ContractFacts, ended_at
from sekisho.model.names import PartyId
from sekisho.model.notices import NoticeKind
from sekisho.model.obligations import Certificate
from sekisho.model.signed import SignedContract


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionDuty:
    """One consumer deletes what one provider gave it."""

    provider: PartyId
    consumer: PartyId
    ended_at: datetime
    """When the provider answered for the last time; for a contract in force, when it will."""
    due_at: datetime
    certificate: Certificate
    certified_at: datetime | None
    """When the consumer signed, after the end, that it is done."""

    def is_begun(self, now: datetime) -> bool:
        """Tell whether the contract has ended for these two."""
        return self.ended_at <= now

    def is_open(self, now: datetime) -> bool:
        """Tell whether the consumer has something to do.

        Where no certificate is required nobody learns when it is done, so that nothing is open
        after the last day.
        """
        is_awaited = self.certificate is Certificate.REQUIRED or now < self.due_at
        return self.is_begun(now) and self.certified_at is None and is_awaited

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether a certificate that the contract requires is late."""
        return self.is_open(now) and now >= self.due_at

    def words(self, now: datetime) -> str:
        """Say who deletes what by when, and how far that is."""
        what = f"{self.consumer} deletes what {self.provider} gave by {instant_text(self.due_at)}"
        if self.certified_at is not None:
            return f"{what}: certified {instant_text(self.certified_at)}"
        return f"{what}, {_WORDS[self.certificate]}{', overdue' if self.is_overdue(now) else ''}"


_WORDS = {
    Certificate.REQUIRED: "certificate required",
    Certificate.ON_REQUEST: "certificate on request",
    Certificate.NOT_REQUIRED: "no certificate required",
}


def deletion_duties(
    signed: SignedContract, facts: ContractFacts, answered: Iterable[tuple[PartyId, PartyId]]
) -> tuple[DeletionDuty, ...]:
    """List the duties to delete under a contract.

    Args:
        signed: The contract.
        facts: What the asking node knows of it.
        answered: Which provider has answered which consumer, under it or one that it amends.
    """
    terms = signed.contract.obligations.delete
    found = []
    for provider, consumer in answered:
        end = ended_at(facts, signed, provider=provider, consumer=consumer)
        if end is None or provider not in signed.providers or consumer not in signed.consumers:
            continue
        said = (
            item.effective_at
            for item in facts.notices
            if item.kind is NoticeKind.DELETION
            and item.party == consumer
            and item.effective_at >= end
        )
        found.append(
            DeletionDuty(
                provider=provider,
                consumer=consumer,
                ended_at=end,
                due_at=end + timedelta(days=terms.within_days),
                certificate=terms.certificate,
                certified_at=min(said, default=None),
            )
        )
    return tuple(found)
