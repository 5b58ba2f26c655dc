"""Reads certificates, and says which can be a party's anchor."""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sekisho.errors import TrustError

_MAX_PEM_BYTES = 16_384
"""Of one certificate; real ones are under 2 kB."""
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read exactly one certificate from PEM.

    Raises:
        TrustError: There is none, there are several, or it cannot be read.
    """
    if len(pem) > _MAX_PEM_BYTES or pem.count(_BEGIN) != 1:
        raise TrustError("there is not exactly one PEM certificate", step="certificate.read")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        extensions_of(certificate)
    except (ValueError, UnsupportedAlgorithm):
        raise TrustError("a certificate cannot be read", step="certificate.read") from None
    return certificate


def extensions_of(certificate: x509.Certificate) -> x509.Extensions:
    """List a certificate's extensions, refusing those that stand twice."""
    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise TrustError("a certificate cannot be read", step="certificate.read") from None


def verify_anchor(pem: bytes) -> str:
    """Admit a certificate as a party's anchor.

    Returns:
        The id of its key, `p256:` and the SHA-256 of the SubjectPublicKeyInfo in hex.

    Raises:
        TrustError: It is not self-signed by a P-256 key, or may not issue certificates.

    Source:
        `docs/spec/documents.md`, section 8.
    """
    anchor = load_certificate(pem)
    public = anchor.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(
        public.curve, ec.SECP256R1
    ):
        raise TrustError("the anchor's key is not P-256", step="anchor.key")
    if not is_issued_by(anchor, anchor):
        raise TrustError("the anchor is not signed by itself", step="anchor.self_signed")
    if not _is_authority(anchor):
        raise TrustError("the anchor may not issue certificates", step="anchor.authority")
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "p256:" + hashlib.sha256(spki).hexdigest()


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether one certificate signed another directly, with ECDSA and SHA-256."""
    if not isinstance(certificate.signature_hash_algorithm, SHA256):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def holds_at(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether an instant lies within a certificate's validity, both ends included."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that it may issue others."""
    try:
        basic = extensions_of(certificate).get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return bool(basic.value.ca)
