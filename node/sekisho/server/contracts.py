"""Contracts as a node believes them: found by id, prefix or title, in force or not."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sekisho.documents.proposal import parse_proposal
from sekisho.errors import DocumentError, Finding, NodeError, Refusal, RefusalReason
from sekisho.model.duties import DeletionDuty, deletion_duties
from sekisho.model.lifecycle import ContractFacts, ContractState, grants_in_force, state_at
from sekisho.model.names import ContractId, PartyId, short_id
from sekisho.model.signed import SignedContract
from sekisho.store.state import Records
from sekisho.store.transaction import Transaction
from sekisho.trust.keys import public_of_id

MIN_PREFIX = 6
"""Digits of an id that people may shorten it to."""


class ContractBook:
    """Reads contracts and their state; remembers both while nobody changes them."""

    def __init__(
        self, records: Records, *, is_revoked: Callable[[str], bool] = lambda _key: False
    ) -> None:
        """Read from a node's records.

        Args:
            records: Where contracts are.
            is_revoked: Tells of a signing key in hex whether its owner has revoked it: what it
                signed does not count any more.
        """
        self._records = records
        self._is_revoked = is_revoked
        self._lock = threading.Lock()
        self._signed: dict[ContractId, SignedContract] = {}
        self._facts: dict[ContractId, ContractFacts] = {}
        self._version = records.version

    @property
    def version(self) -> int:
        """Of contracts and members; whatever is remembered of them holds for one."""
        return self._records.version

    def signed(self, contract: ContractId) -> SignedContract | None:
        """Give a contract's terms; None when this node does not hold it."""
        with self._lock:
            known = self._signed.get(contract)
        if known is not None:
            return known
        stored = self._records.contracts.get(contract)
        if stored is None:
            return None
        parsed = parse_proposal(stored.payload)
        with self._lock:
            self._signed[contract] = parsed
        return parsed

    def facts(self, contract: ContractId) -> ContractFacts:
        """Give what this node knows of a contract's life."""
        with self._lock:
            version = self._records.version
            if version != self._version:
                self._facts.clear()
                self._version = version
            known = self._facts.get(contract)
            if known is not None:
                return known
            # Read inside the lock, so that no older facts are kept for a newer version.
            found = self._without_revoked(contract)
            self._facts[contract] = found
            return found

    def facts_ever(self, contract: ContractId) -> ContractFacts:
        """Give the same, signatures by keys that were revoked since included.

        For what can still be said about a contract: a party that lost its key may sign again, and
        whoever is bound until then may end it.
        """
        return self._records.contracts.facts(contract) or ContractFacts()

    def revoked_signers(
        self, contract: ContractId, *, tx: Transaction | None = None
    ) -> frozenset[PartyId]:
        """Name the parties whose signature is by a key that they have revoked."""
        stored = self._records.contracts.get(contract, tx=tx)
        return frozenset(
            item.party
            for item in (stored.signatures if stored else ())
            if self._is_revoked(public_of_id(item.signature.key_id))
        )

    def _without_revoked(self, contract: ContractId) -> ContractFacts:
        facts, revoked = self.facts_ever(contract), self.revoked_signers(contract)
        signed_by = {party: at for party, at in facts.signed_by.items() if party not in revoked}
        return replace(facts, signed_by=signed_by)

    def state(
        self, contract: ContractId, now: datetime, *, party: PartyId | None = None
    ) -> ContractState:
        """Tell where a contract is in its life, see `model.lifecycle.state_at`."""
        signed = self.signed(contract)
        if signed is None:
            return ContractState.DRAFT
        return state_at(self.facts(contract), signed, now, party=party)

    def state_ever(
        self, contract: ContractId, now: datetime, *, party: PartyId | None = None
    ) -> ContractState:
        """Tell the same, signatures by keys that were revoked since included.

        For what nobody gets rid of, or loses for good, by revoking a key: the look at each other's
        ledgers, and what is deleted once a contract has ended.
        """
        signed = self.signed(contract)
        if signed is None:
            return ContractState.DRAFT
        return state_at(self.facts_ever(contract), signed, now, party=party)

    def duties(self, signed: SignedContract) -> tuple[DeletionDuty, ...]:
        """List who has to delete what it received under a contract, and by when."""
        answered = self._records.contracts.received(signed.id)
        return deletion_duties(signed, self.facts_ever(signed.id), answered)

    def all(self) -> tuple[SignedContract, ...]:
        """List every contract, oldest first."""
        found = (self.signed(stored.id) for stored in self._records.contracts.all())
        return tuple(signed for signed in found if signed is not None)

    def find(self, text: str, now: datetime, *, by_title: bool = True) -> ContractId:
        """Find the one contract that a person means.

        Args:
            text: A whole id, an unambiguous prefix, or the title of the contract in force.
            now: When the title is looked up.
            by_title: Whether a title will do; not where something is signed or ended.

        Raises:
            NodeError: None or several are meant.
        """
        found = self._by_prefix(text)
        if not found and by_title:
            found = self._by_title(text, now)
        if len(found) == 1:
            return found[0]
        if not found:
            msg = f"no contract `{text}` at this node"
            raise NodeError(msg, hint="see `sekisho contract list`")
        listed = ", ".join(short_id(contract) for contract in found)
        msg = f"`{text}` means several contracts: {listed}"
        raise NodeError(msg, hint="write more digits of the id")

    def _by_prefix(self, text: str) -> tuple[ContractId, ...]:
        digits = text.removeprefix("sha256:")
        return self._records.contracts.find(text) if len(digits) >= MIN_PREFIX else ()

    def _by_title(self, title: str, now: datetime) -> tuple[ContractId, ...]:
        return tuple(
            signed.id
            for signed in self.all()
            if signed.contract.title == title
            and self.state(signed.id, now) in {ContractState.IN_FORCE, ContractState.SUSPENDED}
        )


