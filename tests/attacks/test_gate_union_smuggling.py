"""Rows of another relation, brought in beside granted ones.

expect: step 5, DATASET_NOT_GRANTED or COLUMN_NOT_GRANTED; BY NAME at step 4, SYNTAX_NOT_ALLOWED
effect: columns that are not granted come out under the names of granted ones
source: classic injection; DuckDB UNION BY NAME
"""

import pytest

from support.gate_cases import refused

SECOND = "SELECT remark FROM data.flights"
FORMS = [
    "SELECT origin FROM flights {} {}",
    "SELECT * FROM (SELECT origin FROM flights {} {}) AS x",
    "WITH x AS (SELECT origin FROM flights {} {}) SELECT * FROM x",
    "SELECT origin FROM flights WHERE origin IN (SELECT origin FROM flights {} {})",
    "SELECT (SELECT origin FROM flights {} {}) FROM flights",
    "SELECT origin FROM flights WHERE EXISTS (SELECT origin FROM flights {} {})",
    "(SELECT origin FROM flights) {} ({})",
]
JOINED = ["UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL"]


@pytest.mark.parametrize("joined", JOINED)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (SECOND, "DATASET_NOT_GRANTED"),
        ("SELECT table_name FROM duckdb_tables", "DATASET_NOT_GRANTED"),
        ("SELECT remark FROM flights", "COLUMN_NOT_GRANTED"),
        ("SELECT flights FROM flights", "COLUMN_NOT_GRANTED"),
        ("SELECT carrier FROM flights", "USE_NOT_GRANTED"),
    ],
)
def test_each_side_shows_what_is_granted_alone(form, joined, second, reason):
    assert refused(form.format(joined, second)).reason == reason


@pytest.mark.parametrize("form", FORMS)
def test_columns_are_not_brought_together_by_name(form):
    assert refused(form.format("UNION BY NAME", SECOND)).reason == "SYNTAX_NOT_ALLOWED"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT origin FROM flights WHERE origin = ({SECOND})",
        f"SELECT ({SECOND} LIMIT 1) FROM flights",
        f"SELECT origin FROM flights ORDER BY ({SECOND} LIMIT 1)",
        f"SELECT count(*) FILTER (WHERE origin IN ({SECOND})) FROM flights",
        f"SELECT CASE WHEN EXISTS ({SECOND}) THEN 1 END FROM flights",
        f"SELECT origin FROM flights GROUP BY origin HAVING max(origin) = ({SECOND} LIMIT 1)",
    ],
)
def test_a_subquery_names_granted_datasets_only(sql):
    assert refused(sql).reason == "DATASET_NOT_GRANTED"
