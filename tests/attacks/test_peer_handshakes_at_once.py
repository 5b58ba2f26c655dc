"""Open connections to a node by the hundred, as fast as handshakes go, and drop them.

expect: `server/node.py`: anchors are handed to gRPC only where they changed
effect: the node goes on; with anchors handed over at every handshake, gRPC freed what handshakes in
    other threads were using, and nodes of 24 companies fell within seconds
source: seen when so many companies signed one contract
"""

import contextlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import grpc
import pytest

from sekisho.client.peer import Credentials
from sekisho.server.node import _mutual_tls
from support.asking import fetch
from support.nodes import contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

THREADS, HANDSHAKES = 16, 500


def handshaker(company, other):
    """Make what shakes hands with another company's node once, as a company does."""
    context = ssl.create_default_context(cafile=str(other.folder.certificate("anchor")))
    context.load_cert_chain(company.folder.certificate("tls"), company.folder.key("tls"))
    context.set_alpn_protocols(["h2"])
    host, port = other.config.listen.peers.split(":")

    def shake(_number: int) -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, int(port)), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=other.party) as connection,
        ):
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

    return shake


def test_anchors_are_handed_over_once(monkeypatch):
    anchors, handed = [b"one"], []
    parts = SimpleNamespace(
        keys=SimpleNamespace(tls=Credentials(key=b"", certificate=b"")),
        members=SimpleNamespace(anchors=lambda: anchors[-1]),
    )
    monkeypatch.setattr(grpc, "ssl_server_certificate_configuration", lambda _pairs, roots: roots)
    monkeypatch.setattr(
        grpc,
        "dynamic_ssl_server_credentials",
        lambda first, fetch, **_: handed.extend((first, fetch)),
    )
    _mutual_tls(parts)
    first, fetch_anchors = handed
    assert first == b"one"
    assert fetch_anchors() is None
    anchors.append(b"one and another")
    assert fetch_anchors() == b"one and another"
    assert fetch_anchors() is None


def test_a_node_outlives_many_handshakes_at_once(pair):
    shake = handshaker(pair.maker, pair.ua)
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(shake, range(HANDSHAKES)))
    assert pair.ua.process.poll() is None
    contract = pair.companies.agree(contract_text())
    found = fetch(pair.maker, pair.ua, contract, "SELECT count(*) AS n FROM flights")
    assert found.to_pylist() == [{"n": 1_800}]
