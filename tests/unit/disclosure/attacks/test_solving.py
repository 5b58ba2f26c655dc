"""Solving gives back the only values that fit, and stays within bounds where none does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.disclosure.attacks.solving import Equation, solve


def test_values_that_equations_settle_are_found():
    equations = [
        Equation(groups=(0, 1, 2), figure=3.0),
        Equation(groups=(0, 1), figure=3.0),
        Equation(groups=(1, 2), figure=2.0),
    ]
    assert solve(equations, [1, 2, 1], bounds=(0.0, 1.0)) == pytest.approx([1, 2, 0], abs=1e-6)


def test_without_equations_everybody_is_worth_nothing():
    assert solve([], [1, 3], bounds=(0.0, 1.0)) == [0.0, 0.0]


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.floats(-9, 99)), max_size=8),
    st.lists(st.integers(1, 9), min_size=6, max_size=6),
)
def test_values_stay_within_their_bounds(cells, sizes):
    equations = [Equation(groups=tuple(groups), figure=figure) for groups, figure in cells]
    found = solve(equations, sizes, bounds=(0.0, 1.0))
    assert all(-1e-9 <= value <= size + 1e-9 for value, size in zip(found, sizes, strict=True))
