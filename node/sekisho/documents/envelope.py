"""Envelopes (DSSE): payload bytes, what kind of document they are, and who signed.

A signature covers the payload's type together with its bytes, so that none serves two kinds of
document. Nothing here is verified: whose keys these are and whether they may sign is for `trust`.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NoReturn, Protocol

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.documents.value import Value
from sekisho.errors import DocumentError, Finding
from sekisho.model.limits import DEFAULT_LIMITS, Limits

MAX_SIGNATURES = 256
"""Of one envelope; a contract of 64 parties with two rotations each needs fewer."""
SIGNATURE_BYTES = 64
"""Of an Ed25519 signature."""


class PayloadType(StrEnum):
    """The kinds of document that are signed in envelopes."""

    MEMBER = "application/vnd.sekisho.member.v1+json"
    CONTRACT = "application/vnd.sekisho.contract.v1+json"
    NOTICE = "application/vnd.sekisho.notice.v1+json"
    REQUEST = "application/vnd.sekisho.request.v1+json"
    OPENING = "application/vnd.sekisho.opening.v1+json"
    RECEIPT = "application/vnd.sekisho.receipt.v1+json"
    ACKNOWLEDGEMENT = "application/vnd.sekisho.acknowledgement.v1+json"
    EVIDENCE = "application/vnd.sekisho.evidence.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSignature:
    """One signature over an envelope's pre-authentication encoding."""

    key_id: str
    """Says which key to try; proves nothing."""
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Bytes that somebody may have signed; believed only through `trust`."""

    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def digest(self) -> str:
        """The document's id: `sha256:…` of the payload."""
        return digest_of(self.payload)


class Signer(Protocol):
    """A key that signs, wherever it lives: in memory, in a file, in an HSM, in a key service."""

    @property
    def key_id(self) -> str:
        """The id under which verifiers know the public key."""

    def sign(self, message: bytes) -> bytes:
        """Make the 64 bytes of an Ed25519 signature."""


def digest_of(payload: bytes) -> str:
    """Compute a document's id: `sha256:` and 64 hex digits of the payload's bytes."""
    return "sha256:" + hashlib.sha256(payload).hexdigest()


def pae(payload: bytes, payload_type: str) -> bytes:
    """Write the pre-authentication encoding, which is what keys sign.

    Source:
        DSSE protocol, version 1.0.2; `docs/spec/documents.md`, section 4.
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, signer: Signer) -> EnvelopeSignature:
    """Sign a payload under its type."""
    return EnvelopeSignature(
        key_id=signer.key_id, signature=signer.sign(pae(payload, payload_type))
    )


def seal(payload: bytes, payload_type: str, signers: Iterable[Signer]) -> Envelope:
    """Put a payload into an envelope with the signature of each signer."""
    return Envelope(
        payload=payload,
        payload_type=str(payload_type),
        signatures=tuple(sign(payload, payload_type, signer) for signer in signers),
    )


def add_signatures(envelope: Envelope, signatures: Iterable[EnvelopeSignature]) -> Envelope:
    """Add signatures that the envelope does not hold yet, keeping the order in which they came."""
    together = dict.fromkeys((*envelope.signatures, *signatures))
    return replace(envelope, signatures=tuple(together))


def envelope_to_json(envelope: Envelope) -> bytes:
    """Write an envelope as a file or a message carries it, in canonical JSON."""
    return canonical_json(
        {
            "payload": _to_base64(envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": item.key_id, "sig": _to_base64(item.signature)}
                for item in envelope.signatures
            ],
        }
    )


def parse_envelope_json(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, name: str = "envelope"
) -> Envelope:
    """Read an envelope as `envelope_to_json` writes it; nothing in it is believed yet.

    White space after the envelope is allowed, because editors add a line's end.

    Args:
        data: The file's or message's bytes.
        limits: Reads `max_document_bytes`, for the payload; base64 adds a third.
        name: What to call the envelope in errors.

    Raises:
        DocumentError: It is not such an envelope, or too large.
    """
    roomier = replace(limits, max_document_bytes=2 * limits.max_document_bytes)
    fields = parse_canonical(data.rstrip(b"\r\n"), limits=roomier, name=name)
    if fields.keys() != {"payload", "payloadType", "signatures"}:
        _refuse("its fields are not `payload`, `payloadType` and `signatures`", name)
    signatures, payload_type = fields["signatures"], fields["payloadType"]
    if not isinstance(signatures, list) or not isinstance(payload_type, str):
        _refuse("`signatures` is not a list or `payloadType` is not a text", name)
    if len(signatures) > MAX_SIGNATURES:
        _refuse(f"it has {len(signatures)} signatures, more than {MAX_SIGNATURES}", name)
    return Envelope(
        payload=_from_base64(fields["payload"], name),
        payload_type=payload_type,
        signatures=tuple(_parse_signature(item, name) for item in signatures),
    )


def _parse_signature(item: Value, name: str) -> EnvelopeSignature:
    """Read one entry of `signatures`."""
    if not isinstance(item, dict) or item.keys() != {"keyid", "sig"}:
        _refuse("a signature's fields are not `keyid` and `sig`", name)
    key_id = item["keyid"]
    if not isinstance(key_id, str):
        _refuse("a signature's `keyid` is not a text", name)
    return EnvelopeSignature(key_id=key_id, signature=_from_base64(item["sig"], name))


def _to_base64(data: bytes) -> str:
    """Write bytes in the standard alphabet with padding."""
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: Value, name: str) -> bytes:
    """Read bytes in the one spelling that `_to_base64` gives them."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if _to_base64(data) != text:
        _refuse("a field is not standard base64", name)
    return data


def _refuse(message: str, name: str) -> NoReturn:
    """Raise the first finding; what follows it would be guesswork."""
    raise DocumentError((Finding(message=message),), name=name)
