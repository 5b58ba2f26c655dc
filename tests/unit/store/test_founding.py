"""A new node: whole, believed by others, and nothing of it when the disk says no."""

from datetime import UTC, datetime

import pytest

from sekisho.config import parse_config
from sekisho.documents.envelope import parse_envelope_json
from sekisho.errors import DocumentError, NodeError
from sekisho.model.member import NODE_PURPOSES, PEOPLE_PURPOSES
from sekisho.model.names import PartyId
from sekisho.store.addresses import CHOSEN, host_of, is_free, port_of, reached_at, settle_ports
from sekisho.store.folder import NodeFolder
from sekisho.store.founding import found_node
from sekisho.store.state import read_state
from sekisho.trust.certificates import verify_peer_certificate
from sekisho.trust.keyring import Members
from sekisho.trust.keys import load_signer
from sekisho.trust.members import verify_member

NOW = datetime(2026, 12, 1, 5, 0, 0, 123_456, tzinfo=UTC)
UA = PartyId("ua.example")


def _found(root, **settings):
    return found_node(root, UA, now=NOW, peers="127.0.0.1:0", users="127.0.0.1:0", **settings)


def test_others_believe_the_document_and_the_certificate(tmp_path):
    _found(tmp_path)
    folder = NodeFolder(tmp_path)
    envelope = parse_envelope_json(folder.member.read_bytes())
    trusted = verify_member(envelope, known=Members(), now=NOW, fingerprint=envelope.digest)
    leaf = folder.certificate("tls").read_bytes()
    assert verify_peer_certificate(leaf, members=Members().add(trusted), now=NOW) == UA


def test_people_and_node_hold_different_keys(tmp_path):
    made = _found(tmp_path)
    member = made.member.member
    for name, purposes in (("signing", PEOPLE_PURPOSES), ("request", NODE_PURPOSES)):
        public = load_signer(made.folder.key(name).read_bytes()).public
        (listed,) = [key for key in member.keys if key.public == public]
        assert frozenset(listed.purposes) == purposes


def test_the_settings_are_read_back(tmp_path):
    made = _found(tmp_path, alias="united")
    config = parse_config(made.folder.config.read_bytes())
    assert (config.party, config.alias, config.advertise) == (UA, "united", made.advertise)
    assert config.datasets == {}


def test_the_state_is_there_and_empty(tmp_path):
    made = _found(tmp_path)
    with read_state(made.folder.state_file()) as records:
        assert records.ledger.head().size == 0


@pytest.mark.parametrize("part", ["node.yaml", "member.json", "keys/signing.pem", "state/node.db"])
def test_any_part_of_a_node_keeps_another_from_being_made(tmp_path, part):
    path = tmp_path / part
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"mine")
    with pytest.raises(NodeError, match="there is a node here already"):
        _found(tmp_path)
    assert path.read_bytes() == b"mine"


def test_what_was_written_goes_when_the_rest_cannot_be(tmp_path):
    (tmp_path / "certs" / "tls.pem").mkdir(parents=True)
    with pytest.raises(NodeError, match="cannot be written"):
        _found(tmp_path)
    assert [path for path in tmp_path.rglob("*.pem") if path.is_file()] == []
    assert not (tmp_path / "node.yaml").exists()
    (tmp_path / "certs" / "tls.pem").rmdir()
    assert _found(tmp_path).member.party == UA


def test_an_unusable_country_leaves_nothing(tmp_path):
    with pytest.raises(DocumentError, match="`XX` is not a country"):
        _found(tmp_path / "n", country="XX")
    assert not (tmp_path / "n").exists()


def test_a_host_of_another_machine_gives_no_port():
    with pytest.raises(NodeError, match="no port can be opened"):
        settle_ports("192.0.2.1:0")


def test_settled_ports_differ_and_given_ones_stay():
    first, second, third = settle_ports("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:7443")
    assert first != second
    assert third == "127.0.0.1:7443"
    assert is_free(first)
    # None that a connection on its way out may be given before it is opened.
    assert {port_of(first), port_of(second)} <= set(CHOSEN)


@pytest.mark.parametrize("address", ["host", "host:x", "host:99999", ":"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(NodeError, match="is not an address"):
        port_of(address)


def test_wildcards_are_reached_on_this_machine():
    assert reached_at("0.0.0.0:1") == "127.0.0.1:1"
    assert reached_at("[::]:1") == "[::1]:1"
    assert reached_at("10.0.0.1:1") == "10.0.0.1:1"
    assert host_of("[::1]:1") == "::1"
