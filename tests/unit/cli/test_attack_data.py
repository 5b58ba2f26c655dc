"""Where `contract attack` finds data, and what it says when there is none."""

import json

import pytest

from support.hospitals import DATA, statistics_text
from support.nodes import run

ROWS = "patient_id,age,sex,ill\n" + "".join(
    f"{i},{i % 60},{'fm'[i % 2]},{i % 5 == 0}\n" for i in range(120)
)
COLUMNS = """
      age: {use: [group, filter]}
      sex: {use: [group, filter]}
      ill: {use: [group, filter]}
"""
TESTS = """
format: sekisho.contract-test/v1
contract: small.contract.yaml
datasets:
  a.example/tests: {csv: tests.csv, privacy_units: [patient_id], classes: {ill: health}}
tests:
  - {name: counts, sql: "SELECT count(*) FROM tests", expect: allowed}
"""
QUICK = ("--queries", "4", "--format", "json")


@pytest.fixture
def contract(tmp_path):
    (tmp_path / "tests.csv").write_text(ROWS)
    file = tmp_path / "small.contract.yaml"
    file.write_text(statistics_text(columns=COLUMNS))
    return file


def test_contract_without_data_cannot_be_attacked(contract):
    ran = run("contract", "attack", str(contract), "--dir", str(contract.parent))
    assert ran.code == 1
    assert "there is no data to attack" in ran.err
    assert "--data PARTY/NAME=FILE" in ran.err


def test_data_is_named_by_party_and_name(contract):
    ran = run("contract", "attack", str(contract), "--data", "tests.csv")
    assert ran.code == 1
    assert "`tests.csv` names no data" in ran.err


def test_other_providers_data_is_not_here(contract):
    data = f"a.example/tests={contract.parent / 'tests.csv'}"
    ran = run("contract", "attack", str(contract), "--data", data, "--provider", "b.example")
    assert ran.code == 1
    assert "there is no data of `b.example` to attack" in ran.err


def test_unknown_secret_is_told(contract):
    data = f"a.example/tests={contract.parent / 'tests.csv'}"
    ran = run("contract", "attack", str(contract), "--data", data, "--secret", "ill=perhaps")
    assert ran.code == 1
    assert "`ill=perhaps` is no secret of `a.example/tests` under the grant `tests`" in ran.err


def test_files_of_the_contracts_tests_are_taken_with_their_classes(contract):
    (contract.parent / "small.contract.test.yaml").write_text(TESTS)
    ran = run("contract", "attack", str(contract), *QUICK)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert {item["secret"] for item in document["attacks"]} == {"ill = True"}
    assert "differencing" in {item["attack"] for item in document["attacks"]}


def test_mode_that_is_not_served_is_told(contract):
    text = contract.read_text().replace("access: aggregate", "access: private")
    contract.write_text(text)
    data = f"a.example/tests={contract.parent / 'tests.csv'}"
    ran = run("contract", "attack", str(contract), "--data", data)
    assert ran.code == 0, ran.err
    assert "`private` is not answered by this release" in ran.err


def test_rows_single_people_out(contract):
    text = statistics_text(columns=COLUMNS).replace("access: aggregate", "access: rows")
    contract.write_text(text.replace("{use: [group, filter]}", "{}"))
    data = f"a.example/tests={contract.parent / 'tests.csv'}"
    ran = run("contract", "attack", str(contract), "--data", data, "--secret", "ill")
    assert ran.code == 0, ran.err
    (line,) = (line for line in ran.out.splitlines() if line.startswith("singling out  figures"))
    stated, recovered, of = line.split()[-5:-2]
    assert stated == recovered == of
    assert (DATA / "positivity.contract.yaml").is_file()
