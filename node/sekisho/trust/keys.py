"""Keys: made on request, read from PEM, named by an id, and refused when they prove nothing.

Signing keys are Ed25519, agreement keys X25519, TLS keys P-256. Private keys travel as PEM bytes
(PKCS #8), which the caller reads and writes; a signing key can live elsewhere, see `remote`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sekisho.documents.envelope import Signer
from sekisho.errors import TrustError
from sekisho.model.member import HEX_32_PATTERN
from sekisho.trust.curve import check_agreement_key, check_signing_key

__all__ = [
    "LocalSigner",
    "Signer",
    "agreement_public",
    "generate_agreement_key",
    "generate_signing_key",
    "generate_tls_key",
    "is_signature",
    "key_id",
    "load_agreement_key",
    "load_signer",
    "load_tls_key",
    "public_of_id",
    "verify_agreement_public",
    "verify_signing_public",
]

_ID_PREFIX = "ed25519:"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSigner:
    """A signing key in this process's memory."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public key in hex, as member documents list it."""
        return self.private.public_key().public_bytes_raw().hex()

    @property
    def key_id(self) -> str:
        """The id under which verifiers know the public key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """Make the 64 bytes of an Ed25519 signature."""
        return self.private.sign(message)


def generate_signing_key() -> bytes:
    """Make an Ed25519 key from the operating system's randomness; returns PEM."""
    return _to_pem(Ed25519PrivateKey.generate())


def generate_agreement_key() -> bytes:
    """Make an X25519 key from the operating system's randomness; returns PEM."""
    return _to_pem(X25519PrivateKey.generate())


def generate_tls_key() -> bytes:
    """Make a P-256 key from the operating system's randomness; returns PEM."""
    return _to_pem(ec.generate_private_key(ec.SECP256R1()))


def load_signer(pem: bytes) -> LocalSigner:
    """Read an Ed25519 signing key from unencrypted PKCS #8 PEM.

    Raises:
        TrustError: The bytes are not such a key.
    """
    private = _load_private(pem)
    if not isinstance(private, Ed25519PrivateKey):
        raise _wrong_kind("an Ed25519 signing key")
    return LocalSigner(private=private)


def load_agreement_key(pem: bytes) -> X25519PrivateKey:
    """Read an X25519 agreement key from unencrypted PKCS #8 PEM.

    Raises:
        TrustError: The bytes are not such a key.
    """
    private = _load_private(pem)
    if not isinstance(private, X25519PrivateKey):
        raise _wrong_kind("an X25519 agreement key")
    return private


def load_tls_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a P-256 TLS key from unencrypted PKCS #8 PEM.

    Raises:
        TrustError: The bytes are not such a key.
    """
    private = _load_private(pem)
    is_p256 = isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(
        private.curve, ec.SECP256R1
    )
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not is_p256:
        raise _wrong_kind("a P-256 TLS key")
    return private


def agreement_public(pem: bytes) -> str:
    """Compute the public half of an X25519 agreement key, in hex."""
    return load_agreement_key(pem).public_key().public_bytes_raw().hex()


def key_id(public: str) -> str:
    """Name an Ed25519 public key: `ed25519:` and its 64 hex digits."""
    return _ID_PREFIX + public


def public_of_id(text: str) -> str:
    """Take the public key out of its id; an empty text when it is not an id."""
    public = text.removeprefix(_ID_PREFIX)
    is_id = text.startswith(_ID_PREFIX) and re.fullmatch(HEX_32_PATTERN, public)
    return public if is_id else ""


def verify_signing_public(public: str) -> None:
    """Admit an Ed25519 public key, given in hex.

    Raises:
        TrustError: It is of low order, off the curve, or has a second spelling.

    Source:
        `docs/spec/documents.md`, section 5.
    """
    if problem := check_signing_key(bytes.fromhex(public)):
        raise TrustError(f"the signing key `{public}` {problem}", step="key.point")


def verify_agreement_public(public: str) -> None:
    """Admit an X25519 public key, given in hex.

    Raises:
        TrustError: It is of low order or has a second spelling.
    """
    if problem := check_agreement_key(bytes.fromhex(public)):
        raise TrustError(f"the agreement key `{public}` {problem}", step="key.point")


def is_signature(signature: bytes, message: bytes, *, public: str) -> bool:
    """Tell whether a signature over a message was made with the private half of a key."""
    try:
        _load_public(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _load_public(public: str) -> Ed25519PublicKey:
    """Read a public key once; a node checks requests of the same few keys all day."""
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))


def _load_private(pem: bytes) -> object:
    """Read a private key of any kind."""
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise TrustError(
            "a key file does not hold an unencrypted PEM key",
            step="key.read",
            hint="restore the file from a backup, or rotate the key",
        ) from None


def _wrong_kind(expected: str) -> TrustError:
    """Say which kind of key was needed."""
    return TrustError(f"a key file does not hold {expected}", step="key.kind")


def _to_pem(
    private: Ed25519PrivateKey | X25519PrivateKey | ec.EllipticCurvePrivateKey,
) -> bytes:
    """Write a private key as unencrypted PKCS #8 PEM."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
