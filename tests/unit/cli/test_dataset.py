"""Datasets and `doctor`: files, columns, keys and permissions, each with its mend."""

import shutil

import pytest


@pytest.fixture
def offering(node):
    """Offer one CSV dataset."""
    (node / "data").mkdir()
    (node / "data" / "flights.csv").write_text("origin,delay\nEWR,5\nJFK,7\n")
    config = node / "node.yaml"
    text = config.read_text().replace(
        "\ndatasets: {}",
        "\ndatasets:\n  flights:\n    source: {csv: data/flights.csv}\n"
        "    description: Flights\n    privacy_units: [origin]\n",
    )
    config.write_text(text)
    return node


def test_datasets_are_listed_with_their_columns(sekisho, offering):
    (row,) = sekisho("dataset", "list", "--dir", offering, "--format", "json").json
    assert row["name"] == "flights"
    assert [(item["name"], item["type"]) for item in row["columns"]] == [
        ("origin", "VARCHAR"),
        ("delay", "BIGINT"),
    ]
    assert "(privacy unit)" in sekisho("dataset", "list", "--dir", offering).out


def test_a_dataset_that_is_as_it_should_be_is_ok(sekisho, offering):
    ran = sekisho("dataset", "check", "--dir", offering)
    assert (ran.code, ran.out[:4]) == (0, "ok  ")


def test_a_missing_file_is_found_and_still_listed(sekisho, offering):
    shutil.rmtree(offering / "data")
    ran = sekisho("dataset", "check", "--dir", offering)
    assert ran.code == 1
    assert "is not there" in ran.out
    (row,) = sekisho("dataset", "list", "--dir", offering, "--format", "json").json
    assert "is not there" in row["error"]


def test_a_privacy_unit_that_is_no_column_is_found(sekisho, offering):
    config = offering / "node.yaml"
    config.write_text(config.read_text().replace("[origin]", "[tail_number]"))
    (found,) = sekisho("dataset", "check", "--dir", offering, "--format", "json").json
    assert found["state"] == "fail"
    assert "`tail_number` stands in `privacy_units`" in found["message"]


def test_a_party_that_is_no_member_shows_nothing(sekisho, node):
    assert sekisho("dataset", "list", "maker", "--dir", node).code == 1


def test_a_healthy_node_passes_the_doctor(sekisho, node):
    ran = sekisho("doctor", "--dir", node, "--format", "json")
    assert ran.code == 0, ran.out
    assert not [item for item in ran.json if item["state"] == "fail"]


def test_the_doctor_finds_a_key_that_others_can_read(sekisho, node):
    (node / "keys" / "request.pem").chmod(0o644)
    ran = sekisho("doctor", "--dir", node)
    assert ran.code == 1
    assert "hint: chmod 600" in ran.out


def test_the_doctor_finds_a_key_of_another_node(sekisho, node, make_node):
    other = make_node("maker.example")
    shutil.copy(other / "keys" / "request.pem", node / "keys" / "request.pem")
    ran = sekisho("doctor", "--dir", node)
    assert ran.code == 1
    assert "keys/request.pem" in ran.out


def test_the_doctor_does_without_peoples_keys(sekisho, node):
    (node / "keys" / "signing.pem").unlink()
    assert sekisho("doctor", "--dir", node).code == 0


def test_findings_in_the_settings_stand_with_their_lines(sekisho, node):
    config = node / "node.yaml"
    config.write_text(config.read_text() + "guards: []\n")
    ran = sekisho("doctor", "--dir", node)
    assert ran.code == 1
    assert "node.yaml:" in ran.err
    assert "`guards` is not a field here" in ran.err


def test_status_needs_the_running_node(sekisho, node):
    ran = sekisho("status", "--dir", node)
    assert ran.code == 1
    assert "cannot be reached" in ran.err
