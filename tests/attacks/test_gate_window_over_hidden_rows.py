"""A window looks beyond its row: to the rows that the row filter hides.

expect: step 7, the row filter stands below the window
effect: a value, a rank or a count of hidden rows shows beside a shown one
source: docs/spec/gate.md; row-level security and window functions in general
"""

import pytest

from support.gate_cases import ProviderData, allowed

CANARY = "HIV-canary"
CALLS = [
    "lag(origin) OVER (ORDER BY departure_delay)",
    "lead(origin) OVER (ORDER BY departure_delay)",
    "first_value(origin) OVER (ORDER BY distance)",
    "last_value(origin) OVER (ORDER BY distance DESC)",
    "nth_value(origin, 1) OVER (ORDER BY distance)",
    "max(destination) OVER ()",
    "min(origin) OVER (ORDER BY distance ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING)",
    "count(*) OVER ()",
    "rank() OVER (ORDER BY distance)",
    "ntile(5) OVER (ORDER BY distance)",
    "cume_dist() OVER (ORDER BY distance)",
    "count(*) OVER (PARTITION BY late)",
]


@pytest.fixture(scope="module")
def worlds():
    """What the provider has, and the same without the rows that are hidden."""
    whole, shown = ProviderData(), ProviderData()
    shown.connection.execute("DELETE FROM data.flights WHERE cancelled")
    return whole, shown


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "form",
    [
        "SELECT distance, {} AS x FROM flights ORDER BY distance",
        "SELECT distance FROM flights QUALIFY {} IS NOT NULL ORDER BY distance",
        "SELECT x FROM (SELECT distance AS d, {} AS x FROM flights) AS q ORDER BY d",
        "SELECT distance FROM flights ORDER BY {}, distance",
    ],
)
def test_hidden_rows_are_in_no_window(worlds, form, call):
    plan = allowed(form.format(call))
    whole, shown = (world.run(plan) for world in worlds)
    assert whole == shown
    assert CANARY not in repr(whole)
