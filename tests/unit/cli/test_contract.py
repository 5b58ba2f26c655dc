"""Contracts on the command line, as far as no node runs."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "contracts"
BROKEN = VECTORS / "broken"
DOUBTFUL = VECTORS / "doubtful"


@pytest.fixture
def in_december(monkeypatch):
    """Lint as on a day of 2026, whatever today is."""
    day = datetime(2026, 12, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("sekisho.cli.contract_check.now", lambda: day)


@pytest.mark.parametrize(
    "template", ["rows-to-a-partner", "statistics-only", "pseudonymous-patients"]
)
def test_a_new_contract_begins_today_and_is_clean(sekisho, node, tmp_path, template):
    out = tmp_path / "new.contract.yaml"
    arguments = ("--template", template, "--dir", node, "--out", out)
    assert sekisho("contract", "new", *arguments).code == 0
    contract = parse_contract(out.read_bytes()).contract
    assert contract.term.starts == datetime.now(UTC).date()
    assert contract.parties[0].party == "ua.example"
    assert contract.parties[0].effective_alias == "ua"
    assert sekisho("contract", "lint", out).code == 0


def test_a_new_contract_can_be_written_for_the_consumer(sekisho, node):
    ran = sekisho("contract", "new", "--role", "consumer", "--dir", node)
    parties = parse_contract(ran.out.encode()).contract.parties
    assert [item.role.value for item in parties if item.party == "ua.example"] == ["consumer"]


def test_a_new_contract_never_replaces_a_file(sekisho, tmp_path):
    out = tmp_path / "there.yaml"
    out.write_text("mine")
    ran = sekisho("contract", "new", "--dir", tmp_path, "--out", out)
    assert ran.code == 1
    assert out.read_text() == "mine"


def test_an_unknown_template_names_those_that_there_are(sekisho, tmp_path):
    ran = sekisho("contract", "new", "--template", "x", "--dir", tmp_path)
    assert ran.code == 2
    assert "rows-to-a-partner" in ran.err
    listed = sekisho("contract", "new", "--template", "list", "--dir", tmp_path)
    assert "statistics-only" in listed.out.splitlines()


def test_an_amendment_begins_with_the_terms_in_force(sekisho, proposed, tmp_path):
    node, contract = proposed
    out = tmp_path / "amended.yaml"
    ran = sekisho("contract", "new", "--amends", contract, "--dir", node, "--out", out)
    assert ran.code == 0, ran.err
    amended = parse_contract(out.read_bytes()).contract
    assert amended.amends is not None
    assert amended.amends.contract == contract
    assert amended.grants[0].where == "NOT cancelled"
    assert sekisho("contract", "lint", out).code == 0


@pytest.mark.usefixtures("in_december")
def test_every_template_is_clean(sekisho):
    ran = sekisho("contract", "lint", ROOT / "policies", *(ROOT / "examples").iterdir())
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(" files, 0 errors, 0 warnings\n")
    ran = sekisho("contract", "lint", VECTORS / "valid")
    # One of them brings a table of people, which no provider serves.
    assert "every-field.yaml:32:29: `planes` is keyed by the privacy unit" in ran.out
    assert ran.err.endswith(" files, 1 error, 0 warnings\n")


@pytest.mark.usefixtures("in_december")
def test_every_doubtful_contract_is_warned_of_and_passes(sekisho):
    """After a change of the words: SEKISHO_REWRITE=1 python -m pytest with this module's path."""
    ran = sekisho("contract", "lint", DOUBTFUL, "--format", "json")
    assert ran.code == 0
    told = {}
    for item in ran.json:
        assert item["severity"] == "warning"
        assert item["hint"]
        where = f"{item['line']}:{item['column']} {item['path']}"
        told.setdefault(Path(item["file"]).name, []).append([where, item["message"], item["hint"]])
    expected = VECTORS / "doubtful.json"
    if os.environ.get("SEKISHO_REWRITE"):
        expected.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert told == json.loads(expected.read_text("utf-8"))
    assert sorted(told) == sorted(path.name for path in DOUBTFUL.iterdir())


def test_a_warning_says_so_and_an_error_fails(sekisho, contract_file):
    text = contract_file.read_text().replace("NOT cancelled", "cancelled = NULL")
    contract_file.write_text(text)
    ran = sekisho("contract", "lint", contract_file)
    assert ran.code == 0
    assert f"{contract_file}:13:12: warning: the row filter is true for no row" in ran.out
    assert ran.err == "1 file, 0 errors, 1 warning\n"
    ran = sekisho("contract", "lint", contract_file, BROKEN / "role-misspelled.yaml")
    assert ran.code == 1
    assert ran.err == "2 files, 1 error, 1 warning\n"


