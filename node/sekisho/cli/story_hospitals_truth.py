"""How near the hospitals' published figures are to what the files hold, and what is missing.

Only a story can tell: no company holds all the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.cli.story import Rows

TRUTH: Final = """
SELECT pandemic_day - pandemic_day % 7 AS week,
       CASE WHEN age >= 18 THEN 18 WHEN age >= 12 THEN 12 WHEN age >= 5 THEN 5 ELSE 0 END AS band,
       hospital,
       count(DISTINCT patient_id) AS patients,
       count(*) AS tests,
       count(*) FILTER (WHERE result = 'positive') AS positives
FROM (
  SELECT 'a' AS hospital, * FROM data.a
  UNION ALL SELECT 'b', * FROM data.b
  UNION ALL SELECT 'c', * FROM data.c
) AS tests
WHERE result <> 'invalid'
GROUP BY week, band, hospital
""".strip()
"""What the contract's masks, measure and row filter come to, over the files in one place."""

MINIMUM_UNITS: Final = 10
"""As the contract says."""
COUNT_ERROR: Final = 6
"""Three counts, each rounded to a multiple of 5."""
RATE_ERROR: Final = 0.01
"""Three rates of four digits, weighted by such counts."""

Cell = tuple[int, int]
"""A week, by its first day, and an age group, by its youngest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one hospital holds of a cell."""

    patients: int
    tests: int
    positives: int


Truth = Mapping[Cell, Mapping[str, Part]]
"""Every cell, hospital by hospital."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farthest:
    """How far one kind of figure is off at most, over how many cells."""

    cells: int
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How published figures compare with the files."""

    cells: int
    true_cells: int
    parts: int
    """Cells of one hospital."""
    true_parts: int
    fewest: int
    """Patients in the smallest published cell of one hospital."""
    counts: Farthest
    """Where every hospital gave its part."""
    rates: Farthest
    """Likewise."""
    other_rates: Farthest
    """Where a hospital's part is missing."""

    @property
    def is_near(self) -> bool:
        """Whether nobody is singled out, and what is whole is off by its rounding alone."""
        return (
            self.fewest >= MINIMUM_UNITS
            and min(self.counts.cells, self.rates.cells) > 0
            and self.counts.error <= COUNT_ERROR
            and self.rates.error <= RATE_ERROR
        )


def truth_of(rows: Rows) -> Truth:
    """Read what `TRUTH` gives."""
    found: dict[Cell, dict[str, Part]] = {}
    for week, age, hospital, patients, tests, positives in rows:
        part = Part(patients=patients, tests=tests, positives=positives)
        found.setdefault((week, age), {})[hospital] = part
    return found


def compare(merged: Rows, parts: Rows, truth: Truth) -> Nearness:
    """Compare what was published with the files.

    Args:
        merged: Week, age group, tests and positivity.
        parts: Week, age group, hospital, tests and positivity.
        truth: Of the same cells.
    """
    counted = {(*cell, name) for *cell, name, tests, _ in parts if tests is not None}
    rated = {(*cell, name) for *cell, name, _, rate in parts if rate is not None}
    counts: list[float] = []
    rates: list[float] = []
    others: list[float] = []
    for week, age, tests, rate in merged:
        held = truth[week, age]
        places = {(week, age, name) for name in held}
        true_tests = sum(part.tests for part in held.values())
        if tests is not None and places <= counted:
            counts.append(abs(tests - true_tests))
        if rate is not None:
            error = abs(rate - sum(part.positives for part in held.values()) / true_tests)
            (rates if places <= rated else others).append(error)
    return Nearness(
        cells=len(merged),
        true_cells=len(truth),
        parts=len(parts),
        true_parts=sum(map(len, truth.values())),
        fewest=min(truth[week, age][name].patients for week, age, name in counted | rated),
        counts=_farthest(counts),
        rates=_farthest(rates),
        other_rates=_farthest(others),
    )


def _farthest(errors: Sequence[float]) -> Farthest:
    return Farthest(cells=len(errors), error=max(errors, default=0.0))
