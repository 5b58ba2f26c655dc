"""Quotes, escapes and marks of parameters inside literals and names.

expect: step 9: texts are parameters, names are quoted anew
effect: the text becomes SQL
source: classic injection
"""

import pytest

from sekisho.errors import Refusal
from support.gate_cases import ProviderData, allowed, ask

TEXTS = [
    "'; DROP TABLE data.flights; --",
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "$p0",
    "$k1",
    "$$",
    '"',
    "%s {0} :x ?",
    "\u00e9\u4eba",
    "x\ny",
    "/* */",
]


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_a_text(data, text):
    written = text.replace("'", "''")
    plan = allowed(f"SELECT '{written}' AS x FROM flights WHERE origin <> '{written}'")
    assert plan.parameters == {"p0": text}
    assert set(data.run(plan)[1]) == {(text,)}


@pytest.mark.parametrize(
    "name", ['a"b', "a b", "x; DROP TABLE y", "$p0", "select", "\u4eba", "a.b"]
)
def test_a_name_stays_a_name(data, name):
    written = name.replace('"', '""')
    plan = allowed(
        f'SELECT "{written}" FROM (SELECT origin AS "{written}" FROM flights) AS "{written}"'
    )
    assert plan.columns == (name,)
    assert sorted(set(data.run(plan)[1])) == [("EWR",), ("JFK",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $$x$$ FROM flights",
        "SELECT $tag$x$tag$ FROM flights",
        "SELECT e'\\'' FROM flights",
        "SELECT x'ff' FROM flights",
        "SELECT U&'x' FROM flights",
        "SELECT 'a' 'b' FROM flights",
        "SELECT 'a'\n'b' FROM flights",
    ],
)
def test_odd_ways_to_write_a_text_run_only_when_both_parsers_agree(data, sql):
    answer = ask(sql)
    if not isinstance(answer, Refusal):
        (row, *_) = data.run(answer)[1]
        assert row[0] in answer.parameters.values()