def test_a_purpose_that_no_test_asks_for_is_warned_of(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS)
    assert sekisho("contract", "lint", path).out == ""
    purpose = '  - {purpose: safety, means: "x"}\nterm:'
    contract_file.write_text(contract_file.read_text().replace("term:", purpose, 1))
    ran = sekisho("contract", "lint", path)
    assert ran.code == 0
    assert f"{path}:7:3: warning: no test asks for the purpose `safety`" in ran.out
    contract_file.unlink()
    assert sekisho("contract", "lint", path).out == ""


def test_every_broken_contract_is_named_with_line_and_mend(sekisho):
    ran = sekisho("contract", "lint", BROKEN, "--format", "json")
    assert ran.code == 1
    named = {Path(item["file"]).name for item in ran.json}
    assert named == {path.name for path in BROKEN.glob("*.yaml")}
    assert [item for item in ran.json if not item["line"] or not item["message"]] == []
    table = sekisho("contract", "lint", BROKEN)
    assert "field-misspelled.yaml:" in table.out
    assert "  hint: " in table.out


def test_a_row_filter_is_checked_where_it_stands(sekisho, contract_file):
    text = contract_file.read_text()
    contract_file.write_text(text.replace("NOT cancelled", "NOT cancelled AND getenv('X') = 'y'"))
    ran = sekisho("contract", "lint", contract_file, "--format", "json")
    assert ran.code == 1
    line = contract_file.read_text().splitlines()[ran.json[0]["line"] - 1]
    assert line[ran.json[0]["column"] - 1 :].startswith("getenv")


def test_a_row_filter_in_a_block_is_checked_where_it_stands(sekisho, contract_file):
    text = contract_file.read_text()
    block = "|\n      NOT cancelled\n      AND pg_sleep(1) = 1"
    contract_file.write_text(text.replace('"NOT cancelled"', block))
    ran = sekisho("contract", "lint", contract_file, "--format", "json")
    line = contract_file.read_text().splitlines()[ran.json[0]["line"] - 1]
    assert line[ran.json[0]["column"] - 1 :].startswith("pg_sleep")


def test_a_file_that_is_not_there_is_a_failure(sekisho, tmp_path):
    ran = sekisho("contract", "lint", tmp_path / "none.yaml")
    assert ran.code == 1
    assert "cannot be read" in ran.err


TESTS = """\
format: sekisho.contract-test/v1
contract: delays.contract.yaml
datasets:
  ua.example/flights:
    columns: {origin: string, departure_delay: int16, cancelled: bool, crew: string}
tests:
  - name: delays
    sql: "SELECT origin, avg(departure_delay) FROM ua.flights GROUP BY 1"
    expect: allowed
  - {name: no crew, sql: "SELECT crew FROM ua.flights", expect: refused, reason: COLUMN_NOT_GRANTED}
"""


def test_contract_tests_that_hold_pass(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS)
    ran = sekisho("contract", "test", path)
    assert ran.code == 0, ran.out
    assert [line[0] for line in ran.out.splitlines()] == ["✓", "✓"]
    assert ran.err == "2 tests, 0 failed\n"


def test_a_contract_test_that_does_not_hold_fails_and_says_why(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS.replace("expect: allowed", "expect: refused\n    reason: LIMIT_REACHED"))
    ran = sekisho("contract", "test", path)
    assert ran.code == 1
    assert "✗ delays: expected refused: LIMIT_REACHED; allowed (grants.delays)" in ran.out
    assert f"  {path}:7: expect differs" in ran.out
    assert sekisho("contract", "test", path, "--format", "json").json[1]["holds"] is True


def test_a_contract_test_says_all_of_it_as_data(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS.replace("expect: allowed", "expect: allowed\n    columns: [origin]"))
    ran = sekisho("contract", "test", path, "--format", "json")
    assert ran.code == 1
    allowed, refused = ran.json
    assert list(allowed) == list(refused)
    assert (allowed["file"], allowed["line"], allowed["name"]) == (str(path), 7, "delays")
    assert (allowed["holds"], allowed["missed"]) == (False, ["columns"])
    assert allowed["expected"] == {"decision": "allowed", "columns": ["origin"]}
    assert allowed["decision"] == "allowed"
    assert allowed["columns"] == ["origin", "avg(departure_delay)"]
    assert allowed["grant"] == "delays"
    assert "grants.delays.where" in allowed["clauses"]
    assert allowed["charges"] == []
    assert allowed["plan"].startswith("SELECT ")
    assert allowed["reason"] is None
    assert refused["reason"] == "COLUMN_NOT_GRANTED"
    assert refused["clause"] == "grants.delays.columns"
    assert refused["place"] == [1, 8]
    assert refused["plan"] is None


