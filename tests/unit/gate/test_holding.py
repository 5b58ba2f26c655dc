"""`minimum_units` in a grant of rows: enough units in the answer, or an empty answer."""

from dataclasses import replace

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused
from support.held import DATASETS, PATIENTS, ROWS, SEEN, SIGNED, Wards, plan, refusal


@pytest.fixture(scope="module")
def wards():
    return Wards(ROWS, SEEN)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT age FROM patients WHERE ward = 'x' ORDER BY age DESC", [(3,), (2,), (1,)]),
        ("SELECT age FROM patients ORDER BY age LIMIT 3", [(1,), (2,), (3,)]),
        ("SELECT count(*), sum(cost) FROM patients", [(9, 430)]),
        ("SELECT ward, count(*) FROM patients GROUP BY ward ORDER BY 2 DESC, 1",
         [("z", 4), ("x", 3), ("y", 2)]),
        ("SELECT ward FROM patients GROUP BY ward HAVING count(*) > 2 ORDER BY max(age) DESC",
         [("z",), ("x",)]),
        ("SELECT DISTINCT ward FROM patients ORDER BY ward", [("x",), ("y",), ("z",)]),
        ("SELECT DISTINCT ward FROM patients ORDER BY ward LIMIT 1", [("x",)]),
        ("SELECT DISTINCT count(*) FROM patients GROUP BY ward ORDER BY 1", [(2,), (3,), (4,)]),
        ("SELECT DISTINCT ON (age % 4) age FROM patients ORDER BY age", [(1,), (2,), (3,), (4,)]),
        ("SELECT age, rank() OVER (ORDER BY age) AS r FROM patients QUALIFY r < 4 ORDER BY r",
         [(1, 1), (2, 2), (3, 3)]),
        ("SELECT sum(age) / count(*), avg(age), median(age) FROM patients WHERE ward = 'x'",
         [(2.0, 2.0, 2.0)]),
        (("SELECT p.age, v.seen IS NULL FROM patients AS p JOIN visits AS v USING (patient) "
         "WHERE p.ward = 'x' ORDER BY 1"), [(1, False), (1, False), (2, False), (3, False)]),
        ("SELECT ward AS c1, age AS u1 FROM patients WHERE age < 4 ORDER BY age + 0 DESC, c1",
         [("x", 3), ("x", 2), ("x", 1)]),
    ],
    ids=range(13),
)  # fmt: skip
def test_answer_with_enough_units_is_what_the_view_holds(wards, sql, expected):
    assert wards.run(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT age FROM patients WHERE ward = 'y'",
        "SELECT age FROM patients WHERE ward = 'z'",
        "SELECT age FROM patients LIMIT 2",
        "SELECT count(*) FROM patients WHERE ward = 'y'",
        "SELECT count(*) FROM patients WHERE FALSE",
        "SELECT ward, count(*) FROM patients GROUP BY ward HAVING ward = 'y'",
        "SELECT ward, count(*) FROM patients GROUP BY ward ORDER BY 1 DESC LIMIT 1",
        "SELECT DISTINCT ward FROM patients WHERE ward = 'y'",
        "SELECT DISTINCT ON (ward) age FROM patients ORDER BY ward DESC, age LIMIT 2",
        "SELECT age FROM patients QUALIFY rank() OVER (ORDER BY age) = 1",
        "SELECT p.age FROM patients AS p JOIN visits AS v ON v.patient = 'a'",
        "SELECT p.age FROM patients AS p LEFT JOIN visits AS v ON v.patient = 'a'",
        "SELECT p.age FROM patients AS p CROSS JOIN patients AS q WHERE q.patient = 'a'",
    ],
)
def test_answer_with_too_few_units_is_empty_and_of_the_same_types(wards, sql):
    held = wards.bind(sql)
    assert held.fetchall() == []
    open_grant = SIGNED.contract.grants[0].model_copy(update={"disclosure": None})
    contract = SIGNED.contract.model_copy(update={"grants": (open_grant,)})
    shown = wards.bind(sql, signed=replace(SIGNED, contract=contract))
    assert (held.columns, held.types) == (shown.columns, shown.types)
    assert shown.fetchall() != [] or "FALSE" in sql


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT age FROM (SELECT age FROM patients) AS q", "a subquery, WITH or a set operation"),
        ("WITH q AS (SELECT age FROM patients) SELECT age FROM q", "a subquery, WITH"),
        ("SELECT age FROM patients UNION ALL SELECT age FROM patients", "a set operation"),
        ("SELECT (SELECT max(age) FROM patients WHERE patient = 'a') FROM patients", "a subquery"),
        ("SELECT age FROM patients WHERE EXISTS (SELECT 1 FROM visits)", "a subquery"),
        ("SELECT sum(age) FILTER (WHERE patient = 'a') FROM patients", "FILTER"),
        ("SELECT count(*) FILTER (WHERE patient = 'a') OVER () FROM patients", "FILTER"),
        ("SELECT sum(CASE WHEN patient = 'a' THEN age END) FROM patients", "inside an aggregate"),
        ("SELECT max(age * 1) FROM patients GROUP BY ward", "inside an aggregate"),
        ("SELECT count(DISTINCT nullif(patient, 'a')) FROM patients", "inside an aggregate"),
        ("SELECT DISTINCT ward FROM patients ORDER BY age", "DISTINCT in another order"),
    ],
)
def test_form_that_cannot_be_counted_is_refused(sql, message):
    found = refusal(sql)
    assert found.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert message in found.message
    assert found.clause == "grants.held.disclosure.minimum_units"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT sum(age) + 1 FROM patients", "an operation that can fail"),
        ("SELECT lag(age) OVER (ORDER BY age) - 1 FROM patients", "an operation that can fail"),
        ("SELECT ward FROM patients GROUP BY ward HAVING -sum(age) < 1", "an operation that can"),
        ("SELECT sum(big) FROM patients", "the function `sum` can fail over so wide a number"),
        ("SELECT avg(exact) FROM patients", "the function `avg` can fail over so wide a number"),
        ("SELECT sum(big) OVER () FROM patients", "can fail over so wide"),
        ("SELECT count(*) OVER (ORDER BY age RANGE 1 PRECEDING) FROM patients", "RANGE with a"),
    ],
)
def test_nothing_that_can_fail_is_let_in(sql, message):
    found = refusal(sql)
    assert found.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert message in found.message


