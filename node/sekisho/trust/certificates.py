"""TLS certificates: who may issue them, and for whom one is believed.

Each party has one anchor, a P-256 certificate in its member document, which issues the party's TLS
certificates directly. A TLS library that trusts all members' anchors at once would let any member
issue a certificate in another's name, so the library's word is not enough: a certificate counts
for the party whose own anchor signed it and whose name it bears, and for nobody else.
"""

from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sekisho.errors import TrustError
from sekisho.model.names import PartyId
from sekisho.trust.anchors import extensions_of, holds_at, is_issued_by, load_certificate
from sekisho.trust.issue import generate_serial, make_anchor, make_leaf
from sekisho.trust.keyring import Members

__all__ = ["generate_serial", "make_anchor", "make_leaf", "verify_peer_certificate"]

_KNOWN = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
)
"""Extensions that are looked at here, so that they may be critical."""


def verify_peer_certificate(leaf_pem: bytes, *, members: Members, now: datetime) -> PartyId:
    """Say whose certificate a peer has shown, at every call.

    TLS has proved that the peer holds the certificate's private key. The answer depends on the
    three arguments alone, so callers may remember it for the same certificate and members, for a
    few seconds.

    Args:
        leaf_pem: The peer's certificate as TLS received it.
        members: The members that this node believes.
        now: Held against the validity of certificate, anchor and member document.

    Raises:
        TrustError: No party's own anchor signed it in that party's name, or it does not hold now.

    Source:
        `docs/spec/documents.md`, section 8.
    """
    leaf = load_certificate(leaf_pem)
    _check_leaf(leaf, now)
    for party in _parties_named(leaf, members):
        member = members.latest(party).member
        anchor = load_certificate(member.tls_anchor.encode())
        if not is_issued_by(leaf, anchor):
            continue
        if not holds_at(anchor, now) or not member.valid.holds_at(now):
            raise TrustError(
                f"the anchor or member document of `{party}` does not hold now",
                step="certificate.anchor",
                hint="ask the party for a newer member document",
            )
        return party
    raise TrustError(
        "no party's own anchor issued the certificate in that party's name",
        step="certificate.issuer",
        hint="add the member first; a member issues certificates in its own name only",
    )


def _check_leaf(leaf: x509.Certificate, now: datetime) -> None:
    """Refuse certificates that hold at another time, issue others, or are not for clients."""
    if not holds_at(leaf, now):
        raise TrustError("the certificate does not hold now", step="certificate.validity")
    extensions = extensions_of(leaf)
    if not any(_is_for_clients(item) for item in extensions):
        raise TrustError("the certificate is not for TLS clients", step="certificate.usage")
    if _issues(extensions):
        raise TrustError("the certificate can issue others", step="certificate.leaf")
    if any(item.critical and not isinstance(item.value, _KNOWN) for item in extensions):
        raise TrustError(
            "the certificate has an unknown critical extension", step="certificate.extension"
        )


def _is_for_clients(item: x509.Extension[x509.ExtensionType]) -> bool:
    """Tell whether an extension names the use that a calling peer makes of its certificate."""
    usage = item.value
    return isinstance(usage, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CLIENT_AUTH in usage


def _issues(extensions: x509.Extensions) -> bool:
    """Tell whether a certificate claims to issue others."""
    for item in extensions:
        if isinstance(item.value, x509.BasicConstraints) and item.value.ca:
            return True
        if isinstance(item.value, x509.KeyUsage) and item.value.key_cert_sign:
            return True
    return False


def _parties_named(leaf: x509.Certificate, members: Members) -> list[PartyId]:
    """List the members whose names the certificate bears."""
    try:
        names = extensions_of(leaf).get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    found = (PartyId(name) for name in names.get_values_for_type(x509.DNSName))
    return [party for party in dict.fromkeys(found) if party in members]
