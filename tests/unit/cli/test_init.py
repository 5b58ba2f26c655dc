"""`init` makes a whole node, and never touches one that is there."""

import stat

from sekisho.config import parse_config


def test_the_folder_holds_everything_that_a_node_needs(node):
    found = {str(path.relative_to(node)) for path in node.rglob("*") if path.is_file()}
    keys = {f"keys/{name}.pem" for name in ("signing", "request", "anchor", "tls", "agreement")}
    others = {"node.yaml", "member.json", "certs/anchor.pem", "certs/tls.pem", "tokens/operator"}
    assert found >= keys | others | {"state/node.db"}


def test_secrets_are_for_their_owner_alone(node):
    for path in (*(node / "keys").iterdir(), node / "tokens" / "operator"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("keys", "tokens", "state"):
        assert stat.S_IMODE((node / name).stat().st_mode) == 0o700


def test_free_ports_are_chosen_and_written_down(node):
    listen = parse_config((node / "node.yaml").read_bytes()).listen
    ports = {address.rpartition(":")[2] for address in (listen.peers, listen.users)}
    assert len(ports) == 2
    assert "0" not in ports


def test_the_party_is_advertised_where_every_network_is_listened_on(sekisho, tmp_path):
    ran = sekisho("init", "ua.example", "--dir", tmp_path / "n", "--peers", "0.0.0.0:7443")
    assert ran.code == 0
    config = parse_config((tmp_path / "n" / "node.yaml").read_bytes())
    assert config.advertise == "ua.example:7443"


def test_a_host_that_is_given_is_advertised(sekisho, tmp_path):
    sekisho("init", "ua.example", "--dir", tmp_path / "n", "--peers", "127.0.0.1:7443")
    config = parse_config((tmp_path / "n" / "node.yaml").read_bytes())
    assert config.advertise == "127.0.0.1:7443"


def test_a_second_init_changes_nothing(sekisho, node):
    before = {path: path.read_bytes() for path in node.rglob("*") if path.is_file()}
    ran = sekisho("init", "other.example", "--dir", node)
    assert ran.code == 1
    assert "there is a node here already" in ran.err
    assert "hint: " in ran.err
    assert {path: path.read_bytes() for path in node.rglob("*") if path.is_file()} == before


def test_a_name_that_is_no_party_is_wrong_usage(sekisho, tmp_path):
    ran = sekisho("init", "UA", "--dir", tmp_path / "n")
    assert ran.code == 2
    assert "`UA` is not a company's name" in ran.err
    assert not (tmp_path / "n").exists()


def test_an_address_without_a_port_is_wrong_usage(sekisho, tmp_path):
    assert sekisho("init", "ua.example", "--dir", tmp_path / "n", "--peers", "host").code == 2


def test_a_country_that_is_none_leaves_nothing_behind(sekisho, tmp_path):
    ran = sekisho("init", "ua.example", "--dir", tmp_path / "n", "--country", "XX")
    assert ran.code == 2
    assert "`XX` is not a country" in ran.err
    assert not (tmp_path / "n").exists()


def test_the_fingerprint_is_told(sekisho, make_node):
    folder = make_node("ua.example", "--country", "US", "--alias", "united")
    shown = sekisho("member", "show", "--dir", folder, "--format", "json").json
    assert shown["fingerprint"].startswith("sha256:")
    assert shown["country"] == "US"
    assert parse_config((folder / "node.yaml").read_bytes()).alias == "united"
