"""Connections that are not the party's they claim to be.

expect: the handshake or the check of the certificate refuses (UNAVAILABLE or UNAUTHENTICATED)
effect: no service is reached
source: docs/spec/documents.md, sections 8 and 9
"""

import socket
import ssl
from datetime import UTC, datetime

import grpc
import pytest

from sekisho.client.peer import Credentials
from sekisho.errors import PeerError, TrustError
from sekisho.model.names import ContractId, PartyId
from sekisho.trust.issue import generate_serial, make_anchor, make_leaf
from sekisho.trust.keys import generate_tls_key
from support.asking import ask, request, sealed, table_of

pytestmark = pytest.mark.e2e


def leaf(party: str, issuer) -> Credentials:
    """A certificate in a party's name, issued by a company's own anchor."""
    key = generate_tls_key()
    certificate = make_leaf(
        PartyId(party),
        key_pem=key,
        anchor_pem=issuer.folder.certificate("anchor").read_bytes(),
        anchor_key_pem=issuer.folder.key("anchor").read_bytes(),
        serial=generate_serial(),
        now=datetime.now(UTC),
    )
    return Credentials(key=key, certificate=certificate)


def test_a_certificate_that_another_members_anchor_issued_in_a_partys_name_is_refused(pair):
    # The provider is the attacker's anchor here: the handshake knows it, only the check refuses.
    peer = pair.maker.peer_at(pair.ua, leaf("maker.example", issuer=pair.ua))
    with pytest.raises(TrustError, match="not believed"):
        peer.list_granted_datasets(ContractId(pair.contract))
    peer.close()


def test_another_members_certificate_cannot_ask_in_the_consumers_name(pair):
    asked = request(pair.maker, pair.ua, pair.contract, "SELECT origin FROM flights")
    peer = pair.maker.peer_at(pair.ua, pair.ua.credentials())
    asking = ask(peer, sealed(pair.maker, asked), asked)
    with pytest.raises(TrustError, match="not believed"):
        table_of(asking)
    assert asking.tally.bytes == 0
    peer.close()


def test_a_strangers_certificate_does_not_shake_hands(pair):
    key = generate_tls_key()
    anchor_key = generate_tls_key()
    now = datetime.now(UTC)
    anchor = make_anchor(
        PartyId("evil.example"), key_pem=anchor_key, serial=generate_serial(), now=now
    )
    certificate = make_leaf(
        PartyId("maker.example"),
        key_pem=key,
        anchor_pem=anchor,
        anchor_key_pem=anchor_key,
        serial=generate_serial(),
        now=now,
    )
    peer = pair.maker.peer_at(pair.ua, Credentials(key=key, certificate=certificate))
    with pytest.raises(PeerError, match="cannot be reached"):
        peer.list_granted_datasets(ContractId(pair.contract))
    peer.close()


def test_no_certificate_does_not_shake_hands(pair):
    roots = pair.ua.folder.certificate("anchor").read_bytes()
    channel = grpc.secure_channel(
        pair.ua.config.listen.peers,
        grpc.ssl_channel_credentials(roots),
        options=[("grpc.ssl_target_name_override", "ua.example")],
    )
    method = channel.unary_unary("/sekisho.v1.ExchangeService/GetMember")
    with pytest.raises(grpc.RpcError) as failed:
        method(b"", timeout=10)
    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
    channel.close()


def test_tls_1_2_is_refused_at_the_call(pair):
    """grpcio accepts TLS 1.2; a hand-made HTTP/2 call over it gets UNAUTHENTICATED."""
    context = ssl.create_default_context(cadata=pair.ua.folder.certificate("anchor").read_text())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pair.maker.folder.certificate("tls"), pair.maker.folder.key("tls"))
    context.set_alpn_protocols(["h2"])
    host, _, port = pair.ua.config.listen.peers.rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="ua.example") as secure,
    ):
        assert secure.version() == "TLSv1.2"
        secure.sendall(http2_call(b"/sekisho.v1.ExchangeService/GetMember"))
        received = read_until(secure, b"NOT_TRUSTED")
    assert b"NOT_TRUSTED" in received


def http2_call(path: bytes) -> bytes:
    """The bytes of one gRPC call with an empty message: preface, settings, headers, data."""

    def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        head = len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
        return head + body

    def literal(name: bytes, value: bytes) -> bytes:
        return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value

    headers = b"".join(
        (
            b"\x83",  # :method POST
            b"\x87",  # :scheme https
            literal(b":path", path),
            literal(b":authority", b"ua.example"),
            literal(b"content-type", b"application/grpc"),
            literal(b"te", b"trailers"),
        )
    )
    return b"".join(
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            frame(4, 0, 0, b""),
            frame(1, 4, 1, headers),
            frame(0, 1, 1, b"\x00\x00\x00\x00\x00"),
        )
    )


def read_until(secure: ssl.SSLSocket, wanted: bytes) -> bytes:
    """Read until some bytes were seen or the other side is done."""
    secure.settimeout(10)
    received = b""
    while wanted not in received:
        more = secure.recv(65_536)
        if not more:
            break
        received += more
    return received
