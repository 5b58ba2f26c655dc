"""`$name` and `?`: read by name, cast in so many words, written back as they were."""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.bounds import number_marks
from sekisho.sql.dialect import write_tree
from sekisho.sql.parameters import as_written, parameters_of
from sekisho.sql.read import read_condition, read_query
from support.gate_cases import PARSER


def read(sql, **types):
    return read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS, parameters=types)


def test_parameter_stands_as_a_cast_to_its_type():
    tree = read("SELECT $x, a FROM t WHERE b = $day AND c > $x", x="BIGINT", day="DATE")
    assert write_tree(tree) == (
        "SELECT CAST($v_x AS BIGINT), a FROM t WHERE b = CAST($v_day AS DATE) "
        "AND c > CAST($v_x AS BIGINT)"
    )
    assert parameters_of(tree) == ("x", "day")
    assert write_tree(as_written(tree)) == "SELECT $x, a FROM t WHERE b = $day AND c > $x"


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("SELECT ? + ? FROM t", "SELECT $1 + $2 FROM t"),
        ("SELECT '?', \"?\", ? -- ?\n, ? /* ? */", "SELECT '?', \"?\", $1 -- ?\n, $2 /* ? */"),
        ("SELECT 'it''s ?' || ?", "SELECT 'it''s ?' || $1"),
        ("SELECT $a", "SELECT $a"),
    ],
)
def test_marks_are_numbered_outside_quotes_and_comments(text, numbered):
    assert number_marks(text) == numbered


def test_marks_are_numbered_as_duckdb_does():
    types = {"1": "BIGINT", "2": "VARCHAR", "3": "BIGINT"}
    tree = read("FROM t SELECT ? WHERE a = ? AND b = ?", **types)
    assert write_tree(tree) == (
        "SELECT CAST($v_1 AS BIGINT) FROM t WHERE a = CAST($v_2 AS TEXT) "
        "AND b = CAST($v_3 AS BIGINT)"
    )


@pytest.mark.parametrize(
    ("sql", "types", "message"),
    [
        ("SELECT $x FROM t", {}, "the parameter `x` has no value"),
        ("SELECT ? FROM t", {"2": "DATE"}, "the parameter `1` has no value"),
        ("SELECT 1 FROM t", {"x": "DATE"}, "the parameter `x` does not stand in the query"),
        ("SELECT $x, ? FROM t", {"x": "DATE", "1": "DATE"}, "does not read|disagree"),
        ("SELECT $$ ? $$ FROM t", {"1": "DATE"}, "is not allowed in a query"),
        ("SELECT a FROM t LIMIT $x", {"x": "BIGINT"}, "LIMIT and OFFSET take a whole number"),
        ("SELECT a FROM $x", {"x": "VARCHAR"}, "does not read|is not on the list"),
        ("SELECT a FROM t ORDER BY a LIMIT ?", {"1": "BIGINT"}, "LIMIT and OFFSET"),
        ("SELECT ntile($x) OVER (ORDER BY a) FROM t", {"x": "BIGINT"}, "must be written out"),
        ("SELECT date_trunc($x, a) FROM t", {"x": "VARCHAR"}, "must be written out"),
        ("SELECT INTERVAL $x DAY FROM t", {"x": "BIGINT"}, "an interval must be|does not read"),
        ("SELECT a FROM t WHERE a LIKE 'x' ESCAPE $x", {"x": "VARCHAR"}, "ESCAPE takes one"),
    ],
)
def test_parameter_that_cannot_stand_there_is_refused(sql, types, message):
    with pytest.raises(Refusal, match=message) as caught:
        read(sql, **types)
    assert caught.value.reason in {
        RefusalReason.SYNTAX_NOT_ALLOWED,
        RefusalReason.PARSERS_DISAGREE,
        RefusalReason.FUNCTION_NOT_ALLOWED,
    }


def test_row_filter_has_no_parameter():
    with pytest.raises(Refusal, match="the parameter `x` has no value"):
        read_condition("a = $x", parser=PARSER, limits=DEFAULT_LIMITS)
