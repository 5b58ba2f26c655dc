"""Guardrails on the command line: whatever is below is told with both lines."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.envelope import PayloadType, sign
from sekisho.model.names import PartyId
from sekisho.store.folder import NodeFolder
from sekisho.store.state import open_state
from sekisho.trust.keys import load_signer
from support.flights import write_flights

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "policies" / "guardrails"
BROKEN = ROOT / "tests" / "vectors" / "guardrails" / "broken"
HEAD = "format: sekisho.guardrail/v1\ntitle: Floors\nrules:\n"
FIGURES = HEAD + (
    "  - rule: figures-only\n"
    "    because: Rows do not leave.\n"
    "    when: {column_class: [commercial]}\n"
    "    require:\n"
    "      access: [aggregate]\n"
)
BOTH = "`access` is rows, and guardrails/floors.yaml:8 requires aggregate"


def _guard(node, text=FIGURES, *, columns="departure_delay: {class: commercial}", tags=""):
    """Give a node a guardrail, and a dataset with classes."""
    path = node / "guardrails" / "floors.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    source = write_flights(node / "flights.parquet")
    settings = (node / "node.yaml").read_text()
    dataset = (
        f'datasets:\n  flights:\n    source: {{parquet: "{source}"}}\n    tags: [{tags}]\n'
        f"    columns: {{{columns}}}\n"
    )
    settings = settings.replace("datasets: {}\n", dataset)
    (node / "node.yaml").write_text(
        settings.replace("guardrails: []", "guardrails: [guardrails/floors.yaml]")
    )


@pytest.fixture
def guarded(node):
    _guard(node)
    return node


@pytest.fixture
def in_force(proposed):
    """Let the proposal that lies at ua.example be signed by ua.example as well."""
    folder, contract = proposed
    at = datetime.now(UTC)
    node = NodeFolder(folder)
    with open_state(node.state_file(), now=at) as state:
        stored = state.contracts.get(contract)
        signer = load_signer(node.key("signing").read_bytes())
        mine = sign(stored.payload, PayloadType.CONTRACT, signer)
        state.submit(
            lambda tx: state.contracts.sign(
                tx, contract, PartyId("ua.example"), signature=mine, now=at
            )
        )
    return folder, contract


def test_lint_in_a_nodes_folder_names_both_lines(sekisho, guarded, contract_file):
    ran = sekisho("contract", "lint", contract_file, "--dir", guarded)
    assert ran.code == 1
    assert f"{contract_file}:12:13: {BOTH}" in ran.out
    assert "hint: write `access: aggregate`; rule `figures-only`: Rows do not leave." in ran.out
    (found,) = sekisho("contract", "lint", contract_file, "--dir", guarded, "--format", "json").json
    assert (found["line"], found["path"]) == (12, "grants[0].access")


def test_lint_without_the_state_still_holds_to_node_yaml(sekisho, guarded, contract_file):
    shutil.rmtree(guarded / "state")
    ran = sekisho("contract", "lint", contract_file, "--dir", guarded)
    assert BOTH in ran.out


def test_lint_elsewhere_holds_to_the_guardrails_that_are_named(sekisho, tmp_path, contract_file):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(FIGURES.replace("column_class: [commercial]", "access: []"))
    arguments = ("--guardrails", tmp_path / "a.yaml", tmp_path / "b.yaml", "--dir", tmp_path)
    ran = sekisho("contract", "lint", contract_file, *arguments)
    assert ran.out.count("`access` is rows, and ") == 2
    assert "no node.yaml" not in ran.err


def test_lint_elsewhere_says_that_classes_are_not_known(sekisho, tmp_path, contract_file):
    (tmp_path / "a.yaml").write_text(FIGURES)
    arguments = ("--guardrails", tmp_path / "a.yaml", "--dir", tmp_path)
    ran = sekisho("contract", "lint", contract_file, *arguments)
    assert (ran.code, ran.out) == (0, "")
    assert "no node.yaml" in ran.err


def test_lint_holds_to_the_nodes_guardrails_and_to_those_that_are_named(
    sekisho, guarded, tmp_path, contract_file
):
    (tmp_path / "more.yaml").write_text(
        HEAD + "  - {rule: more, because: So., require: {minimum_units: 5}}\n"
    )
    arguments = ("--guardrails", tmp_path / "more.yaml", "--dir", guarded)
    ran = sekisho("contract", "lint", contract_file, *arguments)
    assert BOTH in ran.out
    assert "more.yaml:4 requires at least 5" in ran.out


def test_lint_holds_to_the_floors_that_are_compiled_in(sekisho, tmp_path, contract_file):
    text = contract_file.read_text().replace(
        "access: rows\n",
        "access: rows\n    privacy_units: [crew]\n    disclosure: {minimum_units: 2}\n",
    )
    contract_file.write_text(text)
    ran = sekisho("contract", "lint", contract_file, "--dir", tmp_path)
    assert ran.code == 1
    assert ":14:33: `minimum_units` is 2, and every node's own floor is 3" in ran.out


def test_lint_reads_guardrails_too(sekisho):
    ran = sekisho("contract", "lint", BROKEN, "--format", "json")
    assert ran.code == 1
    named = {Path(item["file"]).name for item in ran.json}
    assert named == {path.name for path in BROKEN.glob("*.yaml")}


def test_lint_tells_guardrails_that_contradict_each_other_with_both_lines(sekisho, tmp_path):
    (tmp_path / "a.yaml").write_text(FIGURES)
    (tmp_path / "b.yaml").write_text(FIGURES.replace("[aggregate]", "[rows]"))
    ran = sekisho("contract", "lint", tmp_path)
    assert ran.code == 1
    assert f"{tmp_path / 'b.yaml'}:8:7: no contract can meet both" in ran.out
    assert f"{tmp_path / 'a.yaml'}:8" in ran.out


def test_each_shipped_guardrail_has_a_test_in_which_a_contract_is_refused(sekisho):
    for path in SHIPPED.glob("*.yaml"):
        if ".contract." not in path.name:
            ran = sekisho("contract", "test", path.with_suffix(".contract.test.yaml"))
            assert "refused: SUSPENDED" in ran.out
            assert f"{path.name}:" in ran.out


def test_a_contract_test_needs_its_guardrails(sekisho, tmp_path, contract_file):
    path = contract_file.with_name("delays.contract.test.yaml")
    path.write_text(
        "format: sekisho.contract-test/v1\ncontract: delays.contract.yaml\n"
        "guardrails: [none.yaml]\ndatasets:\n  ua.example/flights: {columns: {origin: string,"
        " departure_delay: int16, cancelled: bool}}\n"
        'tests: [{name: it, sql: "SELECT 1", expect: refused}]\n'
    )
    ran = sekisho("contract", "test", path)
    assert ran.code == 1
    assert "none.yaml" in ran.err
    assert tmp_path.exists()


def test_a_review_at_a_node_ends_with_what_is_below(sekisho, guarded, contract_file):
    ran = sekisho("contract", "review", contract_file, "--dir", guarded)
    assert ran.code == 0
    tail = ran.out.partition("Below this company's floors")[2]
    assert f"{contract_file}:12:13: {BOTH}" in tail
    japanese = sekisho("contract", "review", contract_file, "--dir", guarded, "--lang", "ja")
    assert "自社の定める最低基準を下回る" in japanese.out
    assert BOTH in japanese.out


def test_a_review_of_a_held_contract_ends_likewise(sekisho, proposed):
    node, contract = proposed
    assert "Below" not in sekisho("contract", "review", contract, "--dir", node).out
    _guard(node)
    ran = sekisho("contract", "review", contract, "--dir", node)
    assert f"contract: grants[0].access: {BOTH}" in ran.out
    ran = sekisho("contract", "review", contract, "--dir", node, "--format", "json")
    (below,) = json.loads(ran.out)["below"]
    assert (below["path"], below["message"]) == ("grants[0].access", BOTH)


def test_a_proposal_below_the_floors_is_refused_before_it_is_signed(
    sekisho, make_node, introduce, contract_file
):
    node, maker = make_node("ua.example"), make_node("maker.example")
    introduce(node, maker)
    _guard(node)
    ran = sekisho("contract", "propose", contract_file, "--dir", node)
    assert (ran.code, ran.out) == (1, "")
    assert f"{contract_file}:12:13: {BOTH}" in ran.err


def test_a_consumer_is_not_held_to_its_own_guardrails(sekisho, make_node, introduce, contract_file):
    """They are a provider's; the proposal fails only for want of a running node."""
    node, maker = make_node("ua.example"), make_node("maker.example")
    introduce(maker, node)
    _guard(maker)
    ran = sekisho("contract", "propose", contract_file, "--dir", maker)
    assert "start it with `sekisho serve`" in ran.err


