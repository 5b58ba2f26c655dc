"""Rehearsals: the way of a query before anybody has signed."""

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.contract_test import parse_contract_test
from sekisho.documents.proposal import unsigned_proposal
from sekisho.gate.coverage import untouched
from sekisho.gate.rehearse import check_filters, check_outcomes, rehearse
from sekisho.model.names import DatasetId
from support.guardrails import rules
from support.second_parser import DuckDBParser

CONTRACT = """\
format: sekisho.contract/v1
title: Delays
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: dl.example, role: provider, alias: dl}
  - {party: maker.example, role: consumer, alias: maker}
purposes: [{purpose: reliability, means: "Delay statistics."}]
term: {starts: 2027-01-01, ends: 2027-12-31, timezone: UTC}
grants:
  - grant: ua
    datasets: [ua.example/flights]
    access: rows
    where: "WHERE_UA"
    columns: {origin: {}}
  - {grant: dl, datasets: [dl.example/flights], access: rows, columns: {origin: {}, delay: {}}}
"""
EVERY_CLAUSE = (
    "purposes.reliability",
    "grants.ua.datasets",
    "grants.ua.access",
    "grants.ua.where",
    "grants.ua.columns.origin",
)
COLUMNS = "columns: {origin: string, delay: int16, cancelled: bool}"


@pytest.fixture(scope="module")
def parser():
    return DuckDBParser()


def _contract(where="NOT cancelled"):
    return parse_contract(CONTRACT.replace("WHERE_UA", where).encode())


def _one(parser, sql, expected):
    tests = parse_contract_test(
        f"""\
format: sekisho.contract-test/v1
contract: x.yaml
datasets:
  ua.example/flights: {{{COLUMNS}}}
  dl.example/flights: {{{COLUMNS}}}
tests:
  - {{name: it, sql: "{sql}", expect: {expected}}}
""".encode()
    )
    datasets = {name: tests.datasets[name].inline_dataset(name) for name in tests.datasets}
    (found,) = rehearse(tests, unsigned_proposal(_contract()), datasets, parser=parser)
    return found


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT origin FROM ua.flights", "allowed"),
        ("SELECT delay FROM dl.flights", "allowed"),
        ("SELECT delay FROM ua.flights", "refused, reason: COLUMN_NOT_GRANTED"),
        ("SELECT delay FROM ua.flights", "refused, clause: grants.ua"),
        ("SELECT origin FROM flights", "allowed"),
        # asked of every provider, and one of them does not grant it
        ("SELECT delay FROM flights", "refused"),
        ("SELECT delay FROM flights", "allowed, provider: dl.example"),
        ("SELECT FROM", "refused, reason: SYNTAX_NOT_ALLOWED"),
        ("SELECT origin FROM flights", "refused, reason: PURPOSE_NOT_ALLOWED, purpose: x"),
        ("SELECT origin FROM flights", "refused, reason: CONTRACT_NOT_FOUND, consumer: b.example"),
        (
            "SELECT origin FROM flights",
            "refused, reason: CONTRACT_NOT_FOUND, provider: maker.example",
        ),
        (
            "SELECT origin FROM flights",
            'refused, reason: NOT_IN_FORCE, clause: term, at: "2026-12-31T23:59:59Z"',
        ),
        ("SELECT origin FROM flights", 'allowed, at: "2027-12-31T23:59:59Z"'),
        ("SELECT origin AS o FROM ua.flights", "allowed, grant: ua, columns: [o]"),
        (
            "SELECT origin FROM ua.flights",
            "allowed, clauses: [grants.ua.where, purposes.reliability]",
        ),
        (
            "SELECT origin FROM ua.flights",
            f"allowed, clauses: [{', '.join(EVERY_CLAUSE)}]",
        ),
        ("SELECT origin FROM flights", 'refused, reason: NOT_IN_FORCE, at: "2028-01-01T00:00:00Z"'),
    ],
)
def test_what_the_gate_says_is_compared_with_what_was_written(parser, sql, expected):
    found = _one(parser, sql, expected)
    assert found.holds, found


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT origin FROM ua.flights", "refused"),
        ("SELECT delay FROM ua.flights", "allowed"),
        ("SELECT delay FROM ua.flights", "refused, reason: USE_NOT_GRANTED"),
        ("SELECT delay FROM ua.flights", "refused, clause: grants.u"),
        ("SELECT origin FROM flights", "allowed, grant: dl"),
        ("SELECT origin FROM ua.flights", "allowed, columns: [Origin]"),
        ("SELECT origin FROM ua.flights", "allowed, clauses: [grants.ua.columns.delay]"),
        ("SELECT origin FROM ua.flights", "refused, reason: USE_NOT_GRANTED"),
    ],
)
def test_what_differs_does_not_hold(parser, sql, expected):
    assert not _one(parser, sql, expected).holds


