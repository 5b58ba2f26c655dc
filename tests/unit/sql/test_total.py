"""Each operation that can fail is wrapped by itself, each cast is written out, the rest is left."""

import pytest

from sekisho.errors import Refusal
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.dialect import write_tree
from sekisho.sql.read import read_condition, read_query
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation
from sekisho.sql.total import make_condition_total, make_total
from sekisho.sql.types import (
    Type,
    meet_as_values,
    meet_to_compare,
    number_type,
    parse_type,
)
from support.gate_cases import PARSER

TYPES = {
    "i": "INTEGER", "j": "SMALLINT", "h": "HUGEINT", "f": "DOUBLE", "d": "DECIMAL(10,2)",
    "w": "DECIMAL(38,10)", "s": "VARCHAR", "b": "BOOLEAN", "day": "DATE", "ts": "TIMESTAMP",
    "ns": "TIMESTAMP_NS", "z": "TIMESTAMPTZ", "v": "INTERVAL", "l": "INTEGER[]", "u": "UUID",
}  # fmt: skip
COLUMNS = {name: parse_type(kind) for name, kind in TYPES.items()}
TABLE = Relation(key="t", names=("t",), columns=COLUMNS, starred=tuple(COLUMNS))


def total(text):
    condition = read_condition(text, parser=PARSER, limits=DEFAULT_LIMITS)
    return write_tree(make_condition_total(condition, COLUMNS))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("i = 1", "i = 1"),
        ("i = 1.5 AND f < i", "i = 1.5 AND f < i"),
        ("i + 1 > 2", "TRY(i + 1) > 2"),
        ("(i + j) * 2 > 2", "TRY((TRY(i + j)) * 2) > 2"),
        ("f * i + f > 2", "f * i + f > 2"),
        ("i / 0 > 2", "i / 0 > 2"),
        ("i // 2 > 2", "TRY(i // 2) > 2"),
        ("f // 2 > 2", "TRY(f // 2) > 2"),
        ("f % 2 > 2", "f % 2 > 2"),
        ("-i > 2", "TRY(-i) > 2"),
        ("i > -2", "i > -2"),
        ("s = 'x'", "s = 'x'"),
        ("s = 1", "TRY_CAST(s AS INT128) = 1"),
        ("day = '2026-01-05'", "day = '2026-01-05'"),
        ("day = '2026-1-5'", "day = TRY_CAST('2026-1-5' AS DATE)"),
        ("i = 'x'", "i = TRY_CAST('x' AS INT128)"),
        ("day < ts", "TRY_CAST(day AS TIMESTAMP) < ts"),
        ("ts < z", "TRY_CAST(ts AS TIMESTAMPTZ) < z"),
        ("ns < ts", "ns < TRY_CAST(ts AS TIMESTAMP_NS)"),
        ("h = d", "TRY_CAST(h AS DECIMAL(38, 2)) = d"),
        ("b = i", "b = i"),
        ("s", "TRY_CAST(s AS BOOLEAN)"),
        ("NOT s", "NOT TRY_CAST(s AS BOOLEAN)"),
        ("b AND s", "b AND TRY_CAST(s AS BOOLEAN)"),
        ("s IN (1, 2)", "TRY_CAST(s AS INT128) IN (1, 2)"),
        ("s::INT = 1", "TRY_CAST(s AS INT) = 1"),
        ("i::VARCHAR = 'x'", "CAST(i AS TEXT) = 'x'"),
        ("upper(s) = 'X'", "upper(s) = 'X'"),
        ("left(s, 2) = 'X'", "TRY(left(s, 2)) = 'X'"),
        ("left(s, h) = 'X'", "TRY(left(s, TRY_CAST(h AS BIGINT))) = 'X'"),
        ("day + INTERVAL 1 DAY > ts", "TRY(day + INTERVAL '1' DAY) > ts"),
        ("ts - day > v", "TRY(ts - TRY_CAST(day AS TIMESTAMP)) > v"),
        ("year(ns) = 1", "TRY(year(TRY_CAST(ns AS TIMESTAMP))) = 1"),
        ("s LIKE 'a!%' ESCAPE '!'", "TRY(s LIKE 'a!%' ESCAPE '!')"),
        ("CASE WHEN s THEN b END", "CASE WHEN TRY_CAST(s AS BOOLEAN) THEN b END"),
        ("coalesce(i, 0) = 0", "coalesce(i, 0) = 0"),
        ("s || i = 'x'", "s || i = 'x'"),
        ("l = l", "l = l"),
        ("s IS NULL AND s IS TRUE", "s IS NULL AND TRY_CAST(s AS BOOLEAN) IS TRUE"),
        ("extract(day FROM day) > 2", "TRY(EXTRACT(DAY FROM TRY_CAST(day AS TIMESTAMP))) > 2"),
        ("ts = '2026-01-05 10:00:00'", "ts = '2026-01-05 10:00:00'"),
        ("ts = '2026-13-05 10:00:00'", "ts = TRY_CAST('2026-13-05 10:00:00' AS TIMESTAMP)"),
        ("ts = 'noon'", "ts = TRY_CAST('noon' AS TIMESTAMP)"),
        ("day = '2026-02-30'", "day = TRY_CAST('2026-02-30' AS DATE)"),
        ("v * 2 > v", "TRY(v * 2) > v"),
        ("date_trunc('day', NULL) IS NULL", "TRY(date_trunc('day', NULL)) IS NULL"),
        ("if(i, s, 'x') = 'x'", "if(TRY_CAST(i AS BOOLEAN), s, 'x') = 'x'"),
        ("h * 2 > 1", "TRY(h * 2) > 1"),
        ("NULL + i IS NULL", "TRY(NULL + i) IS NULL"),
    ],
)  # fmt: skip
def test_condition_is_made_total(text, written):
    assert total(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "i = day",
        "i LIKE 'x'",
        "i = l",
        "upper(i) = 'X'",
        "coalesce(i, s) = 'x'",
        "CASE WHEN b THEN i ELSE s END = 'x'",
        "CASE WHEN b THEN i ELSE 'x' END = 1",
        "s + 1 = 2",
        "i + '1' = 2",
        "w + h > 1",
        "l || l = l",
        "-s = 1",
        "day + day > day",
        "extract(year FROM s) = 1",
        "greatest(i, s) = 1",
        "nullif(day, ts) IS NULL",
        "date_trunc('day', s) = day",
        "date_diff('day', day, s) = 1",
        "u = i",
        "h * d > 1",
        "l = 'x'",
        "s * 2 = 1",
        "date_diff('day', 'x', 'y') = 1",
    ],
)
def test_types_that_do_not_meet_are_refused_with_a_way_out(text):
    with pytest.raises(Refusal) as caught:
        total(text)
    assert "cast" in caught.value.hint