def test_a_signature_below_the_floors_is_refused_before_anybody_is_asked(sekisho, proposed):
    node, contract = proposed
    _guard(node)
    ran = sekisho("contract", "sign", contract[7:19], "--dir", node)
    assert ran.code == 1
    assert f"contract {contract[7:19]}: grants[0].access: {BOTH}" in ran.err


def test_show_tells_why_a_contract_in_force_is_not_served(sekisho, in_force):
    node, contract = in_force
    shown = sekisho("contract", "show", contract, "--dir", node, "--format", "json").json
    assert (shown["state"], shown["not_served"]) == ("in-force", [])
    _guard(node)
    shown = sekisho("contract", "show", contract, "--dir", node, "--format", "json").json
    (found,) = shown["not_served"]
    assert (found["path"], found["message"]) == ("grants[0].access", BOTH)
    assert (
        f"not served  grants[0].access: {BOTH}"
        in sekisho("contract", "show", contract, "--dir", node).out
    )


def _doctor(sekisho, node):
    found = sekisho("doctor", "--dir", node, "--format", "json").json
    return {(item["state"], item["matter"]): item for item in found}


def test_doctor_shows_the_guardrails_and_what_they_do_not_see(sekisho, in_force):
    node, contract = in_force
    assert _doctor(sekisho, node)["ok", "guardrails"]["message"] == "none"
    _guard(node, FIGURES.replace("commercial]", "commercial], tag: [operation]"), tags="operations")
    found = _doctor(sekisho, node)
    assert found["ok", "guardrails"]["message"] == "1 rule in guardrails/floors.yaml"
    idle = found["warn", "guardrails"]
    assert "guardrails/floors.yaml:4 goes by the tag `operation`" in idle["message"]
    assert idle["hint"] == "did you mean `operations`?"
    bare = found["warn", "dataset flights"]["message"]
    assert bare.endswith("tail_number, origin, flight_number, note, flight_date and 1 more")
    assert ("fail", f"contract {contract[7:19]}") not in found


def test_doctor_names_both_places_of_a_contract_that_is_not_served(sekisho, in_force):
    node, contract = in_force
    _guard(node)
    found = _doctor(sekisho, node)["fail", f"contract {contract[7:19]}"]
    assert found["message"] == f"not served: grants[0].access: {BOTH}"


def test_doctor_tells_a_guardrail_that_is_not_there(sekisho, node):
    _guard(node)
    (node / "guardrails" / "floors.yaml").unlink()
    found = _doctor(sekisho, node)["fail", "guardrails"]
    assert "node.yaml:" in found["message"]
    assert "floors.yaml` cannot be read" in found["message"]


def test_doctor_tells_guardrails_that_contradict_each_other(sekisho, node):
    rule = "  - {rule: rows, because: So., require: {access: [rows]}}\n"
    _guard(node, FIGURES + rule)
    found = _doctor(sekisho, node)["fail", "guardrails"]
    assert found["message"].startswith("guardrails/floors.yaml:9:")
    assert "guardrails/floors.yaml:8" in found["message"]