def in_force(
    book: ContractBook,
    contract: ContractId,
    *,
    provider: PartyId,
    consumer: PartyId,
    now: datetime,
) -> SignedContract:
    """Give a contract that a provider answers a consumer under now.

    Raises:
        Refusal: `CONTRACT_NOT_FOUND`, alike whether there is none or these are not its parties;
            `SUSPENDED`; or `NOT_IN_FORCE`.
    """
    signed = book.signed(contract)
    if signed is None or provider not in signed.providers or consumer not in signed.consumers:
        raise Refusal(
            RefusalReason.CONTRACT_NOT_FOUND,
            "no such contract between these parties",
            hint="see `sekisho contract list`",
        )
    facts = book.facts(contract)
    state = state_at(facts, signed, now, party=provider)
    if state is ContractState.SUSPENDED:
        raise suspended_by(provider)
    if not grants_in_force(facts, signed, provider, now, consumer=consumer):
        raise Refusal(
            RefusalReason.NOT_IN_FORCE,
            f"the contract is {state} at `{provider}`",
            clause="termination" if state is ContractState.TERMINATED else "term",
            hint="see `sekisho contract show` for its signatures and days",
        )
    return signed


def suspended_by(provider: PartyId) -> Refusal:
    """Say that a provider does not serve a contract for now; why is not for its peers to know."""
    return Refusal(
        RefusalReason.SUSPENDED,
        f"`{provider}` has suspended its part of the contract",
        hint="ask the provider when it will resume",
    )


def the_purpose(signed: SignedContract, stated: str) -> str:
    """Give the stated purpose, or the contract's only one when none is stated.

    Raises:
        DocumentError: None is stated and the contract lists several.
    """
    if stated:
        return stated
    listed = [item.purpose for item in signed.contract.purposes]
    if len(listed) == 1:
        return listed[0]
    finding = Finding(
        message="the contract lists several purposes and none is stated",
        hint=f"state one of: {', '.join(listed)}",
    )
    raise DocumentError((finding,), name="query")
