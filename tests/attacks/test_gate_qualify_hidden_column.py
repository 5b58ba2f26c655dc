"""QUALIFY filters after the windows: by a column that is hidden, or not for filters.

expect: step 5, COLUMN_NOT_GRANTED; step 6, USE_NOT_GRANTED
effect: which rows come back tells what a hidden column holds
source: DuckDB's QUALIFY
"""

import pytest

from support.gate_cases import refused

ALWAYS = "row_number() OVER () > 0"


@pytest.mark.parametrize("name", ["remark", "cancelled", "flight_number", "nowhere"])
@pytest.mark.parametrize(
    "form",
    [
        "SELECT origin FROM flights QUALIFY {0} IS NOT NULL AND {1}",
        "SELECT origin FROM flights QUALIFY rank() OVER (ORDER BY {0}) = 1",
        "SELECT origin FROM flights QUALIFY rank() OVER (PARTITION BY {0} ORDER BY fare) = 1",
        "SELECT origin FROM flights QUALIFY max({0}) OVER () IS NOT NULL",
        "SELECT origin FROM flights WINDOW w AS (ORDER BY {0}) QUALIFY rank() OVER w = 1",
        "SELECT origin FROM flights WHERE EXISTS (SELECT 1 FROM flights QUALIFY {0} = '' AND {1})",
    ],
)
def test_hidden_column_cannot_be_asked_after_the_windows(form, name):
    assert refused(form.format(name, ALWAYS)).reason == "COLUMN_NOT_GRANTED"


@pytest.mark.parametrize("name", ["carrier", "arrival_delay"])
def test_column_that_is_not_for_filters_is_not_asked_there(name):
    sql = f"SELECT origin FROM flights QUALIFY {name} IS NOT NULL AND {ALWAYS}"
    assert refused(sql).reason == "USE_NOT_GRANTED"
