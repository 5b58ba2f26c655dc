"""The member document: who a party is, by which keys it is known, and where its node listens.

The document is made by a node, signed by its own keys and handed to other companies. Whether it
is believed is decided in `trust`; this module only says what it holds.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sekisho.model.instants import parse_instant
from sekisho.model.iso import COUNTRIES
from sekisho.model.names import ID_PATTERN, PartyId, is_party
from sekisho.model.terms import DocumentModel, ShortText, mistake

MEMBER_FORMAT = "sekisho.member/v1"
HEX_32_PATTERN = r"^[0-9a-f]{64}$"
"""32 bytes in lower-case hex."""
_ENDPOINT = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253}):([1-9][0-9]{0,4})")
_MAX_PORT = 65_535


class Purpose(StrEnum):
    """What a signing key may sign."""

    MEMBER = "member"
    """The next version of the party's own member document; held by people."""
    CONTRACT = "contract"
    """Contracts; held by people."""
    NOTICE = "notice"
    """Terminations, suspensions and rejections; held by people."""
    REQUEST = "request"
    """Questions to other nodes; held by the serving node."""
    RECEIPT = "receipt"
    """Statements about answers; held by the serving node."""
    CHECKPOINT = "checkpoint"
    """Heads of the ledger; held by the serving node."""


PEOPLE_PURPOSES = frozenset({Purpose.MEMBER, Purpose.CONTRACT, Purpose.NOTICE})
NODE_PURPOSES = frozenset({Purpose.REQUEST, Purpose.RECEIPT, Purpose.CHECKPOINT})


def _check_party(text: str) -> str:
    if not is_party(text):
        raise mistake(f"`{text[:60]}` is not a party's name", "write a lower-case host name")
    return text


def _check_country(text: str) -> str:
    if text not in COUNTRIES:
        raise mistake(f"`{text[:60]}` is not a country", "write two capitals of ISO 3166, as `JP`")
    return text


def _check_instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError:
        raise mistake(
            f"`{text[:60]}` is not an instant", "write it as `2026-12-01T05:00:00Z`"
        ) from None
    return text


def _check_endpoint(text: str) -> str:
    found = _ENDPOINT.fullmatch(text)
    if not found or int(found[2]) > _MAX_PORT:
        raise mistake(f"`{text[:60]}` is not an endpoint", "write `host:port` in lower case")
    return text


Hex32 = Annotated[str, StringConstraints(pattern=HEX_32_PATTERN)]
Instant = Annotated[str, AfterValidator(_check_instant)]
Endpoint = Annotated[str, AfterValidator(_check_endpoint)]


class SigningKey(DocumentModel):
    """One Ed25519 public key and what it may sign."""

    public: Hex32
    """The 32 bytes of RFC 8032, in hex."""
    purposes: tuple[Purpose, ...] = Field(min_length=1, max_length=len(Purpose))

    @model_validator(mode="after")
    def _check(self) -> "SigningKey":
        if len(set(self.purposes)) != len(self.purposes):
            raise mistake("a key names a purpose twice", "name each purpose once")
        return self


class Validity(DocumentModel):
    """From when until when a document holds, half-open, in UTC."""

    from_: Instant = Field(alias="from")
    until: Instant

    @model_validator(mode="after")
    def _check(self) -> "Validity":
        if self.starts_at >= self.ends_at:
            raise mistake("`until` is not after `from`", "write a later `until`")
        return self

    @property
    def starts_at(self) -> datetime:
        """The first instant at which the document holds."""
        return parse_instant(self.from_)

    @property
    def ends_at(self) -> datetime:
        """The first instant at which it holds no longer."""
        return parse_instant(self.until)

    def holds_at(self, now: datetime) -> bool:
        """Tell whether an instant lies within."""
        return self.starts_at <= now < self.ends_at


class Member(DocumentModel):
    """A party's statement about itself, version by version."""

    format: Literal["sekisho.member/v1"]
    party: Annotated[str, AfterValidator(_check_party)]
    version: int = Field(ge=1, le=1_000_000)
    first: Annotated[str, StringConstraints(pattern=ID_PATTERN)] | None = None
    """Fingerprint of version 1; in every later version and not in the first."""
    legal_name: ShortText | None = None
    country: Annotated[str, AfterValidator(_check_country)] | None = None
    """ISO 3166 alpha-2; declared, not proved."""
    valid: Validity
    endpoints: tuple[Endpoint, ...] = Field(max_length=16)
    """Where its node's peers' face listens; none for a partner without a node."""
    keys: tuple[SigningKey, ...] = Field(min_length=1, max_length=64)
    revoked: tuple[Hex32, ...] = Field(default=(), max_length=1024)
    """Public keys on whose word nothing is done any more, whenever they signed."""
    tls_anchor: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    """PEM of the certificate that directly issues the node's TLS certificates."""
    agreement: Hex32
    """X25519 public key of RFC 7748, in hex."""

    @model_validator(mode="after")
    def _check(self) -> "Member":
        public = [item.public for item in self.keys]
        if len(set(public)) != len(public):
            raise mistake("a key is listed twice", "list each key once, with all its purposes")
        if set(public) & set(self.revoked):
            raise mistake("a key is both listed and revoked", "take it out of one of the lists")
        if not any(Purpose.MEMBER in item.purposes for item in self.keys):
            raise mistake("no key has the purpose `member`", "list one, or no version can follow")
        if (self.version == 1) != (self.first is None):
            raise mistake(
                "`first` belongs to every version after the first",
                "write the fingerprint of version 1 from version 2 on",
            )
        return self

    @property
    def party_id(self) -> PartyId:
        """The party that this document is about."""
        return PartyId(self.party)

    @property
    def public_keys(self) -> frozenset[str]:
        """All signing keys that are listed, in hex."""
        return frozenset(item.public for item in self.keys)

    def keys_for(self, purpose: Purpose) -> frozenset[str]:
        """The signing keys that may sign for a purpose, in hex."""
        return frozenset(item.public for item in self.keys if purpose in item.purposes)
