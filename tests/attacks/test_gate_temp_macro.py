"""A macro that shadows a built-in function, such as the hash that makes pseudonyms.

expect: step 2, SYNTAX_NOT_ALLOWED
effect: sha256(x) becomes x for the queries after it
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP MACRO sha256(x) AS x",
        "CREATE OR REPLACE TEMPORARY FUNCTION sha256(x) AS x",
        "CREATE MACRO flights() AS TABLE SELECT * FROM data.flights",
        "CREATE TEMP TABLE flights AS SELECT * FROM data.flights",
        "CREATE TEMP VIEW flights AS SELECT * FROM data.flights",
        "SET search_path = 'data'",
        "SET VARIABLE k = 1",
        "PREPARE q AS SELECT 1",
        "EXECUTE q",
        "USE data",
        "LOAD httpfs",
        "INSTALL httpfs",
        "BEGIN TRANSACTION",
        "CHECKPOINT",
        "VACUUM",
        "EXPORT DATABASE 'x'",
        "COPY data.flights TO 'x.csv'",
        "ATTACH ':memory:' AS x",
    ],
)
def test_nothing_is_defined_or_set(sql):
    refusal = refused(sql)
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert refusal.allowed == ()
