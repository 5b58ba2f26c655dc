"""Python values become parameters of a type that holds them exactly."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sekisho.client.values import parameters_of
from sekisho.model.parameters import Parameter


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("JFK", "text", "JFK"),
        (True, "boolean", "true"),
        (-5, "integer", "-5"),
        (0.1, "float", "0.1"),
        (1e-7, "float", "1e-07"),
        (Decimal("12.50"), "decimal(4,2)", "12.50"),
        (Decimal("0.05"), "decimal(2,2)", "0.05"),
        (Decimal("1E+3"), "decimal(4,0)", "1000"),
        (Decimal("-0"), "decimal(1,0)", "-0"),
        (date(2026, 12, 1), "date", "2026-12-01"),
        (datetime(2026, 12, 1, 9, 30), "timestamp", "2026-12-01 09:30:00"),  # noqa: DTZ001  naive
        (datetime(2026, 12, 1, 9, 30, tzinfo=UTC), "timestamptz", "2026-12-01 09:30:00+00:00"),
        (datetime(2026, 12, 1, 9, 30, 0, 5, tzinfo=timezone(timedelta(hours=9))), "timestamptz",
         "2026-12-01 09:30:00.000005+09:00"),
        (Parameter(name="any", type="date", value="2026-12-01"), "date", "2026-12-01"),
    ],
)  # fmt: skip
def test_value_has_the_type_that_holds_it(value, kind, text):
    (found,) = parameters_of({"x": value})
    assert found == Parameter(name="x", type=kind, value=text)


def test_values_in_order_are_numbered():
    assert [item.name for item in parameters_of(["a", 1])] == ["1", "2"]


@pytest.mark.parametrize("value", [None, [1], b"x", float("nan"), float("inf"), 2**63, "\ud800"])
def test_value_that_no_parameter_can_be_is_refused(value):
    with pytest.raises(ValueError, match="parameter"):
        parameters_of({"x": value})
