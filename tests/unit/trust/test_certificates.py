"""Certificates: issued by the party's own anchor, in the party's own name, for now."""

import ssl
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sekisho.errors import TrustError
from sekisho.trust.anchors import load_certificate, verify_anchor
from sekisho.trust.certificates import generate_serial, make_anchor, verify_peer_certificate
from sekisho.trust.keys import generate_tls_key, load_tls_key
from support.parties import NOW, Party, members_of

UA, DL = Party(name="ua.example"), Party(name="dl.example")
MEMBERS = members_of(UA, DL)
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
BEARS_UA = x509.SubjectAlternativeName([x509.DNSName("ua.example")])


def forge(*extensions, critical=False, signed_with=SHA256, days=30, public=None):
    """Have UA's anchor sign a certificate with just these extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]))
        .issuer_name(load_certificate(UA.anchor).subject)
        .public_key(public or ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(generate_serial())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(load_tls_key(UA.anchor_key), signed_with())
    return certificate.public_bytes(Encoding.PEM)


def refuse(leaf, step, *, members=MEMBERS, now=NOW):
    with pytest.raises(TrustError) as caught:
        verify_peer_certificate(leaf, members=members, now=now)
    assert caught.value.step == step


def test_a_partys_own_certificate_is_believed_for_it():
    assert verify_peer_certificate(UA.leaf(), members=MEMBERS, now=NOW) == "ua.example"
    assert verify_peer_certificate(DL.leaf(), members=MEMBERS, now=NOW) == "dl.example"
    assert verify_peer_certificate(forge(CLIENT, BEARS_UA), members=MEMBERS, now=NOW)


def test_a_certificate_bears_the_hosts_at_which_the_node_is_reached():
    leaf = load_certificate(UA.leaf(hosts=("localhost", "127.0.0.1", "::1", "ua.example")))

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ua.example", "localhost"]
    addresses = [ip_address("127.0.0.1"), ip_address("::1")]
    assert names.get_values_for_type(x509.IPAddress) == addresses
    assert leaf.serial_number.bit_length() <= 159


def test_what_is_issued_serves_as_a_tls_chain(tmp_path):
    for name, content in {"anchor": UA.anchor, "leaf": UA.leaf(), "key": UA.tls_key}.items():
        (tmp_path / name).write_bytes(content)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf", tmp_path / "key")
    context.load_verify_locations(tmp_path / "anchor")

    assert context.cert_store_stats()["x509_ca"] == 1


def test_a_name_beyond_64_characters_stands_whole_in_the_certificate():
    party = Party(name=".".join(["a" * 60, "b" * 60, "example"]))

    leaf = party.leaf()

    assert verify_peer_certificate(leaf, members=members_of(party), now=NOW) == party.name


def test_nobody_is_believed_before_their_member_document():
    refuse(Party(name="stranger.example").leaf(), "certificate.issuer")


def test_a_certificate_holds_within_its_time_only():
    refuse(UA.leaf(), "certificate.validity", now=NOW + timedelta(days=398))
    refuse(UA.leaf(), "certificate.validity", now=NOW - timedelta(hours=1))


def test_a_certificate_counts_while_anchor_and_member_document_hold():
    long = forge(CLIENT, BEARS_UA, days=9999)

    refuse(long, "certificate.anchor", now=NOW + timedelta(days=3651))
    refuse(long, "certificate.anchor", now=NOW + timedelta(days=800))


def test_a_leaf_never_outlives_its_anchor():
    leaf = load_certificate(UA.leaf(lifetime=timedelta(days=99_999)))

    assert leaf.not_valid_after_utc == load_certificate(UA.anchor).not_valid_after_utc


@pytest.mark.parametrize(
    ("extensions", "critical", "step"),
    [
        ((BEARS_UA,), False, "certificate.usage"),
        (
            (BEARS_UA, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
            False,
            "certificate.usage",
        ),
        ((CLIENT,), False, "certificate.issuer"),
        (
            (CLIENT, x509.SubjectAlternativeName([x509.DNSName("UA.example")])),
            False,
            "certificate.issuer",
        ),
        (
            (CLIENT, x509.SubjectAlternativeName([x509.DNSName("*.example")])),
            False,
            "certificate.issuer",
        ),
        (
            (CLIENT, BEARS_UA, x509.BasicConstraints(ca=True, path_length=None)),
            True,
            "certificate.leaf",
        ),
        (
            (CLIENT, BEARS_UA, x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0")),
            True,
            "certificate.extension",
        ),
    ],
)
def test_certificates_for_other_uses_are_refused(extensions, critical, step):
    refuse(forge(*extensions, critical=critical), step)


def test_a_certificate_that_may_sign_others_is_no_leaf():
    usage = load_certificate(UA.anchor).extensions.get_extension_for_class(x509.KeyUsage).value
    refuse(forge(CLIENT, BEARS_UA, usage), "certificate.leaf")


def test_only_ecdsa_with_sha256_counts():
    refuse(forge(CLIENT, BEARS_UA, signed_with=SHA384), "certificate.issuer")


@pytest.mark.parametrize(
    "pem",
    [b"", b"x", UA.leaf() + UA.anchor, UA.leaf()[:200], b"y" * 20_000],
    ids=["nothing", "no PEM", "two", "half", "large"],
)
def test_exactly_one_readable_certificate_is_looked_at(pem):
    refuse(pem, "certificate.read")


def test_an_anchor_is_a_self_signed_p256_authority():
    assert verify_anchor(UA.anchor).startswith("p256:")
    assert verify_anchor(UA.anchor) == verify_anchor(UA.anchor) != verify_anchor(DL.anchor)
    large = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    plain = ec.generate_private_key(ec.SECP256R1())
    for private, step in ((large, "anchor.key"), (plain, "anchor.authority")):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(private.public_key())
            .serial_number(1)
            .not_valid_before(NOW)
            .not_valid_after(NOW + timedelta(days=1))
            .sign(private, SHA256())
        )
        with pytest.raises(TrustError) as caught:
            verify_anchor(certificate.public_bytes(Encoding.PEM))
        assert caught.value.step == step


def test_an_anchor_of_a_key_is_the_same_anchor_whenever_it_is_issued():
    key = generate_tls_key()
    first = make_anchor(UA.name, key_pem=key, serial=1, now=NOW)
    later = make_anchor(UA.name, key_pem=key, serial=2, now=NOW + timedelta(days=1))

    assert verify_anchor(first) == verify_anchor(later)


def test_a_certificate_with_broken_extensions_is_refused():
    broken = x509.UnrecognizedExtension(x509.oid.ExtensionOID.KEY_USAGE, b"\x00")

    refuse(forge(CLIENT, BEARS_UA, broken), "certificate.read")
