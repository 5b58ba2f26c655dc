"""Rows of another relation, brought in beside granted ones.

expect: step 4, SYNTAX_NOT_ALLOWED; step 5 for their names
effect: columns that are not granted come out under the names of granted ones
source: classic injection; DuckDB UNION BY NAME
"""

import pytest

from support.gate_cases import refused

SECOND = "SELECT remark FROM data.flights"


@pytest.mark.parametrize("joined", ["UNION", "UNION ALL", "UNION BY NAME", "EXCEPT", "INTERSECT"])
@pytest.mark.parametrize(
    "form",
    [
        "SELECT origin FROM flights {} {}",
        "SELECT * FROM (SELECT origin FROM flights {} {}) AS x",
        "WITH x AS (SELECT origin FROM flights {} {}) SELECT * FROM x",
        "SELECT origin FROM flights WHERE origin IN (SELECT origin FROM flights {} {})",
        "SELECT (SELECT origin FROM flights {} {}) FROM flights",
        "SELECT origin FROM flights WHERE EXISTS (SELECT origin FROM flights {} {})",
        "(SELECT origin FROM flights) {} ({})",
    ],
)
def test_sets_of_rows_are_not_combined(form, joined):
    assert refused(form.format(joined, SECOND)).reason == "SYNTAX_NOT_ALLOWED"


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
