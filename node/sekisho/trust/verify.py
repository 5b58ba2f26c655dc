"""Signatures: which parties have signed, by keys that may sign this kind of document.

Signatures are checked over the bytes that were received and counted per party: two keys of one
party, or one key under two ids, are one signature. Which parties must sign is read from the payload
afterwards, by whoever knows that kind of document; nothing acts before both hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import (
    MAX_SIGNATURES,
    Envelope,
    EnvelopeSignature,
    PayloadType,
    pae,
)
from sekisho.errors import TrustError
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.trust.keyring import Members
from sekisho.trust.keys import is_signature, public_of_id


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSignature:
    """One signature that holds, and whose it is."""

    party: PartyId
    signature: EnvelopeSignature

    @property
    def public(self) -> str:
        """The key that made it, in hex."""
        return public_of_id(self.signature.key_id)


def verify_signatures(
    envelope: Envelope,
    *,
    payload_type: PayloadType,
    purpose: Purpose,
    members: Members,
    now: datetime,
    limits: Limits = DEFAULT_LIMITS,
) -> frozenset[PartyId]:
    """Say which parties signed, when this node sees the signatures for the first time.

    Args:
        envelope: As it was received.
        payload_type: What kind of document is expected here.
        purpose: What the keys must be allowed to sign.
        members: The members that this node believes.
        now: Each key must be current: in its owner's newest document, which must hold now.
        limits: Bound the payload.

    Returns:
        At least one party.

    Raises:
        TrustError: The type is another, or any signature does not count.
        DocumentError: The payload is not in canonical form.

    Source:
        `docs/spec/documents.md`, section 7.
    """
    signatures = _signatures(envelope, payload_type)
    check = _Check(members=members, purpose=purpose, now=now)
    message = pae(envelope.payload, envelope.payload_type)
    parties = frozenset(check.party_of(item, message) for item in signatures)
    parse_canonical(envelope.payload, limits=limits)
    return parties


def verify_recorded(
    envelope: Envelope,
    *,
    payload_type: PayloadType,
    purpose: Purpose,
    members: Members,
    limits: Limits = DEFAULT_LIMITS,
) -> frozenset[PartyId]:
    """Say which parties signed, for signatures that this node has recorded before.

    Such signatures stay good after their keys were rotated out or their documents ran out; a
    revoked key's do not count any more, and are passed over: nothing is done on their word.

    Raises:
        TrustError: The type is another, or a signature does not hold.
        DocumentError: The payload is not in canonical form.

    Source:
        `docs/spec/documents.md`, section 7.
    """
    signatures = _signatures(envelope, payload_type)
    check = _Check(members=members, purpose=purpose, now=None)
    kept = [item for item in signatures if not members.is_revoked(public_of_id(item.key_id))]
    message = pae(envelope.payload, envelope.payload_type)
    parties = frozenset(check.party_of(item, message) for item in kept)
    parse_canonical(envelope.payload, limits=limits)
    return parties


def verify_whenever(
    envelope: Envelope,
    *,
    payload_type: PayloadType,
    purpose: Purpose,
    members: Members,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[VerifiedSignature, ...]:
    """Give the signatures that fit, by keys that may or might once sign this, revoked or not.

    For evidence alone: whether a revoked key's signature holds is decided there, by its place. What
    a node acts on goes through the other functions.

    Raises:
        TrustError: The type is another, or a signature does not fit.
        DocumentError: The payload is not in canonical form.

    Source:
        `docs/spec/documents.md`, section 7.
    """
    signatures = _signatures(envelope, payload_type)
    check = _Check(members=members, purpose=purpose, now=None, takes_revoked=True)
    message = pae(envelope.payload, envelope.payload_type)
    kept = tuple(
        VerifiedSignature(party=check.party_of(item, message), signature=item)
        for item in signatures
    )
    parse_canonical(envelope.payload, limits=limits)
    return kept


def sift_signatures(
    envelope: Envelope,
    *,
    payload_type: PayloadType,
    purpose: Purpose,
    members: Members,
    now: datetime,
) -> tuple[VerifiedSignature, ...]:
    """Keep the signatures that count now, for an envelope that grows from node to node.

    Raises:
        TrustError: The type is another.
        DocumentError: The payload is not in canonical form.
    """
    signatures = _signatures(envelope, payload_type)
    check = _Check(members=members, purpose=purpose, now=now)
    message = pae(envelope.payload, envelope.payload_type)
    kept = tuple(check.sift(signatures, message))
    parse_canonical(envelope.payload)
    return kept


def _signatures(envelope: Envelope, expected: PayloadType) -> tuple[EnvelopeSignature, ...]:
    """Steps 1 and 2: the document is of the expected kind, and somebody signed it."""
    if envelope.payload_type != expected:
        raise TrustError(
            f"the envelope holds `{envelope.payload_type[:80]}`, not `{expected}`",
            step="signature.type",
        )
    if not envelope.signatures:
        raise TrustError("the envelope has no signature", step="signature.none")
    if len(envelope.signatures) > MAX_SIGNATURES:
        raise TrustError(
            f"the envelope has more than {MAX_SIGNATURES} signatures", step="signature.many"
        )
    return envelope.signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """What a signature is held against."""

    members: Members
    purpose: Purpose
    now: datetime | None
    """None for signatures that were recorded before."""
    takes_revoked: bool = False
    """Whether somebody else decides about revoked keys."""

    def party_of(self, item: EnvelopeSignature, message: bytes) -> PartyId:
        """Steps 3 to 6: whose key it is, that it may sign this now, and that it did."""
        public = public_of_id(item.key_id)
        party = self.members.owner_of(public)
        if party is None:
            raise TrustError(
                "a signature is by a key that no known member lists",
                step="signature.key",
                hint="add the signer's newest member document",
            )
        if not self.takes_revoked and self.members.is_revoked(public):
            raise TrustError(
                f"a signature is by a revoked key of `{party}`", step="signature.revoked"
            )
        self._check_use(public, party)
        if not is_signature(item.signature, message, public=public):
            raise TrustError(
                f"a signature by `{party}` does not fit the document", step="signature.value"
            )
        return party

    def _check_use(self, public: str, party: PartyId) -> None:
        """Steps 4 and 5: the key is current and has the purpose."""
        if self.now is None:
            purposes = self.members.purposes_ever(public)
        else:
            purposes = self.members.purposes_now(public)
            if not purposes or not self.members.latest(party).member.valid.holds_at(self.now):
                raise TrustError(
                    f"a signature is by a key of `{party}` that is not current",
                    step="signature.current",
                    hint="the party signs again with a key of its newest member document",
                )
        if self.purpose not in purposes:
            raise TrustError(
                f"a key of `{party}` signed that may not sign for `{self.purpose}`",
                step="signature.purpose",
                hint=f"the party signs with a key whose purposes include `{self.purpose}`",
            )

    def sift(
        self, signatures: tuple[EnvelopeSignature, ...], message: bytes
    ) -> Iterator[VerifiedSignature]:
        """Give the signatures that count, in their order."""
        for item in signatures:
            try:
                yield VerifiedSignature(party=self.party_of(item, message), signature=item)
            except TrustError:
                continue
