"""A second statement behind the one that is shown to the gate.

expect: step 2, SYNTAX_NOT_ALLOWED
effect: an engine that is handed the text would run both
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import allowed, refused


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT origin FROM flights; SELECT remark FROM flights",
        "SELECT origin FROM flights;DROP TABLE flights",
        "SELECT origin FROM flights; ; SELECT 1",
        "; SELECT remark FROM flights; SELECT origin FROM flights",
        "SELECT origin FROM flights /* ; */ ; -- \nSELECT 1",
        "SELECT origin FROM flights\n;\nATTACH ':memory:' AS x",
    ],
)
def test_a_second_statement_is_refused(sql):
    assert refused(sql).reason is RefusalReason.SYNTAX_NOT_ALLOWED


@pytest.mark.parametrize(
    "sql",
    ["SELECT origin FROM flights;", "SELECT ';' AS x FROM flights", "SELECT 1 FROM flights -- ;"],
)
def test_a_semicolon_alone_is_no_second_statement(sql):
    assert ";" not in allowed(sql).sql
