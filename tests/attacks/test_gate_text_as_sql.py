"""Functions that run a text as SQL, past everything that was checked.

expect: step 4, FUNCTION_NOT_ALLOWED by the allow-list
effect: the text inside would be read by the engine alone
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused

HIDDEN = "SELECT remark FROM data.flights"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM query('{HIDDEN}')",
        "SELECT * FROM query_table('data.flights')",
        "SELECT * FROM query_table(['data.flights'])",
        f"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('{HIDDEN}'))",
        f"SELECT json_serialize_sql('{HIDDEN}') FROM flights",
        "SELECT origin FROM flights WHERE origin IN (SELECT * FROM query('SELECT 1'))",
        "WITH x AS (SELECT * FROM query('SELECT 1')) SELECT * FROM x",
        "SELECT * FROM QUERY('SELECT 1')",
        """SELECT "query"('SELECT 1') FROM flights""",
    ],
)
def test_a_text_is_never_run_as_sql(sql):
    assert refused(sql).reason in {
        RefusalReason.FUNCTION_NOT_ALLOWED,
        RefusalReason.SYNTAX_NOT_ALLOWED,
    }
