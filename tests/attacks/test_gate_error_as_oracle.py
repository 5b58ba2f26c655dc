"""Whether a query fails tells of a hidden row, even when the error's text is kept back.

expect: step 8: nothing over a row can fail
effect: one bit of a hidden cell for each query
source: Oracle through CASE, division, dates that do not exist
"""

import duckdb
import pytest

from support.gate_cases import ProviderData, allowed

HIDDEN = "origin = 'HIV-canary'"
BITS = [
    "CASE WHEN {} THEN distance // 0 ELSE 1 END",
    "CASE WHEN {} THEN 1 % 0 ELSE 1 END",
    "CASE WHEN {} THEN length(CAST('x' AS DATE)::VARCHAR) ELSE 1 END",
    "CASE WHEN {} THEN distance + 9223372036854775807 + 9223372036854775807 ELSE 1 END",
    "CASE WHEN {} THEN length(substr('x', 99999999999)) ELSE 1 END",
    "CASE WHEN {} AND late = 'x' THEN 1 ELSE 0 END",
    "CASE WHEN {} AND distance = 'x' THEN 1 ELSE 0 END",
    "CASE WHEN {} THEN year(make_date(2026, 2, 30)) ELSE 1 END",
    "CASE WHEN {} THEN length(regexp_extract('x', '(')) ELSE 1 END",
    "1 // (CASE WHEN {} THEN 0 ELSE 1 END)",
]


@pytest.fixture(scope="module")
def worlds():
    """The provider's data with the hidden row, and without it."""
    with_row, without_row = ProviderData(), ProviderData()
    without_row.connection.execute("DELETE FROM data.flights WHERE cancelled")
    return with_row, without_row


def outcome(world, plan):
    """What a caller could tell: the answer, or that there was none."""
    try:
        return world.run(plan)
    except duckdb.Error:
        return "no answer"


@pytest.mark.parametrize("bit", BITS)
@pytest.mark.parametrize(
    "form", ["SELECT max({}) FROM flights", "SELECT count(*) FROM flights WHERE ({}) = 1"]
)
def test_a_hidden_row_changes_nothing(worlds, bit, form):
    plan = allowed(form.format(bit.format(HIDDEN)))
    first, second = (outcome(world, plan) for world in worlds)
    assert first == second
