"""A text that two parsers read differently, so that another query is checked than runs.

expect: step 3, PARSERS_DISAGREE
effect: what was checked is not what the engine would have read
source: sqlglot changes 35 of 11,138 queries of DuckDB's corpus without a word
"""

import json
from dataclasses import dataclass

import pytest

from sekisho.errors import RefusalReason
from sekisho.gate.decide import decide
from sekisho.model.query import Query
from support.gate_cases import CONSUMER, DATASETS, PARSER, PROVIDER, SIGNED, refused


@dataclass
class LyingParser:
    """Reads the caller's text as another one."""

    instead: str
    calls: int = 0

    def parse(self, sql: str) -> str:
        self.calls += 1
        return PARSER.parse(self.instead if self.calls == 1 else sql)


def ask_with(parser, sql="SELECT origin FROM flights"):
    query = Query(
        sql=sql, contract=SIGNED.id, purpose="reliability", consumer=CONSUMER, provider=PROVIDER
    )
    return decide(query, SIGNED, DATASETS, parser=parser)


@pytest.mark.parametrize(
    "instead",
    [
        "SELECT remark FROM flights",
        "SELECT origin FROM flights WHERE late",
        "SELECT origin FROM other",
        "SELECT origin FROM data.flights",
        "SELECT origin AS x FROM flights",
        "SELECT DISTINCT origin FROM flights",
        "SELECT origin FROM flights LIMIT 1",
        "SELECT origin FROM flights ORDER BY origin",
        "SELECT upper(origin) FROM flights",
        "SELECT origin, origin FROM flights",
        "WITH x AS (SELECT 1) SELECT origin FROM flights",
    ],
)
def test_any_difference_is_a_refusal(instead):
    answer = ask_with(LyingParser(instead))
    assert answer.reason is RefusalReason.PARSERS_DISAGREE


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("SELECT origin FROM flights WHERE origin = 'JFK'", "'jfk'"),
        ("SELECT origin FROM flights WHERE origin = 'JFK'", "'JFK '"),
    ],
)
def test_constants_are_never_folded(sql, instead):
    answer = ask_with(LyingParser(sql.replace("'JFK'", instead)), sql)
    assert answer.reason is RefusalReason.PARSERS_DISAGREE


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ("SELECT origin FROM read_csv('x')", RefusalReason.SYNTAX_NOT_ALLOWED),
        ("SELECT getenv('x') FROM flights", RefusalReason.FUNCTION_NOT_ALLOWED),
        ("SELECT [1] FROM flights", RefusalReason.FUNCTION_NOT_ALLOWED),
        ("SELECT fill(1) OVER () FROM flights", RefusalReason.FUNCTION_NOT_ALLOWED),
        ("SELECT * EXCLUDE (a) FROM flights", RefusalReason.SYNTAX_NOT_ALLOWED),
        ("SHOW TABLES", RefusalReason.SYNTAX_NOT_ALLOWED),
        ("SELECT 1; SELECT 2", RefusalReason.SYNTAX_NOT_ALLOWED),
        ("not sql", RefusalReason.SYNTAX_NOT_ALLOWED),
    ],
)
def test_the_second_tree_is_held_to_the_list_by_itself(instead, reason):
    assert ask_with(LyingParser(instead)).reason is reason


def test_what_sqlglot_would_change_is_refused():
    for sql in (
        "SELECT origin ~ 'J' FROM flights",
        "SELECT max(distance IGNORE NULLS) FROM flights",
        "SELECT DATE '2026-01-01'::TIMESTAMP_MS AS x, 1_0 FROM flights",
        "SELECT .5 * distance FROM flights",
    ):
        assert refused(sql).reason in {
            RefusalReason.PARSERS_DISAGREE,
            RefusalReason.SYNTAX_NOT_ALLOWED,
        }


def test_second_parser_that_answers_nothing_stops_the_gate():
    class Silent:
        def parse(self, _: str) -> str:
            return json.dumps({"error": False, "statements": []})

    assert ask_with(Silent()).reason is RefusalReason.SYNTAX_NOT_ALLOWED
