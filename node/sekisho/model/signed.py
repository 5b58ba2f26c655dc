"""A contract that has an id: the terms, and the instants and members that its signers agree on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sekisho.model.contract import Contract, Grant, PartyTerm, Role
from sekisho.model.names import ContractId, PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContract:
    """What all parties sign, once it has been read; its instants are UTC and half-open.

    That the signatures are there is for `model.lifecycle` to say, from the facts of a node.
    """

    id: ContractId
    contract: Contract
    starts_at: datetime
    """Start of the first day; for an amendment, start of the day on which it takes effect."""
    ends_at: datetime
    sign_by_at: datetime
    nonce: str
    """128 bits in hex, so that the same terms agreed twice are two contracts."""
    members: Mapping[PartyId, str]
    """Fingerprint of each party's first member document, `sha256:…`."""

    @property
    def parties(self) -> tuple[PartyId, ...]:
        """Every party, in the contract's order; each of them signs."""
        return tuple(item.party for item in self.contract.parties)

    @property
    def providers(self) -> tuple[PartyId, ...]:
        """The parties that offer data, in the contract's order."""
        return self._with_role(Role.PROVIDER)

    @property
    def consumers(self) -> tuple[PartyId, ...]:
        """The parties that ask, in the contract's order."""
        return self._with_role(Role.CONSUMER)

    def alias_of(self, party: PartyId) -> str:
        """Name a party's schema in queries; `KeyError` for a party of another contract."""
        return self._term_of(party).effective_alias

    def grants_of(self, provider: PartyId) -> tuple[Grant, ...]:
        """List the grants in which a provider offers at least one dataset."""
        return tuple(item for item in self.contract.grants if item.datasets_of(provider))

    def has_purpose(self, purpose: str) -> bool:
        """Tell whether a purpose is listed."""
        return any(item.purpose == purpose for item in self.contract.purposes)

    def counted_with(self, consumer: PartyId) -> tuple[PartyId, ...]:
        """List the consumers whose charges count together with this one's.

        The consumer comes first, then its affiliates, as far as they are consumers here too.
        """
        affiliates = self.contract.obligations.onward_transfer.affiliates
        if consumer in affiliates:
            return self.consumers
        together = (item for item in self.consumers if item != consumer and item in affiliates)
        return (consumer, *together)

    def _with_role(self, role: Role) -> tuple[PartyId, ...]:
        return tuple(item.party for item in self.contract.parties if item.role is role)

    def _term_of(self, party: PartyId) -> PartyTerm:
        for item in self.contract.parties:
            if item.party == party:
                return item
        raise KeyError(party)
