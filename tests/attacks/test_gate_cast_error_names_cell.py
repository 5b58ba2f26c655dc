"""A predicate that fails on the cells of rows which the row filter hides.

expect: step 8: every expression over a row is total
effect: "Could not convert string 'HIV-positive' to INT32" reaches the peer
source: an engine may run a predicate before the row filter, and its error quotes the cell
"""

import duckdb
import pytest

from support.gate_cases import ProviderData, allowed

CANARY = "HIV-canary"
PREDICATES = [
    "CAST(origin AS INTEGER) > 0",
    "origin::DATE > DATE '2026-01-01'",
    "origin = 1 OR destination = 2",
    "origin IN (1, 2, 3)",
    "origin",
    "NOT origin",
    "CASE WHEN origin THEN true ELSE late END",
    "length(origin) // (distance - 1) > 0",
    "distance % (distance - 1) = 0",
    "regexp_matches('x', origin || '(')",
    "CAST(origin AS DECIMAL(4, 2)) BETWEEN 1 AND 2",
    "departure_delay * 1000 > 0",
    "substr(origin, departure_delay * 1000000000) = 'x'",
    "strftime(departed + INTERVAL 999999999 YEAR, '%Y') = '2026'",
    "make_date(distance, distance, distance) IS NOT NULL",
    "CAST(origin AS BOOLEAN) AND late",
    "CASE origin WHEN 1 THEN true WHEN 2 THEN false END",
]


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize(
    "form",
    [
        "SELECT count(*) FROM flights WHERE {}",
        "SELECT ({}), count(*) FROM flights GROUP BY 1",
        "SELECT count(*) FILTER (WHERE {}) FROM flights",
        "SELECT origin FROM flights ORDER BY ({})",
        "SELECT max(v) FROM (SELECT ({}) AS v FROM flights) AS x WHERE v",
    ],
)
def test_no_cell_is_named_and_nothing_fails(data, predicate, form):
    outcome = data.run(allowed(form.format(predicate)))
    assert CANARY not in repr(outcome)


def test_as_written_it_would_name_the_cell(data):
    view = "(SELECT origin FROM data.flights WHERE NOT cancelled) AS flights"
    with pytest.raises(duckdb.Error, match="Could not convert string"):
        data.connection.sql(f"SELECT count(*) FROM {view} WHERE origin::INTEGER > 0").fetchall()
