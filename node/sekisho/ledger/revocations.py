"""Which signatures by revoked keys are evidence: those that a ledger recorded before it knew.

A signature does not say when it was made; its place in a ledger does. What stands ahead of the
entry that records the revocation was taken over while the key was good, and its owner cannot take
it back by revoking. What stands behind it was not. Nothing that a node acts on is decided here.

Source: `docs/spec/evidence.md`, section 4.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import TrustError
from sekisho.ledger.bodies import MemberEvent
from sekisho.ledger.entry import Entry
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.trust.keyring import Members, TrustedMember
from sekisho.trust.verify import VerifiedSignature, verify_whenever

Bound = Callable[[TrustedMember], int]
"""How many entries others have seen before a document revoked something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a signature stands."""

    index: int
    """Of the entry that it is about."""
    at: str
    """When that was recorded."""
    line: int = 0
    """In a file of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedKey:
    """A key that its owner has revoked, and which of its signatures hold nevertheless."""

    party: PartyId
    public: str
    """In hex."""
    version: int
    """Of the member document that first revokes it."""
    since: str
    """From when that document holds, in its author's words."""
    index: int | None
    """Of the entry from which on its signatures do not hold; None where there is none."""
    at: str
    """When that entry was recorded; empty where there is none."""
    held: int
    """Signatures that stand ahead of it and hold."""
    unseen: int
    """Those of them for whose age nobody but the ledger's keeper vouches."""


@dataclass(slots=True)
class Revocations:
    """The revoked keys of some members, along a ledger that is read in its order."""

    members: Members = field(default_factory=Members)
    _known: dict[str, Place] = field(default_factory=dict)
    """From where on the keeper knew that a key was revoked."""
    _held: dict[str, Counter[Place]] = field(default_factory=dict)
    """Where signatures by keys stand whose revocation had not been recorded by then."""

    def take(self, entry: Entry, body: MemberEvent) -> bool:
        """Take an entry that records a member document; tell whether that revokes a key.

        Raises:
            TrustError: An entry that records an earlier revocation is missing before it.
        """
        document = self._document(body)
        if document is None:
            return False
        for public in document.member.revoked:
            first = self.members.revocation_of(public)
            if first is document:
                self._known.setdefault(public, Place(index=entry.index, at=entry.at))
            elif first is not None and public not in self._known:
                version = first.member.version
                message = f"the entry about version {version} of `{body.party}` is missing before"
                raise TrustError(message, step="member.order")
        return document in self.members.revoking(body.party)

    def signers(
        self,
        envelope: Envelope,
        kind: PayloadType,
        purpose: Purpose,
        *,
        place: Place,
        is_sealed_anew: bool = False,
    ) -> frozenset[PartyId]:
        """Say whose signatures on a document hold, by the place at which it stands.

        Args:
            envelope: The document.
            kind: What it must be.
            purpose: What the keys must have been allowed to sign.
            place: Not before that of the call before.
            is_sealed_anew: Whether the keeper signed it when it made the file: its key tells
                nothing of what was known at that place.

        Raises:
            TrustError: A signature does not fit, or all are by keys known to be revoked there.
            DocumentError: The payload is not in canonical form.
        """
        found = verify_whenever(envelope, payload_type=kind, purpose=purpose, members=self.members)
        if not is_sealed_anew:
            for item in found:
                self._conclude(item, place)
        holding = frozenset(item.party for item in found if self.holds(item, place))
        if not holding:
            known = self._known[found[0].public]
            message = (
                f"it is signed by a key of `{found[0].party}` that entry {known.index} revokes"
            )
            raise TrustError(message, step="signature.revoked")
        return holding

    def holds(self, signature: VerifiedSignature, place: Place) -> bool:
        """Tell whether a signature that fits holds where it stands, and remember that it must."""
        public = signature.public
        if not self.members.is_revoked(public):
            return True
        if public in self._known:
            return False
        self._held.setdefault(public, Counter())[place] += 1
        return True

    def known_from(self, public: str) -> int | None:
        """Give the index of the entry from which on a key was known to be revoked."""
        known = self._known.get(public)
        return known.index if known is not None else None

    def is_ahead(self, public: str, size: int) -> bool:
        """Tell whether a checkpoint ends ahead of the entry that records a key's revocation."""
        if not self.members.is_revoked(public):
            return True
        known = self._known.get(public)
        return known is not None and size <= known.index

    def unproven(self, bound: Bound) -> tuple[TrustedMember, Place] | None:
        """Find the first signature of a key whose revocation no entry records.

        Without such an entry the ledger's order says nothing, and the keeper may have made the
        entry after it had the key. What others saw before the revocation holds all the same.

        Args:
            bound: How many entries others saw before a document revoked.

        Returns:
            The document that revokes the key, and where the signature stands.
        """
        found = [
            (document, place)
            for public, places in self._held.items()
            if public not in self._known and (document := self.members.revocation_of(public))
            for place in places
            if place.index >= bound(document)
        ]
        return min(found, key=lambda item: (item[1].index, item[1].line), default=None)

    def report(self, bound: Bound) -> Iterator[RevokedKey]:
        """Name every revoked key, party by party."""
        for versions in self.members.by_party.values():
            for public in versions[-1].member.revoked:
                document = self.members.revocation_of(public)
                if document is not None:
                    yield self._reported(public, document, bound(document))

    def _reported(self, public: str, document: TrustedMember, seen: int) -> RevokedKey:
        known, held = self._known.get(public), self._held.get(public, Counter[Place]())
        return RevokedKey(
            party=document.party,
            public=public,
            version=document.member.version,
            since=document.member.valid.from_,
            index=known.index if known is not None else None,
            at=known.at if known is not None else "",
            held=held.total(),
            unseen=sum(count for place, count in held.items() if place.index >= seen),
        )

    def _document(self, body: MemberEvent) -> TrustedMember | None:
        said = (body.fingerprint, body.version)
        versions = self.members.by_party.get(body.party, ())
        return next((x for x in versions if (x.fingerprint, x.member.version) == said), None)

    def _conclude(self, signature: VerifiedSignature, place: Place) -> None:
        """Whoever took over a signature by a new key knew the document that lists it.

        So the entry that records the document, and what it revokes, cannot stand behind.
        """
        listed = self.members.introduction_of(signature.public)
        for public in listed.member.revoked if listed is not None else ():
            self._known.setdefault(public, place)