def test_clauses_are_those_that_a_plan_names(parser):
    found = _one(parser, "SELECT origin FROM ua.flights", "allowed")
    assert set(found.decision.clauses) == set(EVERY_CLAUSE)


def test_every_provider_is_asked_up_to_the_first_that_refuses(parser):
    found = _one(parser, "SELECT origin FROM flights", "allowed")
    assert found.query.provider == "dl.example"
    found = _one(parser, "SELECT delay FROM flights", "refused")
    assert found.query.provider == "ua.example"


def test_what_differs_is_named(parser):
    found = _one(parser, "SELECT delay FROM ua.flights", "refused, reason: SUSPENDED, clause: x")
    assert found.missed == ("reason", "clause")
    found = _one(parser, "SELECT origin FROM flights", "allowed, grant: dl, columns: [origin]")
    assert found.missed == ("grant",)
    assert found.query.provider == "ua.example"
    assert _one(parser, "SELECT delay FROM ua.flights", "allowed").missed == ("expect",)


def test_a_filter_that_tells_nothing_is_warned_of(parser):
    assert check_outcomes(_contract().contract, parser=parser) == ()
    (always,) = check_outcomes(_contract("1 = 1").contract, parser=parser)
    (never,) = check_outcomes(_contract("origin = NULL").contract, parser=parser)
    assert (always.path, always.message) == (
        "grants[0].where",
        "the row filter is true for every row",
    )
    assert never.message == "the row filter is true for no row"
    assert {always.severity, never.severity} == {"warning"}


@pytest.mark.parametrize("where", ["delay > 3 AND delay < 2", "FALSE", "origin IN (NULL)"])
def test_a_filter_that_is_false_or_unknown_is_warned_of(parser, where):
    (never,) = check_outcomes(_contract(where).contract, parser=parser)
    assert never.message == "the row filter is true for no row"


@pytest.mark.parametrize("where", ["delay = delay", "delay > 3", "cancelled OR TRUE = NULL"])
def test_a_filter_that_is_true_for_some_rows_is_not(parser, where):
    assert check_outcomes(_contract(where).contract, parser=parser) == ()


TOUCHED = """\
format: sekisho.contract/v1
title: Delays
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes: [{purpose: reliability, means: "Delay statistics."}]
term: {starts: 2027-01-01, ends: 2027-12-31, timezone: UTC}
grants:
  - grant: seen
    datasets: [ua.example/flights]
    access: rows
    columns:
      origin: {}
      delay: {use: [filter, group, measure]}
      cancelled: {use: [filter]}
  - {grant: unseen, datasets: [ua.example/planes], access: rows, columns: {model: {}}}
  - grant: figures
    datasets: [ua.example/crews]
    access: aggregate
    privacy_units: [crew]
    columns:
      crew: {use: [join]}
      base: {use: [group, filter]}
      hours: {use: [measure], clamp: [0, 9]}
    functions: [count, sum, avg]
  - grant: noisy
    datasets: [ua.example/pilots]
    access: private
    privacy_units: [pilot]
    columns: {pilot: {use: [join]}}
"""


