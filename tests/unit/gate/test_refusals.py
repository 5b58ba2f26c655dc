"""Every kind of query that the gate refuses, with the reason, the clause and the place it names."""

import json
from pathlib import Path

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import CONTRACT, refused, signed_contract

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "gate" / "refusals.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_query_is_refused_with_reason_clause_and_place(vector):
    refusal = refused(vector["sql"])
    told = (refusal.reason.value, refusal.clause, refusal.line, refusal.column)
    assert told == (vector["reason"], vector["clause"], vector["line"], vector["column"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_refusal_is_one_plain_line(vector):
    refusal = refused(vector["sql"])
    assert "\n" not in refusal.message
    assert not refusal.message.endswith(".")
    assert refusal.message[0] == refusal.message[0].lower() or refusal.message.split()[0].isupper()


def test_every_reason_of_the_gate_has_a_vector():
    decided_elsewhere = {
        RefusalReason.CONTRACT_NOT_FOUND,
        RefusalReason.NOT_IN_FORCE,
        RefusalReason.SUSPENDED,
        RefusalReason.PURPOSE_NOT_ALLOWED,
        RefusalReason.TOO_COMPLEX,
        RefusalReason.LIMIT_REACHED,
        RefusalReason.BUDGET_SPENT,
        RefusalReason.LOOKUP_NOT_ALLOWED,
    }
    assert {vector["reason"] for vector in VECTORS} == set(RefusalReason) - decided_elsewhere


def test_unknown_and_ungranted_columns_are_refused_alike():
    hidden = refused("SELECT remark FROM flights")
    absent = refused("SELECT nowhere FROM flights")
    assert hidden.message.replace("remark", "nowhere") == absent.message
    assert (hidden.reason, hidden.clause, hidden.hint) == (
        absent.reason,
        absent.clause,
        absent.hint,
    )
    assert set(hidden.allowed) == set(absent.allowed)
    assert "remark" not in hidden.allowed


def test_unknown_and_ungranted_datasets_are_refused_alike():
    granted_to_others = signed_contract(CONTRACT.replace("ua.example/parts", "dl.example/parts"))
    hidden = refused("SELECT * FROM parts", signed=granted_to_others)
    absent = refused("SELECT * FROM nowhere", signed=granted_to_others)
    assert hidden.message.replace("parts", "nowhere") == absent.message
    assert hidden.allowed == absent.allowed


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 70 + "1" + ")" * 70 + " FROM flights",
        "SELECT " + "NOT " * 500 + "late FROM flights",
        "SELECT " + "- " * 500 + "1 FROM flights",
        "SELECT " + "CASE WHEN late THEN " * 70 + "1" + " END" * 70 + " FROM flights",
        "SELECT " + " + ".join(["distance"] * 300) + " FROM flights",
        "SELECT origin FROM flights WHERE " + " OR ".join(["late"] * 3000),
        "SELECT origin FROM flights WHERE distance IN (" + ", ".join(["1"] * 21_000) + ")",
        "SELECT '" + "x" * 70_000 + "' FROM flights",
        "SELECT distance AS a0, "
        + ", ".join(f"a{n} + a{n} AS a{n + 1}" for n in range(40))
        + " FROM flights",
        "SELECT " + ", ".join(["*"] * 5000) + " FROM flights",
        "SELECT 1 " + "/*" * 30_000,
        "SELECT " + "'" * 40_001 + " FROM flights",
    ],
    ids=lambda sql: sql[:24],
)
def test_query_that_could_run_away_is_refused_before_it_does(sql):
    assert refused(sql).reason in {RefusalReason.TOO_COMPLEX, RefusalReason.SYNTAX_NOT_ALLOWED}


def test_purpose_must_be_listed():
    refusal = refused("SELECT origin FROM flights", purpose="ranking")
    assert refusal.reason is RefusalReason.PURPOSE_NOT_ALLOWED
    assert refusal.clause == "purposes"
    assert refusal.allowed == ("reliability",)


def test_no_purpose_is_not_a_listed_one():
    assert refused("SELECT origin FROM flights", purpose="").message == "no purpose is stated"


@pytest.mark.parametrize(
    "parties",
    [
        {"consumer": "other.example"},
        {"consumer": "ua.example"},
        {"provider": "maker.example"},
        {"provider": "other.example"},
    ],
    ids=str,
)
def test_party_outside_its_role_finds_no_contract(parties):
    refusal = refused("SELECT origin FROM flights", **parties)
    assert refusal.reason is RefusalReason.CONTRACT_NOT_FOUND
    assert refusal.allowed == ()


def test_function_refusal_names_near_matches():
    assert "upper" in refused("SELECT uper(origin) FROM flights").allowed


def test_column_refusal_names_the_granted_columns_nearest_first():
    assert refused("SELECT orign FROM flights").allowed[0] == "origin"


def test_use_refusal_names_the_uses_and_a_way():
    refusal = refused("SELECT arrival_delay FROM flights")
    assert refusal.allowed == ("measure",)
    assert refusal.hint == "aggregate it, such as count(DISTINCT …)"


def test_dataset_refusal_names_what_the_contract_names():
    assert refused("SELECT * FROM x").allowed[0] == "ua.flights"
    assert not any("dl." in name for name in refused("SELECT * FROM x").allowed)