def outputs(sql):
    tree = read_query(sql, parser=PARSER, limits=DEFAULT_LIMITS)
    resolved = resolve(tree, lambda parts: TABLE if parts == ("t",) else None)
    types = make_total(resolved)
    return write_tree(tree), [item.kind for item in types[max(types)]]


def test_what_stands_over_aggregates_is_left_as_it_is():
    sql, kinds = outputs("SELECT sum(i) * 2 + count(*), sum(i + 1) FROM t")
    assert sql.startswith('SELECT sum("t"."i") * 2 + count(*) AS')
    assert 'sum(TRY("t"."i" + 1))' in sql
    assert kinds == ["int", "int"]


def test_key_is_the_same_expression_wherever_it_is_written():
    sql, _ = outputs("SELECT (i + 1) * 2, count(*) FROM t GROUP BY i + 1")
    assert sql.count('TRY("t"."i" + 1)') == 2


def test_types_pass_through_inner_selects():
    sql, kinds = outputs("WITH x AS (SELECT i AS n, s FROM t) SELECT n = s, n FROM x")
    assert 'TRY_CAST("x"."s" AS INT128)' in sql
    assert kinds == ["bool", "int"]


def test_mean_of_dates_is_taken_over_timestamps():
    assert 'avg(TRY_CAST("t"."day" AS TIMESTAMP))' in outputs("SELECT avg(day) FROM t")[0]
    assert "count_if(TRY_CAST" in outputs("SELECT count_if(s) FROM t")[0]


@pytest.mark.parametrize(
    ("sql", "allowed"),
    [
        ("SELECT i + (SELECT max(i) FROM t) FROM t", False),
        ("SELECT f + (SELECT max(f) FROM t) FROM t", True),
        ("SELECT i / (SELECT max(i) FROM t) FROM t", True),
        ("SELECT i > (SELECT max(i) FROM t) FROM t", True),
        ("SELECT s = (SELECT max(i) FROM t) FROM t", True),
        ("SELECT s IN (SELECT i FROM t) FROM t", True),
        ("SELECT i IN (SELECT s FROM t) FROM t", False),
        ("SELECT sum(i) + (SELECT max(i) FROM t) FROM t", True),
        ("SELECT upper((SELECT max(s) FROM t)) FROM t", True),
        ("SELECT left((SELECT max(s) FROM t), 1) FROM t", False),
    ],
)
def test_try_is_never_put_over_a_subquery(sql, allowed):
    if allowed:
        outputs(sql)
    else:
        with pytest.raises(Refusal):
            outputs(sql)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SMALLINT", Type(kind="int", digits=5)),
        ("int", Type(kind="int", digits=10)),
        ("DECIMAL(12,2)", Type(kind="dec", digits=12, scale=2)),
        ("DECIMAL(12)", Type(kind="dec", digits=12)),
        ("DECIMAL", Type(kind="dec", digits=18, scale=3)),
        ("ENUM('a', 'b')", Type(kind="text")),
        ("TIMESTAMP WITH TIME ZONE", Type(kind="tstz")),
        ("STRUCT(a INTEGER)", Type(kind="other", text="STRUCT(A INTEGER)")),
        ("UHUGEINT", Type(kind="other", text="UHUGEINT")),
    ],
)
def test_type_names_are_read(name, expected):
    assert parse_type(name) == expected


def test_numbers_bear_the_type_of_their_digits():
    assert number_type("123") == Type(kind="int", digits=3, is_unsigned=True)
    assert number_type("12.50") == Type(kind="dec", digits=4, scale=2)
    assert number_type("1e5").kind == "float"


def test_nothing_known_meets_in_nothing():
    assert meet_to_compare([Type(kind="unknown"), Type(kind="int", digits=3)]) is None
    assert meet_as_values([Type(kind="null")]).type.kind == "null"
    assert meet_as_values([Type(kind="null"), Type(kind="literal", text="x")]).type.kind == "text"


def test_sums_bear_the_type_of_what_is_summed():
    sql = "SELECT sum(i), sum(f), sum(d), sum(NULL), min('x') FROM t"
    assert outputs(sql)[1] == ["int", "float", "dec", "unknown", "text"]


def test_join_conditions_are_made_total():
    text = "SELECT 1 FROM t AS a JOIN t AS b ON a.i + 1 = b.i AND a.s"
    tree = read_query(text, parser=PARSER, limits=DEFAULT_LIMITS)
    make_total(resolve(tree, lambda _: TABLE))
    assert 'ON TRY("a"."i" + 1) = "b"."i" AND TRY_CAST("a"."s" AS BOOLEAN)' in write_tree(tree)