def _left(parser, queries, contract):
    """List what of a contract no test needs, where all that is tested is allowed."""
    listed = "".join(
        f"\n  - {{name: t{at}, sql: '{sql}', expect: allowed}}" for at, sql in enumerate(queries)
    )
    tests = parse_contract_test(
        f"""\
format: sekisho.contract-test/v1
contract: x.yaml
datasets:
  ua.example/flights: {{{COLUMNS}}}
  ua.example/planes: {{columns: {{model: string}}}}
  ua.example/crews: {{columns: {{crew: string, base: string, hours: int16}}}}
tests:{listed or " [{name: none, sql: 'SELECT 1', expect: refused}]"}
""".encode()
    )
    datasets = {name: tests.datasets[name].inline_dataset(name) for name in tests.datasets}
    signed = unsigned_proposal(parse_contract(contract.encode()))
    rehearsed = list(rehearse(tests, signed, datasets, parser=parser))
    return list(untouched(rehearsed, signed, datasets, parser=parser))


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        ([], ["grants.seen", "grants.unseen", "grants.figures"]),
        (
            ["SELECT origin FROM flights WHERE delay > 3", "SELECT model FROM planes"],
            [
                "grants.seen.columns.cancelled",
                "grants.seen.columns.delay.use.group",
                "grants.seen.columns.delay.use.measure",
                "grants.figures",
            ],
        ),
        (
            [
                "SELECT origin FROM flights WHERE cancelled",
                "SELECT delay, avg(delay) FROM flights GROUP BY delay",
                "SELECT model FROM planes",
                "SELECT base, count(*), avg(hours) FROM crews GROUP BY base",
            ],
            [
                "grants.seen.columns.delay.use.filter",
                "grants.figures.columns.base.use.filter",
                "grants.figures.columns.crew",
                "grants.figures.functions.sum",
            ],
        ),
    ],
)
def test_what_no_test_needs_is_listed(parser, queries, expected):
    assert _left(parser, queries, TOUCHED) == expected


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ("functions: [count, sum]", ["grants.figures.functions.sum"]),
        ("functions: [count]", []),
        ("", []),
    ],
)
def test_a_function_is_listed_if_the_contract_wrote_it_and_another_is_left(
    parser, functions, expected
):
    contract = TOUCHED.replace("functions: [count, sum, avg]", functions)
    found = _left(parser, ["SELECT count(*) FROM crews"], contract)
    assert [path for path in found if ".functions" in path] == expected


@pytest.mark.parametrize(
    ("require", "more", "expected"),
    [
        ("access: [private]", "", "refused, reason: SUSPENDED, clause: grants.ua.access"),
        ("minimum_units: 5", "", "refused, clause: grants.ua.disclosure"),
        ("consumer_countries: [JP]", "", 'refused, clause: "parties[2]"'),
        ("consumer_countries: [JP]", "countries: {maker.example: DE}", "refused"),
        ("consumer_countries: [JP]", "countries: {maker.example: JP}", "allowed"),
        ("uses: [return, group]", "", "refused, clause: grants.ua.columns.origin"),
        ("masks: [redact], combine: never", "", "refused"),
    ],
)
def test_a_contract_below_a_guardrail_is_refused_before_the_gate(parser, require, more, expected):
    tests = parse_contract_test(
        f"""\
format: sekisho.contract-test/v1
contract: x.yaml
guardrails: [g.yaml]
datasets: {{ua.example/flights: {{{COLUMNS}, tags: [flown], classes: {{Origin: sensitive}}}}}}
{more}
tests: [{{name: it, sql: "SELECT origin FROM ua.flights", expect: {expected}}}]
""".encode()
    )
    line = f"when: {{tag: [flown], column_class: [sensitive]}}, require: {{{require}}}"
    datasets = {name: tests.datasets[name].inline_dataset(name) for name in tests.datasets}
    (found,) = rehearse(
        tests, unsigned_proposal(_contract()), datasets, parser=parser, guardrails=rules(line)
    )
    assert found.holds, found


def test_a_refusal_below_a_guardrail_says_both_places_and_how_many(parser):
    tests = parse_contract_test(
        f"""\
format: sekisho.contract-test/v1
contract: x.yaml
datasets: {{ua.example/flights: {{{COLUMNS}}}}}
tests: [{{name: it, sql: "SELECT origin FROM ua.flights", expect: refused}}]
""".encode()
    )
    demanded = rules("require: {access: [private], minimum_units: 10}")
    signed = unsigned_proposal(_contract())
    (found,) = rehearse(tests, signed, {}, parser=parser, guardrails=demanded)
    assert found.decision.reason == "SUSPENDED"
    assert found.decision.message == (
        "`access` is rows, and guardrails/floors.yaml:4 requires private (and 1 more)"
    )


def test_a_filter_is_checked_without_knowing_the_columns(parser):
    assert check_filters(_contract().contract, parser=parser) == ()
    (found,) = check_filters(_contract("getenv('X') = 'y'").contract, parser=parser)
    assert found.path == "grants[0].where"


def test_a_filter_names_columns_that_the_dataset_has(parser):
    tests = parse_contract_test(
        b"""\
format: sekisho.contract-test/v1
contract: x.yaml
datasets: {ua.example/flights: {columns: {origin: string}}}
tests: [{name: it, sql: x, expect: refused}]
"""
    )
    name = DatasetId("ua.example/flights")
    datasets = {name: tests.datasets[name].inline_dataset(name)}
    (found,) = check_filters(_contract().contract, parser=parser, datasets=datasets)
    assert "`cancelled`" in found.message
