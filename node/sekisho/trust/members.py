"""The numbered way from an envelope to a believed member document."""

from datetime import datetime

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import MAX_SIGNATURES, Envelope, PayloadType, pae
from sekisho.documents.models import check_texts, parse_value
from sekisho.errors import DocumentError, TrustError
from sekisho.model.member import Member, Purpose
from sekisho.trust.anchors import verify_anchor
from sekisho.trust.keyring import Members, TrustedMember, check_ownership, check_succession
from sekisho.trust.keys import (
    is_signature,
    public_of_id,
    verify_agreement_public,
    verify_signing_public,
)

__all__ = ["Members", "TrustedMember", "verify_member"]


def verify_member(
    envelope: Envelope, *, known: Members, now: datetime, fingerprint: str = ""
) -> TrustedMember:
    """Believe a member document, or say at which step it fails.

    Args:
        envelope: As it was received.
        known: The members that this node believes already; a document that is among them is
            believed again.
        now: Must lie within the document's validity. For a document read back from this node's
            own store, the instant at which it was first recorded.
        fingerprint: What people compared out of band, when they did; the document must have it.

    Returns:
        The believed document, to be given to `Members.add`.

    Raises:
        TrustError: With the step that failed.
        DocumentError: The payload is not a member document.

    Source:
        `docs/spec/documents.md`, section 6; the steps below carry its numbers.
    """
    proven = _prove_possession(envelope)
    member = _read(envelope)
    trusted = _admit(member, envelope)
    _compare(trusted, fingerprint)
    versions = known.by_party.get(trusted.party, ())
    for version in versions:
        if version.fingerprint == trusted.fingerprint:
            return version
    check_succession(trusted, versions)
    _require_signatures(trusted, proven, versions)
    check_ownership(trusted, known.owners)
    if not member.valid.holds_at(now):
        raise TrustError(
            f"the member document of `{trusted.party}` does not hold now",
            step="member.validity",
            hint="check this node's clock, or ask the party for a newer document",
        )
    return trusted


def _prove_possession(envelope: Envelope) -> frozenset[str]:
    """Steps 1 and 2: the type is right, and every signature verifies over the received bytes.

    A key's id is the key itself, so this needs nothing from the payload.
    """
    if envelope.payload_type != PayloadType.MEMBER:
        raise TrustError("the envelope does not hold a member document", step="member.type")
    if not 0 < len(envelope.signatures) <= MAX_SIGNATURES:
        raise TrustError("the envelope has no signature, or too many", step="member.signatures")
    message = pae(envelope.payload, envelope.payload_type)
    proven = set()
    for item in envelope.signatures:
        public = public_of_id(item.key_id)
        if not public or not is_signature(item.signature, message, public=public):
            raise TrustError("a signature does not hold", step="member.signature")
        proven.add(public)
    return frozenset(proven)


def _read(envelope: Envelope) -> Member:
    """Step 3: the payload is the canonical form of a member document that people can read."""
    value = parse_canonical(envelope.payload, name="member")
    if findings := tuple(check_texts(value)):
        raise DocumentError(findings, name="member")
    return parse_value(value, Member, name="member")


def _admit(member: Member, envelope: Envelope) -> TrustedMember:
    """Step 4: no key is weak, and the anchor can be one."""
    for key in member.keys:
        verify_signing_public(key.public)
    verify_agreement_public(member.agreement)
    anchor_id = verify_anchor(member.tls_anchor.encode())
    return TrustedMember(
        member=member,
        fingerprint=envelope.digest,
        first=member.first or envelope.digest,
        anchor_id=anchor_id,
        envelope=envelope,
    )


def _compare(trusted: TrustedMember, fingerprint: str) -> None:
    """Step 5: it is the document that people compared."""
    if fingerprint and fingerprint.removeprefix("sha256:") != trusted.fingerprint[7:]:
        raise TrustError(
            f"the member document of `{trusted.party}` has another fingerprint",
            step="member.fingerprint",
            hint="ask the party for its fingerprint again, by telephone",
        )


def _require_signatures(
    trusted: TrustedMember, proven: frozenset[str], versions: tuple[TrustedMember, ...]
) -> None:
    """Step 7: the keys have signed that make this the party's own statement.

    A first contact has nothing to stand on, so every key must show that it is there. Afterwards a
    `member` key of the known version vouches, and only new keys must show themselves.
    """
    listed = trusted.member.public_keys
    before = versions[-1].member if versions else None
    if before is not None and not before.keys_for(Purpose.MEMBER) & proven:
        raise TrustError(
            f"no `member` key of the known version {before.version} of `{trusted.party}` signed",
            step="member.authority",
            hint="the party signs a new version with the old `member` key as well",
        )
    missing = listed - proven - (before.public_keys if before else frozenset())
    if missing:
        raise TrustError(
            f"{len(missing)} of the keys of `{trusted.party}` did not sign its member document",
            step="member.possession",
            hint="the party signs with every key; at first contact, begin with its first version",
        )
    # A later version is signed by keys of the one before, which a first contact does not know.
    is_unknown = before is None and trusted.member.version > 1
    stray = proven - listed - (before.public_keys if before else frozenset())
    if stray and not is_unknown:
        raise TrustError(
            f"a key that `{trusted.party}` does not list signed its member document",
            step="member.stray",
        )
