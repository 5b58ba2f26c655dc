"""Keys: which are admitted, how they are named, and that each kind is only itself."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, CryptoSigner

from sekisho.errors import TrustError
from sekisho.trust.curve import check_agreement_key, check_signing_key
from sekisho.trust.keys import (
    LocalSigner,
    agreement_public,
    generate_agreement_key,
    generate_signing_key,
    generate_tls_key,
    is_signature,
    key_id,
    load_agreement_key,
    load_signer,
    load_tls_key,
    public_of_id,
    verify_agreement_public,
    verify_signing_public,
)
from sekisho.trust.remote import signer_at
from support.vectors import load_vectors


@pytest.mark.parametrize("case", load_vectors("trust/signing_keys"))
def test_standard_keys_are_admitted_and_sign_as_the_standard_says(case):
    message = bytes.fromhex(case["message"])
    signer = LocalSigner(
        private=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["secret"]))
    )

    verify_signing_public(case["public"])
    assert signer.public == case["public"]
    assert signer.sign(message).hex() == case["signature"]
    assert is_signature(signer.sign(message), message, public=case["public"])


@pytest.mark.parametrize("case", load_vectors("trust/signing_keys_refused"))
def test_weak_signing_keys_are_refused(case):
    with pytest.raises(TrustError, match=case["message"]) as caught:
        verify_signing_public(case["public"])

    assert caught.value.step == "key.point"


@pytest.mark.parametrize("case", load_vectors("trust/agreement_keys_refused"))
def test_weak_agreement_keys_are_refused(case):
    with pytest.raises(TrustError, match=case["message"]) as caught:
        verify_agreement_public(case["public"])

    assert caught.value.step == "key.point"


def test_keys_of_another_length_are_refused():
    assert check_signing_key(bytes(31)) == check_agreement_key(bytes(33)) == "has not 32 bytes"


def test_fresh_keys_are_admitted_and_differ():
    signers = [load_signer(generate_signing_key()) for _ in range(4)]
    agreements = [agreement_public(generate_agreement_key()) for _ in range(4)]

    for signer in signers:
        verify_signing_public(signer.public)
    for public in agreements:
        verify_agreement_public(public)
    assert len({signer.public for signer in signers} | set(agreements)) == 8


def test_an_id_is_the_key_itself_and_nothing_else_is_an_id():
    public = "ab" * 32

    assert key_id(public) == f"ed25519:{public}"
    assert public_of_id(key_id(public)) == public
    for other in (public, "ed25519:", f"ed25519:{public}\n", key_id(public.upper()), "x25519:a"):
        assert public_of_id(other) == ""


def test_each_kind_of_key_is_only_itself():
    signing, agreement, tls = generate_signing_key(), generate_agreement_key(), generate_tls_key()

    for load, right in (
        (load_signer, signing),
        (load_agreement_key, agreement),
        (load_tls_key, tls),
    ):
        load(right)
        for wrong in {signing, agreement, tls} - {right}:
            with pytest.raises(TrustError, match=r"a key file does not hold an? ") as caught:
                load(wrong)
            assert caught.value.step == "key.kind"


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_tls_keys_are_p256(private):
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(TrustError, match="P-256"):
        load_tls_key(pem)


def test_unreadable_and_encrypted_files_are_refused_without_a_password_prompt():
    encrypted = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    for pem in (b"", b"garbage", generate_signing_key()[:60], encrypted):
        with pytest.raises(TrustError, match="unencrypted PEM") as caught:
            load_signer(pem)
        assert caught.value.step == "key.read"


def test_a_wrong_signature_is_told_from_a_right_one():
    signer = load_signer(generate_signing_key())
    signature = signer.sign(b"a")

    assert is_signature(signature, b"a", public=signer.public)
    assert not is_signature(signature, b"b", public=signer.public)
    assert not is_signature(signature[:-1], b"a", public=signer.public)
    assert not is_signature(b"", b"a", public=signer.public)


def test_a_key_can_live_elsewhere_and_is_reached_by_its_uri(tmp_path):
    pem = generate_signing_key()
    (tmp_path / "signing.pem").write_bytes(pem)
    here = load_signer(pem)

    there = signer_at(f"file2:{tmp_path}/signing.pem", here.public)

    assert there.key_id == here.key_id
    assert there.sign(b"a") == here.sign(b"a")


def test_a_key_elsewhere_must_be_the_one_that_is_meant(tmp_path):
    (tmp_path / "signing.pem").write_bytes(generate_signing_key())
    other = load_signer(generate_signing_key()).public

    for uri in (f"file2:{tmp_path}/signing.pem", f"file2:{tmp_path}/none.pem", "nowhere:x"):
        with pytest.raises(TrustError, match=r"cannot be used|is another one") as caught:
            signer_at(uri, other)
        assert caught.value.step == "key.uri"


def test_a_service_that_signs_with_another_key_is_found_out(monkeypatch):
    class Confused(CryptoSigner):
        @classmethod
        def from_priv_key_uri(cls, *_):
            return CryptoSigner.generate_ed25519()

    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "confused", Confused)

    with pytest.raises(TrustError, match="is another one"):
        signer_at("confused:key", load_signer(generate_signing_key()).public)
