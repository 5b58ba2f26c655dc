"""The dictionary of an enumerated column, which names every value that any row may have.

expect: step 7: enumerated columns are shown as text
effect: values of hidden rows come out with the schema, though no row has them
source: a filtered enum ships its whole dictionary in Arrow
"""

import pytest

from support.gate_cases import allowed
from support.open_world import COLUMNS, FILTERED, HOSTILE, PLAIN, World, decided


def test_the_world_has_a_value_that_only_hidden_rows_bear():
    assert "HIV-canary" in COLUMNS["kind"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT kind FROM things",
        "SELECT kind, count(*) FROM things GROUP BY kind",
        "SELECT max(kind) FROM things",
        "SELECT coalesce(kind, 'a') FROM things",
        "SELECT CASE WHEN flag THEN kind END FROM things",
        "WITH x AS (SELECT kind AS k FROM things) SELECT k FROM x",
    ],
)
def test_no_answer_carries_the_dictionary(sql):
    plan = decided(sql, signed=FILTERED)
    relation = World(PLAIN, HOSTILE).bind(plan)
    assert "VARCHAR" in {str(kind) for kind in relation.types}
    table = relation.to_arrow_table()
    assert "HIV-canary" not in f"{table.schema} {table.to_pylist()}"


def test_a_masked_dictionary_is_gone_as_well():
    assert "AS TEXT)" in allowed("SELECT carrier, count(*) FROM flights GROUP BY carrier").sql
