"""The allow-list of functions: complete, DuckDB's own, and written out in the reference.

After a change of the list: SEKISHO_REWRITE=1 python -m pytest with this module's path.
"""

import os
from pathlib import Path

import duckdb
import pytest

from sekisho.sql.arguments import given
from sekisho.sql.dialect import parse_trees
from sekisho.sql.functions import FUNCTIONS, function_of, has_aggregate, is_aggregate
from sekisho.sql.reference import functions_page
from sekisho.sql.types import Type, parse_type

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "functions.md"
ENGINE_KINDS = {"scalar", "aggregate", "macro", "window"}
SYNTAX_IN_DUCKDB = {"coalesce", "ifnull"}


@pytest.fixture(scope="module")
def engine_functions():
    rows = duckdb.sql("SELECT DISTINCT function_name, function_type FROM duckdb_functions()")
    return {name: kind for name, kind in rows.fetchall() if kind in ENGINE_KINDS}


def test_reference_page_is_fresh():
    if os.environ.get("SEKISHO_REWRITE"):
        PAGE.write_text(functions_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == functions_page()


def test_every_function_is_the_engines(engine_functions):
    assert set(FUNCTIONS) - SYNTAX_IN_DUCKDB <= set(engine_functions)


def test_class_is_the_engines(engine_functions):
    for name, function in FUNCTIONS.items():
        if name not in SYNTAX_IN_DUCKDB:
            found = engine_functions[name]
            assert function.function_class == ("scalar" if found == "macro" else found)


def test_volatile_and_table_functions_are_not_listed():
    rows = duckdb.sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE stability <> 'CONSISTENT' OR function_type IN ('table', 'pragma', 'table_macro')"
    )
    assert set(FUNCTIONS) & {name for (name,) in rows.fetchall()} == set()


def test_every_entry_is_whole():
    for function in FUNCTIONS.values():
        assert function.name == function.name.lower()
        assert 0 <= function.least <= function.most
        assert set(function.takes) <= set("tnibvdDkhampuqcswIf=*")
        assert function.why
        assert function.engines == {"duckdb"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_given_type_is_known(name):
    function = FUNCTIONS[name]
    kinds = {
        "u": "literal",
        "t": "text",
        "v": "interval",
        "d": "date",
        "D": "date",
        "k": "date",
        "h": "date",
    }
    types = [
        Type(kind=kinds.get(function.letter(at), "float"), text="year")
        for at in range(max(1, function.least))
    ]
    assert given(function, types).kind != "unknown"


def test_calls_are_told_apart():
    (tree,) = parse_trees("SELECT Sum(a) + 1, upper(b), nothing(c), (SELECT max(d) FROM t)")
    total, upper, unknown, inner = tree.expressions
    assert has_aggregate(total)
    assert is_aggregate(total.this)
    assert function_of(upper) is FUNCTIONS["upper"]
    assert function_of(unknown) is None
    assert not has_aggregate(inner)


SAMPLES = {
    "t": ["'abc'"],
    "n": ["3", "1.5", "2.5::DOUBLE"],
    "f": ["2.5::DOUBLE"],
    "i": ["3"],
    "I": ["3", "3::HUGEINT"],
    "b": ["TRUE"],
    "v": ["INTERVAL 3 DAY"],
    "d": ["TIMESTAMP '2026-01-05'", "TIMESTAMPTZ '2026-01-05 00:00:00+00'"],
    "D": ["DATE '2026-01-05'"],
    "k": ["DATE '2026-01-05'", "TIMESTAMP '2026-01-05'"],
    "h": ["TIMESTAMP '2026-01-05'", "TIME '10:00:00'", "INTERVAL 3 DAY"],
    "a": ["3", "1.5::DOUBLE", "TIMESTAMP '2026-01-05'"],
    "m": ["3", "TIMESTAMP '2026-01-05'"],
    "p": ["'abc'", "3"],
    "=": ["3"],
    "u": ["'month'"],
    "q": ["0.5"],
    "c": ["1"],
    "w": ["5"],
    "s": ["NULL"],
    "*": ["'abc'", "3"],
}


def calls_of(function):
    """Write calls: with the first sample of each argument, and with each other one in one place."""
    letters = [function.letter(at) for at in range(max(function.least, 1) if function.most else 0)]
    varied = [[SAMPLES[letter][0] for letter in letters]]
    for at, letter in enumerate(letters):
        varied += [[*varied[0][:at], text, *varied[0][at + 1 :]] for text in SAMPLES[letter][1:]]
    over = " OVER (ORDER BY 1)" if function.function_class == "window" else ""
    for arguments in varied:
        yield f"{function.name}({', '.join(arguments)}){over}", arguments


def believed_type(text):
    return Type(kind="literal", text="month") if text == "'month'" else engine_type(text)


def engine_type(expression):
    return parse_type(str(duckdb.sql(f"SELECT {expression}").types[0]))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_given_type_is_the_engines(name):
    """What an engine gives is of the kind that the gate believes, or a cast could be its own."""
    function = FUNCTIONS[name]
    for call, arguments in calls_of(function):
        try:
            found = engine_type(call)
        except duckdb.BinderException:
            continue
        types = [believed_type(item) for item in arguments] or [Type(kind="null")]
        assert given(function, types).kind == found.kind, call
