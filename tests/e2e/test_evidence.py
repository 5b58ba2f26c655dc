"""An auditor's file: exported by both sides, verified with no node, altered, cut and compared."""

import json
import re
import shutil
import subprocess
import sys
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sekisho.errors import EvidenceError, Refusal
from sekisho.ledger.evidence import verify_bundle
from support.acknowledging import until
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUERIES = (
    "SELECT origin, count(*) AS n FROM flights GROUP BY origin",
    "SELECT tail_number FROM flights WHERE origin = 'JFK' LIMIT 5",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers, a consumer, two contracts, some answers and a refusal of each."""
    root = tmp_path_factory.mktemp("world")
    with Companies(root) as companies:
        for name in ("ua", "dl"):
            path = write_flights(root / f"{name}.parquet", 600)
            companies.found(name, flights_section(path))
        config = companies.found("maker").folder.config
        config.write_text(config.read_text() + "acknowledge_seconds: 1\n")
        companies.introduce()
        companies.start()
        limits = "{queries: {max: 2, per: day}}"
        text = contract_text(providers=("ua", "dl"), limits=limits)
        companies.contract = companies.agree(text)
        companies.other = companies.agree(contract_text(providers=("ua",)))
        with companies["maker"].node() as node:
            for sql, contract in product(QUERIES, (companies.contract, companies.other)):
                node.query(sql, contract=contract).to_arrow()
            for alias in ("ua", "dl"):
                with pytest.raises(Refusal, match="limit"):
                    node.query(
                        f"SELECT origin FROM {alias}.flights", contract=companies.contract
                    ).to_arrow()
        until(lambda: is_acknowledged(companies), "not all was acknowledged")
        yield companies


def is_acknowledged(companies):
    """Whether every answer's end was said, and taken over by its provider."""
    with companies["maker"].records() as maker, companies["ua"].records() as ua:
        waiting = maker.unacknowledged.waiting(companies["maker"].party)
        return not waiting and not ua.unacknowledged.awaited(companies["ua"].party)


@pytest.fixture(scope="module")
def files(world):
    """Both sides' evidence of the answers of one provider, and whose fingerprints are known."""
    found = {}
    for name, other in (("ua", "maker.example"), ("maker", "ua.example")):
        path = world.root / f"{name}.evidence"
        ran = world[name].run(
            "evidence", "export", "--contract", world.contract, "--with", other, "--out", str(path)
        )
        assert ran.code == 0, ran.err
        found[name] = path
    return found


@pytest.fixture(scope="module")
def known(world):
    return {world[name].party: world[name].member.digest for name in ("ua", "maker")}


def options(known, *names):
    chosen = [party for party in known if not names or party.split(".")[0] in names]
    return [word for party in chosen for word in ("--member", f"{party}={known[party]}")]


def verified(known, *files, form="json"):
    return run("evidence", "verify", *map(str, files), *options(known), "--format", form)


def test_a_stranger_verifies_a_file_with_no_node_at_hand(world, files, known, tmp_path):
    alone = shutil.copy(files["ua"], tmp_path / "alone.evidence")
    ran = subprocess.run(
        [sys.executable, "-m", "sekisho", "evidence", "verify", alone, *options(known)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "the evidence of ua.example holds" in ran.stdout
    assert "nobody gave a fingerprint of dl.example" in ran.stdout
    assert world.contract in ran.stdout


def test_the_file_tells_what_was_asked_allowed_and_given(files, known):
    ran = verified(known, files["ua"])
    assert ran.code == 0, ran.err
    (file,) = json.loads(ran.out)["files"]
    assert {item["consumer"] for item in file["answers"]} == {"maker.example"}
    states = [item["state"] for item in file["answers"]]
    assert states.count("answered") == 2
    assert states.count("refused") == 1, states
    answered = [item for item in file["answers"] if item["state"] == "answered"]
    assert all(item["clauses"] and item["blake3"] and item["rows"] for item in answered)
    assert file["vouched"] == ["dl.example"]
    assert file["shown"] < file["entries"]
    (channel,) = file["channels"]
    assert (channel["provider"], channel["consumer"]) == ("ua.example", "maker.example")
    assert channel["first"] == 0
    assert {item["request"] for item in file["answers"]} == set(file["acknowledged"])
    assert file["differences"] == []


def test_nothing_of_other_contracts_and_companies_is_in_the_file(world, files):
    for name in ("ua", "maker"):
        text = files[name].read_text()
        assert world.other not in text
    # The member documents and the signed contract name all parties; no entry of others does.
    lines = [json.loads(line) for line in files["maker"].read_text().splitlines()]
    entries = [json.loads(line["entry"]) for line in lines if line["kind"] == "entry"]
    channels = {entry["provider"] for entry in entries if "provider" in entry}
    assert channels == {"ua.example"}


def test_both_sides_agree(files, known):
    ran = verified(known, files["ua"], files["maker"])
    assert ran.code == 0, (ran.out, ran.err)
    assert json.loads(ran.out)["differences"] == []
    table = verified(known, files["ua"], files["maker"], form="table")
    assert "differences between the sides: none" in table.out


@pytest.mark.parametrize(("lang", "word"), [("en", "Accumulation"), ("ja", "相当蓄積性")])
def test_the_report_for_people_names_recipients_control_and_accumulation(files, known, lang, word):
    ran = run(
        "evidence", "verify", str(files["ua"]), *options(known), "--format", "html",
        "--lang", lang,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert f'<html lang="{lang}">' in ran.out
    assert word in ran.out
    assert "maker.example" in ran.out


@pytest.fixture(scope="module")
def bytes_of(files):
    return {name: path.read_bytes() for name, path in files.items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_any_altered_byte_fails_and_is_found_on_its_line(bytes_of, known, drawn):
    data = bytes_of[drawn.draw(st.sampled_from(["ua", "maker"]))]
    at = drawn.draw(st.integers(0, len(data) - 1))
    bit = drawn.draw(st.integers(0, 7))
    altered = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
    with pytest.raises(EvidenceError) as failed:
        verify_bundle(altered.splitlines(keepends=True), known)
    line = data[:at].count(b"\n") + 1
    # A sum that was altered itself is noticed where it stands.
    assert failed.value.line == line


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.data())
def test_a_file_that_breaks_off_or_lacks_a_line_fails(bytes_of, known, drawn):
    lines = bytes_of[drawn.draw(st.sampled_from(["ua", "maker"]))].splitlines(keepends=True)
    at = drawn.draw(st.integers(0, len(lines) - 1))
    with pytest.raises(EvidenceError):
        verify_bundle(lines[:at], known)
    with pytest.raises(EvidenceError):
        verify_bundle(lines[:at] + lines[at + 1 :], known)
    with pytest.raises(EvidenceError):
        verify_bundle([*lines[:at], lines[at], *lines[at:]], known)


def test_a_fingerprint_that_is_another_or_missing_is_not_believed(files, known):
    wrong = known | {"maker.example": "sha256:" + "0" * 64}
    ran = verified(wrong, files["ua"])
    assert ran.code == 4
    assert "no member document of `maker.example` has the fingerprint" in ran.err
    ran = run("evidence", "verify", str(files["ua"]), *options(known, "ua"))
    assert ran.code == 4
    assert "no fingerprint of `maker.example` was given" in ran.err


def test_a_file_that_is_there_is_not_written_over(world, files):
    ran = world["ua"].run(
        "evidence", "export", "--contract", world.contract, "--out", str(files["ua"])
    )
    assert ran.code == 2
    assert "is there already" in ran.err


def test_a_period_shows_its_answers_alone(world, known, tmp_path):
    path = tmp_path / "past.evidence"
    ran = world["ua"].run(
        "evidence", "export", "--contract", world.contract, "--until", "2020-12-31",
        "--out", str(path),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    ran = verified(known, path)
    assert ran.code == 0, ran.err
    (file,) = json.loads(ran.out)["files"]
    assert file["answers"] == []
    assert re.fullmatch(r"[0-9a-f]{64}", file["root"])
