"""Signing keys that live elsewhere: a file, an HSM, a cloud key service, named by a URI.

The schemes are those of `securesystemslib`, such as `file2:`, `hsm:`, `awskms:` and `gcpkms:`.
Apart from `keys`, so that only who needs such a key pays for loading that library.
"""

from collections.abc import Callable
from dataclasses import dataclass

from securesystemslib.signer import (  # type: ignore[attr-defined]  # it has no `__all__`
    Signer as LibrarySigner,
)
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from sekisho.errors import TrustError
from sekisho.trust.keys import is_signature, key_id

_PROBE = b"sekisho: is this the key that the member document lists?"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSigner:
    """A signing key behind one of the library's signers."""

    signer: LibrarySigner
    public: str
    """In hex, as member documents list it."""

    @property
    def key_id(self) -> str:
        """The id under which verifiers know the public key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """Have the 64 bytes of an Ed25519 signature made."""
        return bytes.fromhex(self.signer.sign(message).signature)


def signer_at(
    uri: str, public: str, *, secrets: Callable[[str], str] | None = None
) -> RemoteSigner:
    """Reach a signing key by its URI, and see that it is the one that is meant.

    Args:
        uri: Such as `file2:keys/signing.pem`.
        public: The Ed25519 public key in hex.
        secrets: Asked for a PIN or passphrase, by its name.

    Raises:
        TrustError: There is no such key, it cannot be used, or it is another one.
    """
    library_key = SSlibKey(key_id(public), "ed25519", "ed25519", {"public": public})
    try:
        signer = LibrarySigner.from_priv_key_uri(uri, library_key, secrets)
        found = RemoteSigner(signer=signer, public=public)
        is_ours = is_signature(found.sign(_PROBE), _PROBE, public=public)
    except Exception as error:  # the library documents no closed list of what it raises
        raise TrustError(f"the signing key at `{uri}` cannot be used", step="key.uri") from error
    if not is_ours:
        raise TrustError(f"the signing key at `{uri}` is another one", step="key.uri")
    return found
