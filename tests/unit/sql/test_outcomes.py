"""What a condition can come to, told without data, and never wrongly."""

import pytest

from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.outcomes import outcomes
from sekisho.sql.read import read_condition
from support.second_parser import DuckDBParser

PARSER = DuckDBParser()
T, F, N = True, False, None


def told(text):
    return outcomes(read_condition(text, parser=PARSER, limits=DEFAULT_LIMITS))


@pytest.mark.parametrize(
    "text",
    [
        "a = NULL",
        "a <> NULL",
        "a IN (NULL)",
        "a NOT IN (1, NULL)",
        "NOT a IN (1, NULL)",
        "NULL",
        "FALSE",
        "1 = 2",
        "'x' = 'y'",
        "a <> a",
        "a < a",
        "a = 1 AND a = 2",
        "a = (1) AND a = (2)",
        "a = 1 AND b = 1 AND 2 = a",
        "a > 5 AND a < 3",
        "a > 5 AND 5 >= a",
        "a BETWEEN 3 AND 1",
        "a BETWEEN NULL AND 1",
        "a IN (1, 2) AND a IN (3, 4)",
        "a IN (1, 2) AND a > 2",
        "a = 1 AND a <> 1",
        "w = 'JP' AND w = 'US'",
        "w = 'JP' AND (w = 'US' AND b = 1)",
        "d >= DATE '2026-02-01' AND d < DATE '2026-01-01'",
        "flag = TRUE AND flag = FALSE",
        "(a = -1 AND a = 1) OR 1 = 2",
    ],
)
def test_what_is_never_true_is_told(text):
    assert T not in told(text)


@pytest.mark.parametrize(
    "text", ["TRUE", "1 = 1", "'x' = 'x'", "a = 1 OR TRUE", "NOT FALSE", "(2 > 1)"]
)
def test_what_is_always_true_is_told(text):
    assert told(text) == {T}


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "a IS NULL",
        "a IS DISTINCT FROM NULL",
        "a = a",
        "a > 1 AND a < 2",
        "a >= 5 AND a <= 5",
        "a <> 1 AND a <> 2",
        "a IN (1, NULL)",
        "a = 1 OR a = 2",
        "a = 1 AND b = 2",
        "w = '1' AND w = '01'",
        "w = '2026-01-05' AND w = '2026-1-5'",
        "w > 'x' AND w < 'a'",
        "w <> 'x' AND w <> 'y'",
        "d > DATE '2026-01-01' AND d < DATE '2026-01-02'",
        "d >= DATE '2026-1-5' AND d <= DATE '2026-01-31'",
        "upper(w) = 'A' AND upper(w) = 'B'",
        "a + 1 = 1 AND a + 1 = 2",
        "flag = TRUE AND a = 1",
        "a = 1 AND a = b",
        "a = 1 AND a = 'x'",
    ],
)
def test_what_may_be_true_and_may_be_not_is_left_alone(text):
    assert T in told(text)
    assert told(text) != {T}
