"""One patient's value, brought out beside enough others.

expect: step 10, an empty answer, or SYNTAX_NOT_ALLOWED for what could do it without being counted
effect: an answer about one patient, though the grant says three
source: DESIGN 9.1; PRIVACY, mask vector in a sum
"""

import pytest

from support.held import ROWS, SEEN, Wards, refusal

ONE = "patient = 'a'"


@pytest.fixture(scope="module")
def wards():
    return Wards(ROWS, SEEN)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT age FROM patients WHERE {ONE}",
        f"SELECT ward, max(age) FROM patients GROUP BY ward, patient HAVING {ONE}",
        f"SELECT age FROM patients QUALIFY {ONE} AND rank() OVER () = 1",
        "SELECT age FROM patients ORDER BY patient LIMIT 1",
        "SELECT age FROM patients ORDER BY patient LIMIT 1 OFFSET 1",
        f"SELECT DISTINCT ON (TRUE AND {ONE} IS NULL) age FROM patients ORDER BY patient",
        f"SELECT q.age FROM patients AS p CROSS JOIN patients AS q WHERE q.{ONE}",
        f"SELECT q.age FROM patients AS p LEFT JOIN patients AS q ON q.{ONE}",
        f"SELECT sum(q.age) FROM patients AS p LEFT JOIN patients AS q ON q.{ONE}",
    ],
)
def test_what_is_about_one_is_held_back(wards, sql):
    assert wards.run(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT sum(CASE WHEN {ONE} THEN age END) FROM patients",
        f"SELECT sum(age * CAST({ONE} AS INTEGER)) FROM patients",
        f"SELECT max(age) FILTER (WHERE {ONE}) FROM patients",
        f"SELECT count(DISTINCT if({ONE}, age, NULL)) FROM patients",
        f"SELECT (SELECT age FROM patients WHERE {ONE}) FROM patients",
        f"SELECT age FROM patients WHERE EXISTS (SELECT 1 FROM patients WHERE {ONE} AND age > 0)",
        f"SELECT age FROM patients WHERE age > (SELECT age FROM patients WHERE {ONE})",
        f"SELECT age FROM patients UNION ALL SELECT age FROM patients WHERE {ONE}",
        f"SELECT q.age FROM patients CROSS JOIN (SELECT age FROM patients WHERE {ONE}) AS q",
        f"WITH q AS (SELECT age FROM patients WHERE {ONE}) SELECT q.age FROM q, patients",
    ],
)
def test_what_could_hide_one_among_many_is_refused(sql):
    assert refusal(sql).reason == "SYNTAX_NOT_ALLOWED"
