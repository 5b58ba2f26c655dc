"""Row filters are conditions over raw columns; what is wrong with one is told with its place."""

import pytest

from sekisho.gate.filters import check_row_filter
from support.gate_cases import DATASETS, PARSER

FLIGHTS = DATASETS["ua.example/flights"]


def messages(text):
    return [item.message for item in check_row_filter(text, FLIGHTS, PARSER)]


@pytest.mark.parametrize(
    "text",
    [
        "NOT cancelled",
        "flight_date >= DATE '2013-01-01' AND origin IN ('JFK', 'EWR')",
        "carrier = 'UA'",
        "remark IS NULL OR remark LIKE 'a%'",
        "\n  cancelled\n  OR late\n",
    ],
)
def test_condition_over_any_column_is_fine(text):
    assert messages(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NOT canceled", "the dataset has no column `canceled`"),
        ("flights.cancelled", "`flights.cancelled` has a qualifier"),
        ("NOT cancelled -- AND late", "a comment in a row filter may hide a part of it"),
        ("NOT cancelled /* x */", "a comment in a row filter may hide a part of it"),
        ("late ORDER BY origin", "a row filter is one condition and nothing after it"),
        ("late LIMIT 1", "a row filter is one condition and nothing after it"),
        ("late GROUP BY origin", "a row filter is one condition and nothing after it"),
        ("late) OR (TRUE", "this does not read as one SELECT"),
        ("late; SELECT 1", "the text holds 2 statements"),
        ("late UNION SELECT 1", "a row filter is one condition and nothing after it"),
        ("origin IN (SELECT origin FROM flights)", "a row filter holds no subquery"),
        ("count(*) > 1", "a row filter holds no aggregate"),
        ("random() > 0.5", "the function `random` is not on the list"),
        ("getenv('HOME') = 'x'", "the function `getenv` is not on the list"),
        ("", "this does not read as one SELECT"),
    ],
)
def test_what_is_no_condition_is_told(text, message):
    assert messages(text)[0].startswith(message)


def test_place_is_that_in_the_filters_own_text():
    (finding,) = check_row_filter("late AND\n  nothing > 1", FLIGHTS, PARSER)
    assert (finding.line, finding.column) == (2, 3)
    (finding,) = check_row_filter("nothing > 1", FLIGHTS, PARSER)
    assert (finding.line, finding.column) == (1, 1)
    (finding,) = check_row_filter("late AND nothing > 1", FLIGHTS, PARSER)
    assert (finding.line, finding.column) == (1, 10)


def test_near_name_is_offered():
    (finding,) = check_row_filter("NOT canceled", FLIGHTS, PARSER)
    assert finding.hint == "did you mean `cancelled`?"


def test_all_unknown_columns_are_told_at_once():
    assert len(messages("one > 1 AND two > 2")) == 2
