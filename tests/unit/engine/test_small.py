"""Small relations in a worker: tables from text, steps with parameters, answers as JSON."""

import base64
import json

import duckdb
import pytest

from sekisho.engine.small import answers_of, make_steps, make_tables


@pytest.fixture
def cursor():
    with duckdb.connect(":memory:") as connection:
        yield connection


def table(rows, **columns):
    return {"name": "cells 0", "columns": list(columns.items()), "rows": rows}


def test_text_becomes_what_its_column_says(cursor):
    rows = [["1", "2026-12-01", "1.5", "x", None], ["", "no date", "nan", "é\x00\U0001f600", "2"]]
    make_tables(cursor, [table(rows, a="INTEGER", b="DATE", c="DOUBLE", d="VARCHAR", e="BIGINT")])
    found = cursor.execute('SELECT a, b::VARCHAR, c::VARCHAR, d, e FROM "cells 0"').fetchall()
    assert found == [
        (1, "2026-12-01", "1.5", "x", None),
        (None, None, "nan", "é\x00\U0001f600", 2),
    ]


def test_a_table_without_rows_or_columns_of_its_own_is_there(cursor):
    make_tables(cursor, [table([], a="INTEGER")])
    assert cursor.execute('FROM "cells 0"').fetchall() == []


def test_names_are_quoted_and_rows_are_no_sql(cursor):
    odd = 'a"; DROP TABLE x; --'
    make_tables(cursor, [{"name": odd, "columns": [(odd, "VARCHAR")], "rows": [["'; --"]]}])
    assert cursor.execute(f'FROM "{odd.replace(chr(34), chr(34) * 2)}"').fetchall() == [("'; --",)]


def test_steps_are_computed_in_order_with_the_parameters_that_they_name(cursor):
    steps = [("one", "SELECT $p0 AS x, 1 AS n"), ("two", "SELECT x, n + 1 AS n FROM one"),
             ("three", "SELECT x || $p1 || $p0 AS x FROM two")]  # fmt: skip
    make_steps(cursor, steps, {"p0": "a", "p1": "b", "unused": "c"})
    assert cursor.execute("FROM two").fetchall() == [("a", 2)]
    assert cursor.execute("FROM three").fetchall() == [("aba",)]


def test_answers_are_values_by_column_and_unsigned_numbers_are_bytes(cursor):
    answers = answers_of(
        cursor,
        [
            ("cells", "FROM (VALUES (1, 'x', 1.5::DOUBLE), (NULL, $p0, NULL)) AS t(a, b, c)"),
            ("entries", "SELECT i::UBIGINT AS place FROM range(3, 6) AS t(i)"),
            ("none", "SELECT 1::UBIGINT AS place, 1 AS n WHERE false"),
        ],
        {"p0": "y"},
    )  # fmt: skip
    assert json.loads(json.dumps(answers)) == answers
    assert answers["cells"] == {"a": [1, None], "b": ["x", "y"], "c": [1.5, None]}
    sent = base64.b64decode(answers["entries"]["place"])
    assert [int.from_bytes(sent[at : at + 8], "little") for at in range(0, 24, 8)] == [3, 4, 5]
    assert answers["none"] == {"place": "", "n": []}


def test_many_chunks_are_one_answer(cursor):
    sql = "SELECT (i * 3)::UBIGINT AS place FROM range(300000) AS t(i)"
    sent = base64.b64decode(answers_of(cursor, [("x", sql)], {})["x"]["place"])
    assert len(sent) == 8 * 300_000
    assert int.from_bytes(sent[-8:], "little") == 3 * 299_999


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", ""])
def test_a_step_is_one_statement(cursor, sql):
    with pytest.raises((ValueError, duckdb.Error)):
        answers_of(cursor, [("x", sql)], {})
