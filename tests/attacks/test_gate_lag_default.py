"""The default of lag and lead, a frame's bounds and ntile's number: values that an engine casts.

expect: step 4 or 8, SYNTAX_NOT_ALLOWED; step 5 for what is not granted
effect: the engine's error quotes the cell, or whether there is one tells of it
source: measured: "Could not convert string 'a' to INT16 when casting from source column w"
"""

import pytest

from support.gate_cases import ProviderData, allowed, refused

OVER = "OVER (ORDER BY fare)"


@pytest.mark.parametrize(
    "call",
    [
        f"lag(distance, 1, origin) {OVER}",
        f"lag(departure_delay, 1, distance) {OVER}",
        f"lead(departed, 1, flight_date) {OVER}",
        f"lead(late, 1, 'x') {OVER}",
        f"lag(departure_delay, 1, 700000) {OVER}",
        f"lag(distance, distance) {OVER}",
        f"lag(distance, -1) {OVER}",
        f"ntile(distance) {OVER}",
        f"ntile(0) {OVER}",
        f"nth_value(distance, distance) {OVER}",
        "sum(distance) OVER (ORDER BY fare ROWS distance PRECEDING)",
        "sum(distance) OVER (ORDER BY fare ROWS BETWEEN -1 PRECEDING AND CURRENT ROW)",
        "sum(distance) OVER (ORDER BY fare ROWS 99999999999 PRECEDING)",
        "sum(distance) OVER (ORDER BY fare RANGE distance PRECEDING)",
        "sum(distance) OVER (ORDER BY origin RANGE '1' PRECEDING)",
    ],
)
def test_value_that_an_engine_would_cast_is_written_out(call):
    assert refused(f"SELECT {call} FROM flights").reason == "SYNTAX_NOT_ALLOWED"


@pytest.mark.parametrize("hidden", ["remark", "(SELECT max(remark) FROM flights)"])
def test_default_reads_granted_columns_alone(hidden):
    sql = f"SELECT lag(origin, 1, {hidden}) {OVER} FROM flights"
    assert refused(sql).reason == "COLUMN_NOT_GRANTED"


@pytest.mark.parametrize(
    "call",
    [
        f"lag(distance, 1, 0) {OVER}",
        f"lag(fare, 1, 0.5) {OVER}",
        f"lag(origin, 1, destination) {OVER}",
        f"lead(distance, 2, departure_delay) {OVER}",
        f"lag(air_time, 1, 5) {OVER}".replace("air_time", "fare"),
        f"lag(flight_date, 1, '2026-01-01') {OVER}",
        f"lag(departed, 1, NULL) {OVER}",
    ],
)
def test_default_of_the_same_type_is_taken(call):
    assert len(ProviderData().run(allowed(f"SELECT {call} FROM flights"))[1]) == 4