def test_a_contract_test_shows_what_would_run(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    contract_file.write_text(contract_file.read_text() + "limits: {queries: {max: 5, per: day}}\n")
    path.write_text(TESTS)
    ran = sekisho("contract", "test", path, "--verbose")
    assert ran.code == 0
    assert "  ua.example would run\n      SELECT " in ran.out
    assert "    rests on    grants.delays.columns.origin\n" in ran.out
    assert "    is charged  1 of 5 queries per day\n" in ran.out
    assert "    columns     origin, avg(departure_delay)\n" in ran.out


def test_what_no_contract_test_needs_is_noted(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS.replace("avg(departure_delay)", "count(*)"))
    ran = sekisho("contract", "test", path)
    assert ran.code == 0
    assert f"{path}: no test needs grants.delays.columns.departure_delay" in ran.err


def test_contract_tests_notice_a_column_that_the_dataset_lacks(sekisho, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(TESTS.replace("departure_delay: int16, ", ""))
    ran = sekisho("contract", "test", path)
    assert ran.code == 1
    assert "delays.contract.yaml:14:" in ran.err
    assert "has no column `departure_delay`" in ran.err


def test_a_file_is_reviewed_in_both_languages(sekisho, contract_file):
    english = sekisho("contract", "review", contract_file)
    japanese = sekisho("contract", "review", contract_file, "--lang", "ja")
    assert english.code == japanese.code == 0
    assert "[enforced]" in english.out
    assert "[強制]" in japanese.out


def test_a_review_is_one_json_document_too(sekisho, contract_file):
    facts = sekisho("contract", "review", contract_file, "--format", "json").json
    assert list(facts) == ["title", "id", "lang", "grants", "cautions", "terms", "diff", "below"]
    assert (facts["diff"], facts["below"]) == (None, [])
    assert {item["caution"] for item in facts["cautions"]} == {"rows", "personal"}


def test_two_files_are_compared_in_both_languages(sekisho, contract_file):
    other = contract_file.with_name("wider.yaml")
    other.write_text(contract_file.read_text().replace("origin: {}, ", "origin: {}, crew: {}, "))
    ran = sekisho("contract", "diff", contract_file, other)
    assert ran.code == 0
    assert ran.out == (
        f"A: {contract_file} “Departure delays”\n"
        f"B: {other} “Departure delays”\n"
        "\n"
        "B only widens: all that A allows stays allowed.\n"
        "\n"
        "Widens: more may be seen, done or kept\n"
        "  - [enforced] Grants › delays › Columns › crew: added: as it is; "
        "may be returned, and so used in any way\n"
    )
    back = sekisho("contract", "diff", other, contract_file, "--lang", "ja")
    assert "BはAを縮小するのみである" in back.out
    assert "  - [強制] 利用許諾 › delays › 対象項目 › crew：削除：" in back.out


def test_a_comparison_is_one_json_document(sekisho, contract_file):
    other = contract_file.with_name("wider.yaml")
    other.write_text(contract_file.read_text().replace("NOT cancelled", "TRUE"))
    facts = sekisho("contract", "diff", contract_file, other, "--format", "json").json
    assert facts == {
        "a": str(contract_file),
        "b": str(other),
        "lang": "en",
        "verdict": "changes",
        "differences": [
            {
                "direction": "changes",
                "change": "value",
                "label": "enforced",
                "path": "grants.delays.where",
                "before": "NOT cancelled",
                "after": "TRUE",
                "text": "Grants › delays › Only rows for which this is true: “NOT cancelled” → "
                "TRUE (rewritten: which rows are seen cannot be told from the two texts)",
            }
        ],
    }


def test_a_file_is_compared_with_a_held_contract(sekisho, proposed, contract_file):
    node, contract = proposed
    ran = sekisho("contract", "diff", contract[:20], contract_file, "--dir", node)
    assert ran.code == 0
    assert f"A: {contract[7:19]} “Departure delays”" in ran.out
    assert "B says the same as A in every term." in ran.out


def test_what_is_neither_a_file_nor_a_contract_is_a_failure(sekisho, contract_file, tmp_path):
    ran = sekisho("contract", "diff", contract_file, "none.yaml", "--dir", tmp_path)
    assert ran.code == 1
    assert "`none.yaml` is no file, and there is no node here" in ran.err
    assert ran.out == ""


def test_an_amendment_is_reviewed_with_what_it_changes(sekisho, proposed, tmp_path):
    node, contract = proposed
    out = tmp_path / "amended.yaml"
    ran = sekisho("contract", "new", "--amends", contract, "--dir", node, "--out", out)
    assert f"sekisho contract diff {contract[7:19]} {out}" in ran.err
    out.write_text(re.sub(r"( +)origin: {}\n", r"\1origin: {}\n\1crew: {}\n", out.read_text()))
    page = sekisho("contract", "review", out, "--dir", node).out
    assert "What this amendment does\n\nA: " in page
    assert "Grants › delays › Columns › crew: added" in page
    japanese = sekisho("contract", "review", out, "--dir", node, "--lang", "ja").out
    assert "本変更の内容" in japanese
    facts = sekisho("contract", "review", out, "--dir", node, "--format", "json").json
    assert facts["diff"]["verdict"] == "widens"
    elsewhere = sekisho("contract", "review", out, "--dir", tmp_path)
    assert elsewhere.code == 0
    assert "What this amendment does" not in elsewhere.out


def test_a_held_contract_is_listed_shown_and_reviewed(sekisho, proposed):
    node, contract = proposed
    listed = sekisho("contract", "list", "--dir", node, "--format", "json").json
    assert [(item["id"], item["state"]) for item in listed] == [(contract, "proposed")]
    shown = sekisho("contract", "show", contract[:20], "--dir", node, "--format", "json").json
    assert list(shown)[:4] == ["id", "title", "state", "signatures"]
    assert [item["party"] for item in shown["signatures"]] == ["maker.example"]
    assert shown["waiting_for"] == ["ua.example"]
    table = sekisho("contract", "show", contract, "--dir", node)
    assert "not signed  ua.example" in table.out
    assert contract in sekisho("contract", "review", contract, "--dir", node).out


def test_a_contract_that_is_not_held_is_a_failure(sekisho, node):
    ran = sekisho("contract", "show", "ab" * 16, "--dir", node)
    assert ran.code == 1
    assert "hint: see `sekisho contract list`" in ran.err


@pytest.mark.parametrize("verb", ["sign", "reject", "terminate"])
def test_a_short_id_does_not_do_without_a_person(sekisho, proposed, verb):
    node, contract = proposed
    reason = ("--reason", "enough") if verb == "terminate" else ()
    ran = sekisho("contract", verb, contract[7:19], "--dir", node, *reason)
    assert ran.code == 2
    assert "32 digits" in ran.err


def test_a_title_never_signs(sekisho, proposed):
    node, _ = proposed
    ran = sekisho("contract", "sign", "Departure delays", "--dir", node)
    assert ran.code == 1
    assert "no contract `Departure delays`" in ran.err


def test_a_person_reads_the_review_before_signing(sekisho, proposed, monkeypatch):
    node, contract = proposed
    asked = []
    monkeypatch.setattr("sekisho.cli.contract_steps.is_interactive", lambda: True)
    monkeypatch.setattr("sekisho.cli.contract_steps.confirm", asked.append)
    ran = sekisho("contract", "sign", contract[7:19], "--dir", node, "--lang", "ja")
    assert ran.code == 1
    assert "[強制]" in ran.err
    assert "nothing was done" in ran.err
    assert asked == [f"This would sign the contract `{contract[7:19]}`."]


@pytest.mark.parametrize("verb", ["sign", "reject", "suspend", "resume"])
def test_a_step_needs_the_running_node(sekisho, proposed, verb):
    node, contract = proposed
    ran = sekisho("contract", verb, contract, "--dir", node)
    assert ran.code == 1
    assert "hint: start it with `sekisho serve`" in ran.err


def test_a_termination_gives_its_reason(sekisho, proposed):
    node, contract = proposed
    assert sekisho("contract", "terminate", contract, "--dir", node).code == 2


def test_a_proposal_needs_every_member(sekisho, node, contract_file):
    ran = sekisho("contract", "propose", contract_file, "--dir", node)
    assert ran.code == 1
    assert "maker.example" in ran.err
    assert ran.out == ""


def test_a_key_that_others_can_read_signs_nothing(sekisho, proposed):
    node, contract = proposed
    (node / "keys" / "signing.pem").chmod(0o644)
    ran = sekisho("contract", "sign", contract, "--dir", node)
    assert ran.code == 1
    assert "chmod 600" in ran.err


def test_lists_are_one_json_document_even_when_empty(sekisho, node):
    ran = sekisho("contract", "list", "--dir", node, "--format", "json")
    assert json.loads(ran.out) == []
