"""Companies with real keys and certificates, made afresh for a test."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sekisho.documents.canonical import canonical_json
from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.model.member import MEMBER_FORMAT, NODE_PURPOSES, PEOPLE_PURPOSES
from sekisho.model.names import PartyId
from sekisho.trust.certificates import generate_serial, make_anchor, make_leaf
from sekisho.trust.keys import (
    LocalSigner,
    agreement_public,
    generate_agreement_key,
    generate_signing_key,
    generate_tls_key,
    load_signer,
)
from sekisho.trust.members import Members, verify_member

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Party:
    """One company: its people's key, its node's key, its TLS keys and its agreement key."""

    name: PartyId
    people: LocalSigner = field(default_factory=lambda: load_signer(generate_signing_key()))
    node: LocalSigner = field(default_factory=lambda: load_signer(generate_signing_key()))
    anchor_key: bytes = field(default_factory=generate_tls_key)
    tls_key: bytes = field(default_factory=generate_tls_key)
    agreement: bytes = field(default_factory=generate_agreement_key)

    @property
    def anchor(self) -> bytes:
        """Issue the party's anchor."""
        return make_anchor(self.name, key_pem=self.anchor_key, serial=generate_serial(), now=NOW)

    def leaf(self, *, bearing: str = "", **options: Any) -> bytes:
        """Issue the party's TLS certificate, or one that bears another name."""
        return make_leaf(
            PartyId(bearing or self.name),
            key_pem=self.tls_key,
            anchor_pem=self.anchor,
            anchor_key_pem=self.anchor_key,
            serial=generate_serial(),
            now=NOW,
            **options,
        )

    def document(self, **changes: Any) -> dict[str, Any]:
        """Write version 1 of the member document, with changes; a change to None leaves out."""
        value = {
            "format": MEMBER_FORMAT,
            "party": self.name,
            "version": 1,
            "country": "JP",
            "valid": {"from": "2026-11-01T00:00:00Z", "until": "2028-11-01T00:00:00Z"},
            "endpoints": [f"{self.name}:7443"],
            "keys": [
                {"public": self.people.public, "purposes": sorted(PEOPLE_PURPOSES)},
                {"public": self.node.public, "purposes": sorted(NODE_PURPOSES)},
            ],
            "tls_anchor": self.anchor.decode(),
            "agreement": agreement_public(self.agreement),
        } | changes
        return {key: item for key, item in value.items() if item is not None}

    def member(self, *, signers: tuple[LocalSigner, ...] = (), **changes: Any) -> Envelope:
        """Sign a member document, with both keys unless others are named."""
        payload = canonical_json(self.document(**changes))
        return seal(payload, PayloadType.MEMBER, signers or (self.people, self.node))


def members_of(*parties: Party) -> Members:
    """Believe the first member document of each party."""
    members = Members()
    for party in parties:
        members = members.add(verify_member(party.member(), known=members, now=NOW))
    return members
