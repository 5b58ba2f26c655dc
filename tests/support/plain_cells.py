"""What `disclosure/steps.py` has an engine say of cells, worked out plainly over rows in Python.

A row is a mapping like a governed row of a block: `k0`, … keys, `u0`, … hashes of units,
`v0`, … measures or None, `m<u>_<v>` hashes of a unit with a measure, and `f`.
Nothing here is quick: every population is looked at unit by unit.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
WORD = 2**64


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is known of one population of one cell."""

    rows: tuple[Row, ...]
    units: tuple[int, ...]
    largest: tuple[float, ...]
    second: tuple[float, ...]
    size: tuple[float, ...]
    apart: tuple[int | None, ...]
    sketches: tuple[dict[int, int], ...]
    """Sums by unit, one mapping a privacy unit."""

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.rows)


class PlainCells:
    """The cells of some rows."""

    def __init__(self, rows: list[Row], *, keys: int, units: int, is_filtered: bool):
        """Take rows."""
        self.rows = rows
        self.keys = keys
        self.units = units
        self.is_filtered = is_filtered

    def key_of(self, row: Row) -> tuple:
        return tuple(row[f"k{at}"] for at in range(self.keys))

    def inside(self) -> list[Row]:
        return [row for row in self.rows if not self.is_filtered or row["f"]]

    def cells(self, measure: int | None, *, values: bool) -> dict[tuple, Cell]:
        """Describe the population of each cell that one question counts."""
        found = {}
        for key in {self.key_of(row) for row in self.rows}:
            rows = self._population([r for r in self.inside() if self.key_of(r) == key], measure)
            found[key] = self._cell(key, rows, measure, values=values)
        return found

    def _population(self, rows: list[Row], measure: int | None) -> list[Row]:
        return [row for row in rows if measure is None or row[f"v{measure}"] is not None]

    def _cell(self, key: tuple, rows: list[Row], measure: int | None, *, values: bool) -> Cell:
        weigh = range(self.units)
        totals = [self._totals(rows, unit, measure, values=values) for unit in weigh]
        tops = [sorted(total.values(), reverse=True) for total in totals]
        return Cell(
            rows=tuple(rows),
            units=tuple(len(total) for total in totals),
            largest=tuple(top[0] if top else 0.0 for top in tops),
            second=tuple(top[1] if len(top) > 1 else 0.0 for top in tops),
            size=tuple(float(sum(top)) for top in tops),
            apart=tuple(
                self._apart(key, rows, unit=unit, measure=measure, values=values) for unit in weigh
            ),
            sketches=tuple(self.sketch(rows, unit, measure, values=values) for unit in weigh),
        )

    def _totals(
        self, rows: list[Row], unit: int, measure: int | None, *, values: bool
    ) -> dict[int, float]:
        totals: dict[int, float] = defaultdict(float)
        for row in rows:
            totals[row[f"u{unit}"]] += abs(row[f"v{measure}"]) if values else 1
        return totals

    def sketch(
        self, rows: list[Row], unit: int, measure: int | None, *, values: bool
    ) -> dict[int, int]:
        sums: dict[int, int] = defaultdict(int)
        for row in rows:
            hashed = row[f"m{unit}_{measure}"] if values else row[f"u{unit}"]
            sums[row[f"u{unit}"]] = (sums[row[f"u{unit}"]] + hashed) % WORD
        return dict(sums)

    def _apart(
        self, key: tuple, rows: list[Row], *, unit: int, measure: int | None, values: bool
    ) -> int | None:
        """Tell in how many units a cell differs from the parent that it differs least from."""
        parents = []
        if self.is_filtered:
            parents.append([row for row in self.rows if self.key_of(row) == key])
        for at in range(self.keys):
            rest = key[:at] + key[at + 1 :]
            parents.append(
                [
                    row
                    for row in self.inside()
                    if (found := self.key_of(row))[:at] + found[at + 1 :] == rest
                ]
            )
        own = self.sketch(rows, unit, measure, values=values)
        counts = [
            differing(
                own, self.sketch(self._population(item, measure), unit, measure, values=values)
            )
            for item in parents
        ]
        return min((count for count in counts if count), default=None)


def differing(left: dict[int, int], right: dict[int, int]) -> int:
    """Count the units for whom two sketches differ."""
    return sum(left.get(unit) != right.get(unit) for unit in {*left, *right})


def folded(sketch: dict[int, int], slots: int | None) -> dict[int, int]:
    """Give a sketch by fewer slots; a unit's own where there are as many."""
    if slots is None:
        return sketch
    sums: dict[int, int] = defaultdict(int)
    for unit, value in sketch.items():
        sums[unit % slots] = (sums[unit % slots] + value) % WORD
    return dict(sums)
