"""SHOW, DESCRIBE and their like, which the engine's own parser takes for SELECTs.

expect: step 2, SYNTAX_NOT_ALLOWED
effect: names and statistics of what is not granted
source: json_serialize_sql of DuckDB 2.0 accepts SHOW, DESCRIBE and SUMMARIZE
"""

import json

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import PARSER, refused

STATEMENTS = [
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SHOW flights",
    "DESCRIBE flights",
    "DESCRIBE SELECT remark FROM data.flights",
    "SUMMARIZE flights",
    "SUMMARIZE SELECT * FROM data.flights",
    "PRAGMA database_list",
    "PRAGMA table_info('data.flights')",
    "EXPLAIN SELECT origin FROM flights",
    "EXPLAIN ANALYZE SELECT origin FROM flights",
    "CALL pragma_version()",
    "TABLE data.flights",
    "VALUES (1)",
    "FROM (SHOW TABLES)",
    "SELECT * FROM (DESCRIBE data.flights)",
    "SELECT * FROM (SUMMARIZE data.flights)",
    "PIVOT data.flights ON origin USING sum(distance)",
    "UNPIVOT data.flights ON distance INTO NAME n VALUE v",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_statement_is_refused(sql):
    assert refused(sql).reason in {
        RefusalReason.SYNTAX_NOT_ALLOWED,
        RefusalReason.DATASET_NOT_GRANTED,
    }


def test_the_engines_parser_alone_would_let_some_of_them_in():
    taken = [sql for sql in STATEMENTS if not json.loads(PARSER.parse(sql))["error"]]
    assert "SHOW TABLES" in taken
    assert "SUMMARIZE flights" in taken
