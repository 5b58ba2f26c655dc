"""Pseudonym keys: fixed by contract and provider, and shared by no two of them."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sekisho.errors import TrustError
from sekisho.trust.keys import generate_agreement_key, generate_signing_key
from sekisho.trust.pseudonym import derive_pseudonym_keys
from support.vectors import load_vectors


@pytest.mark.parametrize("case", load_vectors("trust/pseudonyms"))
def test_keys_and_pseudonyms_are_as_specified(case):
    secret = X25519PrivateKey.from_private_bytes(bytes.fromhex(case["secret"]))
    pem = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    keys = derive_pseudonym_keys(pem, contract=case["contract"], provider=case["provider"])

    inner = hashlib.sha256((keys.k1 + case["text"]).encode()).hexdigest()
    assert (keys.k1, keys.k2) == (case["k1"], case["k2"])
    assert hashlib.sha256((keys.k2 + inner).encode()).hexdigest() == case["pseudonym"]


def test_no_two_contracts_providers_or_agreement_keys_share_a_key():
    first, second = generate_agreement_key(), generate_agreement_key()

    pairs = [
        derive_pseudonym_keys(pem, contract=contract, provider=provider)
        for pem in (first, second)
        for contract in ("sha256:a", "sha256:b")
        for provider in ("ua.example", "dl.example")
    ]

    assert len({key for pair in pairs for key in pair}) == 16


def test_only_an_agreement_key_gives_pseudonym_keys():
    with pytest.raises(TrustError, match="X25519"):
        derive_pseudonym_keys(generate_signing_key(), contract="a", provider="b")
