"""The figures that are published of a cell: rounded counts, means and deviations of four digits.

A sum is the published mean times the published count, and so tells no more than those do. A mean is
cut to four digits, as a fraction written out tells the count that it was divided by. Values that
are all alike tell everyone's, so they have no mean.
"""

import math
from dataclasses import dataclass
from typing import assert_never

from sekisho.model.plan import Figure, FigureKind, Terms

DIGITS = 4
"""Significant digits of means and deviations."""
Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What rows of a cell add up to; exact, and never published as such."""

    count: int
    units: tuple[int, ...]
    """Distinct units, one number a privacy unit."""
    sum: float = 0.0
    square: float = 0.0
    """Sum of squares."""
    low: float = 0.0
    high: float = 0.0


def publish(
    figure: Figure, *, counted: Totals | None, valued: Totals | None, terms: Terms
) -> Number | None:
    """Give a figure as it may be seen; None where there is none to be seen.

    Args:
        figure: What is asked.
        counted: Of its rows, if their count may be published.
        valued: Of its rows, if what their values come to may be published.
        terms: Reads `round_counts_to`.

    Source:
        `docs/spec/aggregate.md`, step 7.
    """
    step = terms.round_counts_to
    match figure.kind:
        case FigureKind.COUNT:
            return None if counted is None else round_count(counted.count, step)
        case FigureKind.UNITS:
            return None if counted is None else round_count(counted.units[figure.unit or 0], step)
        case FigureKind.MEAN:
            return None if valued is None else mean(valued)
        case FigureKind.DEVIATION:
            return None if valued is None else deviation(valued)
        case FigureKind.SUM:
            found = None if valued is None else mean(valued)
            if counted is None or found is None:
                return None
            return found * round_count(counted.count, step)
        case _:
            assert_never(figure.kind)


def round_count(count: int, step: int) -> int:
    """Round a count to the nearest multiple, halves up."""
    return (2 * count + step) // (2 * step) * step


def mean(totals: Totals) -> float | None:
    """Give the mean to four digits; None where all values are alike."""
    if totals.count == 0 or totals.low == totals.high:
        return None
    return _cut(totals.sum / totals.count)


def deviation(totals: Totals) -> float | None:
    """Give the standard deviation of a sample to four digits; None where all values are alike."""
    if totals.count < 2 or totals.low == totals.high:  # noqa: PLR2004  a sample has two at least
        return None
    spread = totals.square - totals.sum * totals.sum / totals.count
    return _cut(math.sqrt(max(0.0, spread) / (totals.count - 1))) or None


def _cut(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def type_of(figure: Figure) -> str:
    """Give the DuckDB type in which a figure is published."""
    return "BIGINT" if figure.kind in {FigureKind.COUNT, FigureKind.UNITS} else "DOUBLE"
