"""Not a number, infinite, negative nought, huge and tiny: whoever has them alone would be told.

expect: aggregate.md, step 3.2: a measure is a finite DOUBLE within its clamp, else NULL
effect: NaN passes every comparison or none; an overflow is an error that depends on one row
source: float tricks against bounds and sums
"""

import math

import pytest

from support.statistics import COLUMNS, agreed, one_test

CONTRACT = agreed(disclosure="")
SQL = "SELECT count(*), count(ct), avg(ct), sum(ct), stddev(ct) FROM tests"
STRANGE = [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 1.7976931348623157e308]


def clamped(low, high):
    return agreed(
        disclosure="",
        columns=COLUMNS.replace("ct: {use: [measure]}",
                                f"ct: {{use: [measure], clamp: [{low}, {high}]}}"),
        number=1,
    )  # fmt: skip


def have(hospital, value, count=1):
    plain = [one_test(i) for i in range(60 - count)]
    hospital.tests(*plain, *(one_test(i, ct=value) for i in range(60 - count, 60)))


@pytest.mark.parametrize("value", STRANGE)
def test_a_strange_value_of_one_patient_is_no_error_and_no_figure(hospital, value):
    have(hospital, value)
    (row,) = hospital.ask(SQL, CONTRACT)
    assert row[0] == 60
    assert all(item is None or math.isfinite(item) for item in row)
    if not math.isfinite(value):
        # One lacks a value: how many have one is withheld, and with it the sum.
        assert row[1] is None
        assert row[3] is None
    if abs(value) > 1e300:
        assert row[2:] == (None, None, None) or not math.isfinite(value)


@pytest.mark.parametrize("value", [1e308, -1e308])
def test_sums_past_the_largest_number_are_withheld_and_fail_nowhere(hospital, value):
    have(hospital, value, count=60)
    (row,) = hospital.ask(SQL, CONTRACT)
    assert row == (60, 60, None, None, None)
    assert hospital.ask("SELECT sex, avg(ct) FROM tests GROUP BY sex", CONTRACT) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_number_are_no_values(hospital, value):
    have(hospital, value, count=20)
    (row,) = hospital.ask(SQL, CONTRACT)
    assert row[:2] == (60, 40)
    assert None not in row


@pytest.mark.parametrize(
    ("low", "high", "mean"), [(-5, 5, -4.0), (-1000, -10, -17.0), (0, 50, 0.0), (-2, -1, -2.0)]
)
def test_negative_clamps_hold_on_both_sides(hospital, low, high, mean):
    hospital.tests(*(one_test(i, ct=-20.0 if i % 5 else -0.0) for i in range(60)))
    (row,) = hospital.ask("SELECT avg(ct), count(ct) FROM tests", clamped(low, high))
    found = [min(max(-20.0 if i % 5 else 0.0, low), high) for i in range(60)]
    expected = sum(found) / 60
    assert row[0] == (None if len(set(found)) == 1 else pytest.approx(expected, rel=1e-3))
    assert row[1] == 60
    assert expected == pytest.approx(mean, abs=2)


def test_a_clamp_holds_the_infinite_away_too(hospital):
    have(hospital, math.inf, count=20)
    (row,) = hospital.ask("SELECT avg(ct), count(ct) FROM tests", clamped(0, 50))
    assert row[1] == 40
    assert row[0] < 30


def test_keys_that_are_no_numbers_are_cells_like_others(hospital):
    hospital.offer(
        "tests",
        {"patient": "INTEGER", "age": "DOUBLE", "ct": "DOUBLE"},
        [(i, (math.nan, math.inf, -0.0, 0.0, None)[i % 5], 1.0 + i % 3) for i in range(100)],
    )
    contract = agreed(disclosure="", columns="age: {use: [group, filter]}, ct: {use: [measure]}")
    found = hospital.ask("SELECT age, count(*) FROM tests GROUP BY age ORDER BY 2", contract)
    assert sorted(map(str, found)) == sorted(
        map(str, [(math.nan, 20), (math.inf, 20), (None, 20), (found[-1][0], 40)])
    )
    again = hospital.ask("SELECT age, count(*) FROM tests GROUP BY age ORDER BY 2", contract)
    assert str(again) == str(found)
    assert hospital.fresh == [4, 0]
