"""Members: which statement of a party about itself is believed, and which keys are whose.

A party is known by its member document. The first one is believed because people compared its
fingerprint; each later one because the party's own `member` key signed it. A key belongs to one
party for ever, so that no signature or certificate can be claimed twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sekisho.documents.envelope import Envelope
from sekisho.errors import TrustError
from sekisho.model.member import Member, Purpose
from sekisho.model.names import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedMember:
    """A member document that `verify_member` believes."""

    member: Member
    fingerprint: str
    """SHA-256 of the canonical document, `sha256:…`; what people compare."""
    first: str
    """The fingerprint of version 1, by which contracts name the party."""
    anchor_id: str
    """The id of the TLS anchor's key, `p256:…`."""
    envelope: Envelope
    """As it was received, to be stored and handed on."""

    @property
    def party(self) -> PartyId:
        """Who it is."""
        return self.member.party_id

    @property
    def key_names(self) -> frozenset[str]:
        """All keys of the document, each named so that kinds cannot be confused."""
        signing = (f"ed25519:{public}" for public in self.member.public_keys)
        return frozenset((*signing, f"x25519:{self.member.agreement}", self.anchor_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """All believed member documents of a node, its own among them; a value that never changes."""

    by_party: Mapping[PartyId, tuple[TrustedMember, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """Each party's versions in rising order."""
    owners: Mapping[str, PartyId] = field(default_factory=lambda: MappingProxyType({}))
    """Who ever used a key, by the names of `TrustedMember.key_names`."""

    def __contains__(self, party: object) -> bool:
        """Tell whether a party is known."""
        return party in self.by_party

    def __iter__(self) -> Iterator[TrustedMember]:
        """Give the latest document of each party."""
        return (versions[-1] for versions in self.by_party.values())

    def __len__(self) -> int:
        """Count the parties."""
        return len(self.by_party)

    def add(self, trusted: TrustedMember) -> "Members":
        """Take in a document that `verify_member` believed beside these members.

        Adding a document a second time changes nothing.
        """
        versions = self.by_party.get(trusted.party, ())
        if any(known.fingerprint == trusted.fingerprint for known in versions):
            return self
        check_succession(trusted, versions)
        check_ownership(trusted, self.owners)
        owners = {**self.owners, **dict.fromkeys(trusted.key_names, trusted.party)}
        by_party = {**self.by_party, trusted.party: (*versions, trusted)}
        return Members(by_party=MappingProxyType(by_party), owners=MappingProxyType(owners))

    def latest(self, party: PartyId) -> TrustedMember:
        """Find a party's newest document.

        Raises:
            TrustError: The party is unknown.
        """
        if party not in self.by_party:
            raise TrustError(
                f"the party `{party}` is not a known member",
                step="member.unknown",
                hint="add its member document with `sekisho member add`",
            )
        return self.by_party[party][-1]

    def owner_of(self, public: str) -> PartyId | None:
        """Say whose an Ed25519 public key is or was."""
        return self.owners.get(f"ed25519:{public}")

    def is_revoked(self, public: str) -> bool:
        """Tell whether a signing key's owner has revoked it."""
        owner = self.owner_of(public)
        return owner is not None and public in self.latest(owner).member.revoked

    def revocation_of(self, public: str) -> TrustedMember | None:
        """Give the first known document of a key's owner that revokes it; None where none does."""
        owner = self.owner_of(public)
        versions = self.by_party[owner] if owner is not None else ()
        return next((item for item in versions if public in item.member.revoked), None)

    def revoking(self, party: PartyId) -> Iterator[TrustedMember]:
        """Give those of a party's known documents that revoke a key which none before revoked."""
        revoked: set[str] = set()
        for item in self.by_party.get(party, ()):
            if not revoked.issuperset(item.member.revoked):
                yield item
            revoked.update(item.member.revoked)

    def introduction_of(self, public: str) -> TrustedMember | None:
        """Give the first known document that lists a key; None for a stranger's."""
        owner = self.owner_of(public)
        versions = self.by_party[owner] if owner is not None else ()
        return next((item for item in versions if public in item.member.public_keys), None)

    def purposes_now(self, public: str) -> frozenset[Purpose]:
        """List what a signing key may sign according to its owner's newest document."""
        owner = self.owner_of(public)
        return _purposes(public, self.by_party[owner][-1:]) if owner else frozenset()

    def keys_ever(self, party: PartyId, purpose: Purpose) -> tuple[str, ...]:
        """List the keys, in hex, by which a party may sign or once signed, none of them revoked."""
        keys = self.keys_with_revoked(party, purpose)
        return tuple(public for public in keys if not self.is_revoked(public))

    def keys_with_revoked(self, party: PartyId, purpose: Purpose) -> tuple[str, ...]:
        """List those and the revoked ones: for what a party says against itself."""
        versions = self.by_party.get(party, ())
        listed = {key.public for version in versions for key in version.member.keys}
        return tuple(item for item in sorted(listed) if purpose in self.purposes_ever(item))

    def purposes_ever(self, public: str) -> frozenset[Purpose]:
        """List what a signing key may sign or could sign once."""
        owner = self.owner_of(public)
        return _purposes(public, self.by_party[owner]) if owner else frozenset()


def _purposes(public: str, versions: tuple[TrustedMember, ...]) -> frozenset[Purpose]:
    """Collect a key's purposes over some versions."""
    keys = (key for version in versions for key in version.member.keys)
    return frozenset(purpose for key in keys if key.public == public for purpose in key.purposes)


def check_succession(trusted: TrustedMember, versions: tuple[TrustedMember, ...]) -> None:
    """Refuse a document that cannot follow those that are known.

    Raises:
        TrustError: It is older, another one of the same number, of another beginning, or takes a
            revocation back.
    """
    if not versions:
        return
    latest, member = versions[-1], trusted.member
    if any(member.version == known.member.version for known in versions):
        raise TrustError(
            f"two different documents of `{trusted.party}` both have version {member.version}",
            step="member.conflict",
            hint="call the party: one of its `member` keys may be in wrong hands",
        )
    if member.version < latest.member.version:
        raise TrustError(
            f"version {member.version} of `{trusted.party}` is older than the known version"
            f" {latest.member.version}",
            step="member.rollback",
            hint="ask the party for its newest member document",
        )
    if trusted.first != latest.first:
        raise TrustError(
            f"version {member.version} of `{trusted.party}` names another first version",
            step="member.first",
        )
    if not set(latest.member.revoked) <= set(member.revoked):
        raise TrustError(
            f"version {member.version} of `{trusted.party}` takes a revocation back",
            step="member.revoked",
            hint="list every key again that was revoked before",
        )


def check_ownership(trusted: TrustedMember, owners: Mapping[str, PartyId]) -> None:
    """Refuse a document that claims another party's key.

    Raises:
        TrustError: A signing, agreement or anchor key belongs to another party.
    """
    for name in sorted(trusted.key_names):
        if owners.get(name, trusted.party) != trusted.party:
            raise TrustError(
                f"`{trusted.party}` lists a key that belongs to another party",
                step="member.ownership",
                hint="a key belongs to one party for ever; the party must make a new one",
            )
