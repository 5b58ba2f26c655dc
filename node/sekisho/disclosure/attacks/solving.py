"""Finds values that fit many equations, none of them exactly true.

Goes from equation to equation, and moves the values that stand in one towards its figure, each
within its bounds (Kaczmarz's method). With exact figures that comes to the truth where there is
only one that fits; with rounded ones to something near what fits best.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MOVES = 600_000
"""Values moved, in all: a second or two."""
MAX_SWEEPS = 200
"""Over all equations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """The values of some groups add up to a figure."""

    groups: tuple[int, ...]
    figure: float


def solve(
    equations: Sequence[Equation], sizes: Sequence[int], *, bounds: tuple[float, float]
) -> list[float]:
    """Find values that fit equations, starting with the same for every row.

    Args:
        equations: Over the values.
        sizes: Rows of each group; its value is their sum.
        bounds: Of one row's value.

    Returns:
        One value a group.
    """
    low, high = bounds
    mean = _mean(equations, sizes)
    values = [min(max(mean, low), high) * size for size in sizes]
    moves = sum(len(item.groups) for item in equations)
    for _ in range(min(MAX_SWEEPS, MAX_MOVES // max(1, moves))):
        for item in equations:
            _move(values, item, sizes, bounds=bounds)
    return values


def _mean(equations: Sequence[Equation], sizes: Sequence[int]) -> float:
    """Give what a row is worth in the equation of the most rows."""
    worth = [(sum(sizes[at] for at in item.groups), item.figure) for item in equations]
    rows, figure = max(worth, default=(0, 0.0))
    return figure / rows if rows else 0.0


def _move(
    values: list[float], item: Equation, sizes: Sequence[int], *, bounds: tuple[float, float]
) -> None:
    """Share what an equation lacks among its groups, by their sizes and within their bounds."""
    low, high = bounds
    groups = item.groups
    lacking = item.figure - sum([values[at] for at in groups])
    share = lacking / sum([sizes[at] * sizes[at] for at in groups])
    for at in groups:
        size = sizes[at]
        values[at] = min(max(values[at] + share * size * size, low * size), high * size)
