"""Keys for pseudonyms: a value has one pseudonym in a contract, and no two contracts share it.

A provider derives two keys for each contract from the private half of its agreement key, so nothing
more has to be kept or backed up. An engine computes `sha256(k2 || sha256(k1 || text))`, where
keys and digests are texts in hex; the two keys keep the hash from being extended, or guessed by
whoever has the value alone.
"""

from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sekisho.documents.canonical import canonical_json
from sekisho.model.names import ContractId, PartyId
from sekisho.trust.keys import load_agreement_key

_KEY_BYTES = 32
_SALT = b"sekisho.pseudonym/v1"


class PseudonymKeys(NamedTuple):
    """The two keys of a nested hash, in hex; the only secret that an engine is handed."""

    k1: str
    k2: str


def derive_pseudonym_keys(
    agreement_pem: bytes, *, contract: ContractId, provider: PartyId
) -> PseudonymKeys:
    """Derive the pseudonym keys of one contract at one provider.

    Args:
        agreement_pem: The provider's X25519 private key.
        contract: The whole id.
        provider: Whose data gets pseudonyms.

    Raises:
        TrustError: The PEM holds no X25519 key.

    Source:
        RFC 5869 with SHA-256; `docs/spec/documents.md`, section 9.
    """
    info = canonical_json({"contract": contract, "provider": provider})
    derivation = HKDF(algorithm=SHA256(), length=2 * _KEY_BYTES, salt=_SALT, info=info)
    both = derivation.derive(load_agreement_key(agreement_pem).private_bytes_raw())
    return PseudonymKeys(both[:_KEY_BYTES].hex(), both[_KEY_BYTES:].hex())
