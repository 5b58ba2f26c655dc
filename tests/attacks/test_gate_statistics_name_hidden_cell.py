"""A function that an engine reckons over a file's least and greatest value while it plans.

expect: step 8, dates are read as timestamps where DuckDB would do so
effect: planning fails and names a cell of a hidden row; TRY does not hold it, nothing has run yet
source: DuckDB 2.0, statistics propagation of date_trunc and date_part over dates far off
"""

import duckdb
import pytest

from support.gate_cases import ProviderData, allowed

FAR_OFF = ["5877642-06-25 (BC)", "5881580-07-10", "infinity", "-infinity"]
CALLS = [
    "date_trunc('week', flight_date)",
    "date_trunc('isoyear', flight_date)",
    "date_part('week', flight_date)",
    "extract(isoyear FROM flight_date)",
    *(
        f"{name}(flight_date)"
        for name in "week isoyear yearweek year dayofweek epoch last_day dayname hour".split()
    ),
]


@pytest.fixture(scope="module", params=FAR_OFF)
def data(request):
    """The provider's flights, a hidden one of them on a day far off."""
    world = ProviderData()
    world.connection.execute(
        "UPDATE data.flights SET flight_date = $1 WHERE cancelled", [request.param]
    )
    return world


@pytest.mark.parametrize("call", CALLS)
def test_nothing_fails_while_planning(data, call):
    for sql in (
        f"SELECT {call} AS k, count(*) FROM flights GROUP BY k ORDER BY k",
        f"SELECT count(*) FROM flights WHERE ({call}) IS NOT NULL",
    ):
        assert data.run(allowed(sql))[1]


def test_the_engine_does_fail_while_planning():
    """While this holds, dates must not reach these functions; see `sql/arguments.py`."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE t (d DATE, keep BOOLEAN)")
    connection.execute("INSERT INTO t VALUES ('5877642-06-25 (BC)', false), ('2026-01-01', true)")
    with pytest.raises(duckdb.OutOfRangeException, match="5877642-06-25"):
        connection.sql("SELECT TRY(date_trunc('week', d)) FROM t WHERE keep").fetchall()
