"""Issues certificates: a party's anchor, and from it the certificates of the party's node.

Pure functions of keys, serial number and time. Who believes them is for `certificates`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sekisho.model.names import PartyId
from sekisho.trust.anchors import load_certificate
from sekisho.trust.keys import load_tls_key

ANCHOR_LIFETIME = timedelta(days=3650)
"""An anchor lives as long as members rely on it; rotating it needs a new member version."""
LEAF_LIFETIME = timedelta(days=397)
"""The longest that common TLS libraries accept."""
_CLOCK_ALLOWANCE = timedelta(minutes=5)
"""A certificate holds a little before it is made, for peers whose clocks are behind."""
_MAX_NAME = 64
"""Characters of a common name, X.520's bound; the full name stands in the SAN."""


def generate_serial() -> int:
    """Draw a certificate's serial number from the operating system's randomness."""
    return x509.random_serial_number()


def make_anchor(
    party: PartyId,
    *,
    key_pem: bytes,
    serial: int,
    now: datetime,
    lifetime: timedelta = ANCHOR_LIFETIME,
) -> bytes:
    """Issue a party's own anchor, signed by itself.

    Args:
        party: Whose anchor it is.
        key_pem: The P-256 private key, which stays with people or the node.
        serial: See `generate_serial`.
        now: The certificate holds from five minutes before.
        lifetime: Until when, counted from `now`.

    Returns:
        The certificate in PEM, as the member document carries it.
    """
    key = load_tls_key(key_pem)
    name = _name(f"anchor.{party}")
    public = key.public_key()
    builder = _begin(name, issuer=name, public=public, serial=serial)
    certificate = (
        builder.not_valid_before(now - _CLOCK_ALLOWANCE)
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(issues=True), critical=True)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def make_leaf(
    party: PartyId,
    *,
    key_pem: bytes,
    anchor_pem: bytes,
    anchor_key_pem: bytes,
    serial: int,
    now: datetime,
    hosts: Sequence[str] = (),
    lifetime: timedelta = LEAF_LIFETIME,
) -> bytes:
    """Issue a party's TLS certificate from its anchor, for both ends of a connection.

    Args:
        party: The first name in the certificate's SAN.
        key_pem: The P-256 private key of the TLS server and client.
        anchor_pem: The party's anchor.
        anchor_key_pem: Its private key.
        serial: See `generate_serial`.
        now: The certificate holds from five minutes before.
        hosts: Further host names and addresses under which the node is reached.
        lifetime: Until when, counted from `now`; never beyond the anchor's end.

    Returns:
        The certificate in PEM.
    """
    anchor, anchor_key = load_certificate(anchor_pem), load_tls_key(anchor_key_pem)
    public = load_tls_key(key_pem).public_key()
    names = dict.fromkeys((x509.DNSName(party), *map(_general_name, hosts)))
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = _begin(_name(party), issuer=anchor.subject, public=public, serial=serial)
    certificate = (
        builder.not_valid_before(now - _CLOCK_ALLOWANCE)
        .not_valid_after(min(now + lifetime, anchor.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(issues=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(anchor_key.public_key()),
            critical=False,
        )
        .sign(anchor_key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _begin(
    subject: x509.Name,
    *,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    serial: int,
) -> x509.CertificateBuilder:
    """Fill in what every certificate has."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, issues: bool) -> x509.KeyUsage:
    """Let an anchor sign certificates and a leaf sign handshakes, and neither anything else."""
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    """Make a subject; a name that is too long gets its digest's beginning instead of its end."""
    if len(text) > _MAX_NAME:
        digest = sha256(text.encode()).hexdigest()[:16]
        text = f"{text[: _MAX_NAME - len(digest) - 1]}.{digest}"
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    """Write a host as an address where it is one, else as a name."""
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
