"""`contract attack` on the hospitals' contract: the numbers that its seed gives."""

import json
import shutil

import pytest

from support.hospitals import DATA
from support.nodes import run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
CONTRACT = DATA / "positivity.contract.yaml"


def attacked(*options: str, file=CONTRACT) -> dict:
    ran = run("contract", "attack", str(file), "--format", "json", *options)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def row(document: dict, attack: str, secret: str = "positive", by: str = "figures") -> dict:
    (found,) = (
        item
        for item in document["attacks"]
        if (item["attack"], item["secret"], item["by"]) == (attack, secret, by)
    )
    return found


NUMBERS = {
    # attack: queries, withheld, stated, recovered, of, chance, unprotected
    "differencing": (10, 7, 0, 0, 7, 0.0, 7),
    "insertion": (6, 2, 2, 1, 2, 1.0, 2),
    "tracker": (17, 4, 3, 3, 7, 2.6, 7),
    "averaging": (59, 8, 14, 14, 14, 2.8, 14),
    "reconstruction": (41, 9, 7, 6, 7, 6.0, 7),
    "dominance": (0, 0, 0, 0, 0, 0.0, 0),
}
"""What seed 1 comes to on the shipped contract and data."""
COLUMNS = "queries withheld stated recovered of chance unprotected".split()


@pytest.fixture(scope="module")
def document():
    return attacked()


def test_numbers_are_the_seeds(document):
    assert document["seed"] == 1
    found = {
        item["attack"]: tuple(
            round(item[name], 1) if name == "chance" else item[name] for name in COLUMNS
        )
        for item in document["attacks"]
    }
    assert found == NUMBERS


def test_another_seed_aims_at_others_or_draws_other_queries(document):
    other = attacked("--seed", "3", "--queries", "24")
    assert (other["seed"], other["queries"]) == (3, 24)
    assert other["attacks"] != document["attacks"]
    assert all(item["queries"] <= 24 for item in other["attacks"])


def test_every_attack_says_what_it_sent_and_what_it_recovered(document):
    tried = ["differencing", "insertion", "tracker", "averaging", "reconstruction"]
    assert [(item["attack"], item["secret"]) for item in document["attacks"]] == [
        *((attack, "positive") for attack in tried),
        ("dominance", "cycle_threshold"),
    ]
    for item in document["attacks"]:
        assert (item["grant"], item["dataset"]) == ("tests", "a.example/tests")
        assert item["unit"] == "patient_id"
        assert item["refused"] == 0
        assert 0 <= item["recovered"] <= item["stated"] <= item["of"]
        assert 0 <= item["chance"] <= item["stated"]


def test_few_patients_are_alone_and_pairs_of_figures_tell_of_none(document):
    differencing = row(document, "differencing")
    assert differencing["of"] == differencing["unprotected"] == 7
    assert differencing["recovered"] == 0
    for attack in ("differencing", "insertion", "reconstruction", "dominance"):
        secret = "cycle_threshold" if attack == "dominance" else "positive"
        assert not row(document, attack, secret)["open"]


def test_verdict_names_what_stands_open_and_which_terms_help(document):
    (verdict,) = document["verdicts"]
    assert (verdict["grant"], verdict["dataset"]) == ("tests", "a.example/tests")
    opened = [item["attack"] for item in document["attacks"] if item["open"]]
    assert [line.split(",")[0] for line in verdict["says"] if line.startswith("open: ")] == [
        f"open: {attack}" for attack in opened
    ]
    assert bool(verdict["helps"]) == bool(opened)


def test_limits_of_the_contract_bound_the_attacker(tmp_path):
    text = CONTRACT.read_text()
    assert "queries: {max: 100, per: day}" in text
    text = text.replace("queries: {max: 100, per: day}", "queries: {max: 2, per: day}")
    file = tmp_path / "bounded.contract.yaml"
    file.write_text(text)
    shutil.copy(DATA / "covid_tests_a.parquet", tmp_path / "tests.parquet")
    data = f"a.example/tests={tmp_path / 'tests.parquet'}"
    ran = run("contract", "attack", str(file), "--data", data, "--secret", "positive")
    assert ran.code == 0, ran.err
    assert "the first with LIMIT_REACHED" in ran.out
    assert "secret: positive" in ran.out