def test_plan_names_the_clause():
    clauses = plan("SELECT age FROM patients").clauses
    assert clauses[-1] == "grants.held.disclosure.minimum_units"


def test_an_answer_is_kept_before_it_is_counted_and_given_in_its_order():
    """Counted and given are then one relation, whatever an engine would compute twice."""
    sql = plan("SELECT age FROM patients ORDER BY ward DESC, age").sql
    assert sql.startswith('WITH "answer" AS MATERIALIZED (')
    assert sql.endswith('ORDER BY "k1" DESC, "c1"')


def test_unit_that_is_gone_changes_the_schema():
    columns = tuple(item for item in PATIENTS.columns if item.name != "patient")
    gone = {**DATASETS, PATIENTS.id: replace(PATIENTS, columns=columns)}
    found = refused("SELECT age FROM patients", signed=SIGNED, datasets=gone)
    assert found.reason is RefusalReason.SCHEMA_CHANGED
    assert found.clause == "grants.held.privacy_units"


def test_units_of_the_dataset_are_counted_too(wards):
    also = {**DATASETS, PATIENTS.id: replace(PATIENTS, privacy_units=("ward",))}
    assert wards.run("SELECT count(*) FROM patients", datasets=also) == [(9,)]
    assert wards.run("SELECT count(*) FROM patients WHERE ward <> 'x'", datasets=also) == []


def test_name_of_a_hidden_unit_gives_way_to_a_granted_column():
    names = {"age": "unit_1", "patient": "patient"}
    columns = tuple(replace(c, name=names.get(c.name, c.name)) for c in PATIENTS.columns)
    grant = SIGNED.contract.grants[0]
    renamed = {names.get(key, key): value for key, value in grant.columns.items()}
    contract = SIGNED.contract.model_copy(
        update={"grants": (grant.model_copy(update={"columns": renamed}),)}
    )
    found = plan(
        "SELECT unit_1 FROM patients",
        signed=replace(SIGNED, contract=contract),
        datasets={**DATASETS, PATIENTS.id: replace(PATIENTS, columns=columns)},
    )
    assert '"rows_of"."patient" AS "unit_1_"' in found.sql
