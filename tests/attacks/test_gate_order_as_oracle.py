"""The order of rows, or of a window, by a column whose values may not be seen.

expect: step 6, USE_NOT_GRANTED; step 5, COLUMN_NOT_GRANTED
effect: with known values planted in the outputs, the order places a hidden one between them
source: order-revealing leaks in encrypted databases (Naveed et al. 2015)
"""

import pytest

from support.gate_cases import refused

FORMS = [
    "SELECT origin FROM flights ORDER BY {}",
    "SELECT origin FROM flights ORDER BY {} DESC LIMIT 1",
    "SELECT rank() OVER (ORDER BY {}) FROM flights",
    "SELECT origin FROM flights QUALIFY row_number() OVER (ORDER BY {}) = 1",
    "SELECT first_value(origin) OVER (ORDER BY {}) FROM flights",
    "SELECT origin, sum(distance) OVER (ORDER BY {} ROWS UNBOUNDED PRECEDING) FROM flights",
    "SELECT DISTINCT ON (origin) origin, distance FROM flights ORDER BY origin, {}",
    (
        "SELECT origin FROM flights AS f WHERE distance = "
        "(SELECT g.distance FROM flights AS g ORDER BY g.{} LIMIT 1)"
    ),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["carrier", "dep_hour", "arrival_delay"])
def test_nothing_is_ordered_by_what_may_not_be_returned(form, name):
    assert refused(form.format(name)).reason == "USE_NOT_GRANTED"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["remark", "cancelled"])
def test_nothing_is_ordered_by_what_is_not_granted(form, name):
    assert refused(form.format(name)).reason == "COLUMN_NOT_GRANTED"
