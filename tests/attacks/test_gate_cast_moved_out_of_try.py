"""Equal casts in two expressions, which an engine computes once, outside of TRY.

expect: step 8: casts that can fail are written as TRY_CAST, not left inside TRY
effect: the cast fails where nothing holds it, and names the cell
source: DuckDB 2.0, optimizer common_subexpressions: TRY(s = 1), TRY(s = 2)
"""

import duckdb
import pytest

from sekisho.errors import Refusal
from support.gate_cases import ProviderData, ask

PAIRS = [
    ("origin = 1", "origin = 2"),
    ("origin IN (distance, 5)", "origin = 5"),
    ("date_diff('day', flight_date, departed)", "date_diff('hour', flight_date, departed)"),
    ("flight_date = departed", "flight_date > departed"),
    ("left(origin, distance)", "right(origin, distance)"),
    ("distance + fare", "distance - fare"),
    ("distance * distance", "distance * distance + 1"),
    ("origin AND late", "origin OR late"),
]


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize("pair", PAIRS)
def test_sharing_a_part_lets_nothing_fail(data, pair):
    first, second = pair
    for sql in (
        f"SELECT {first}, {second} FROM flights",
        f"SELECT count(*) FROM flights WHERE ({first}) IS NULL OR ({second}) IS NULL",
        (
            f"SELECT CASE WHEN ({first}) IS NULL THEN 1 WHEN ({second}) IS NULL THEN 2 END "
            "FROM flights"
        ),
    ):
        plan = ask(sql)
        if not isinstance(plan, Refusal):
            assert data.run(plan)[1]


def test_the_engine_does_move_a_cast_out_of_try():
    """While this holds, TRY alone is no barrier; when it fails, DuckDB has mended it."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE t AS SELECT 'HIV-canary' AS s")
    assert connection.sql("SELECT TRY(s = 1) FROM t").fetchall() == [(None,)]
    with pytest.raises(duckdb.ConversionException, match="HIV-canary"):
        connection.sql("SELECT TRY(s = 1), TRY(s = 2) FROM t").fetchall()
