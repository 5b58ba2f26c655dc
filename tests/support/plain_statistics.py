"""Statistics decided plainly: DESIGN 9.2 over rows in Python, slow and obvious.

A provider here has lists of rows and remembers, in full, of whom every published cell told what.
Nothing is shared with `gate/`, `disclosure/` or `store/`: a question is a value, not SQL.
"""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

Row = dict[str, Any]
Keys = tuple


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What a contract says of the tests."""

    units: tuple[str, ...] = ("patient",)
    minimum: int = 3
    largest: int = 50
    two_largest: int = 85
    p: int = 10
    step: int = 5
    where: str | None = None
    """One sex, if rows are filtered."""
    clamp: tuple[int, int] | None = None
    bucket: tuple[int, ...] | None = None
    """Of ages."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """`column BETWEEN low AND high`, or `column IN (…)`."""

    column: str
    low: int | None = None
    high: int | None = None
    among: tuple = ()

    def holds(self, row: Row) -> bool:
        value = row[self.column]
        if value is None:
            return False
        if self.among:
            return value in self.among
        return self.low <= value <= self.high

    @property
    def sql(self) -> str:
        if self.among:
            values = (f"'{item}'" if isinstance(item, str) else str(item) for item in self.among)
            return f"{self.column} IN ({', '.join(values)})"
        return f"{self.column} BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A query: which rows, in which groups, and what of them."""

    keys: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    figures: tuple[str, ...] = ("count(*)",)
    """`count(*)`, `count(DISTINCT patient)`, and `count sum avg stddev` of `ct` or `high`."""
    is_joined: bool = False

    @property
    def sql(self) -> str:
        joined = " JOIN clinics ON tests.clinic = clinics.clinic" if self.is_joined else ""
        where = " AND ".join(item.sql for item in self.conditions)
        return "".join(
            (
                f"SELECT {', '.join((*self.keys, *self.figures))} FROM tests{joined}",
                f" WHERE {where}" if where else "",
                f" GROUP BY {', '.join(self.keys)}" if self.keys else "",
            )
        )


@dataclass(frozen=True, kw_only=True)
class Published:
    """Of whom a cell told what: for each lane and unit, what it counted of that unit."""

    told: dict[tuple, dict[Any, Counter]]
    minimum: int
    totals: "Totals"


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a population adds up to."""

    rows: int
    patients: int
    values: tuple[float, ...]


@dataclass
class PlainProvider:
    """A provider's data and all that it has published."""

    tests: list[Row] = field(default_factory=list)
    clinics: list[Row] = field(default_factory=list)
    clinic_units: tuple[str, ...] = ()
    published: list[Published] = field(default_factory=list)
    answered: dict[tuple, Published] = field(default_factory=dict)

    def ask(self, asked: Asked, agreed: Agreed) -> tuple[set[tuple], int]:
        """Give the rows of an answer, and how many cells are published for the first time."""
        rows = self._rows(asked, agreed)
        seen: dict[Keys, dict[tuple, Totals]] = {} if asked.keys else {(): {}}
        fresh = set()
        for part in _parts(asked.figures):
            decided = self._decide(rows, asked, agreed, part)
            for keys, (totals, is_fresh) in decided.items():
                seen.setdefault(keys, {})[part] = totals
                if is_fresh:
                    fresh.add(keys)
        answer = set()
        for keys, totals in seen.items():
            figures = tuple(_figure(item, totals, agreed.step) for item in asked.figures)
            if not asked.keys or any(item is not None for item in figures):
                answer.add((*keys, *figures))
        return answer, len(fresh)

    def _rows(self, asked: Asked, agreed: Agreed) -> list[Row]:
        """Give the rows that a question may count, with `inside` for those of its conditions."""
        found = []
        units = dict.fromkeys((*agreed.units, "patient"))
        for row in self.tests:
            if agreed.where is not None and row["sex"] != agreed.where:
                continue
            if any(row[unit] is None for unit in units):
                continue
            joined = self._joined(row) if asked.is_joined else {}
            if joined is None:
                continue
            told = {**row, **joined, "age": _bucket(row["age"], agreed.bucket)}
            told["ct"] = _measure(row["ct"], agreed.clamp)
            told["high"] = None if told["ct"] is None else float(row["ct"] >= 5)
            told["inside"] = all(item.holds(told) for item in asked.conditions)
            told["units"] = [("tests", unit, row[unit]) for unit in units]
            told["units"] += [("clinics", unit, joined[unit]) for unit in joined.get("of", ())]
            found.append(told)
        return found

    def _joined(self, row: Row) -> Row | None:
        """Find the one clinic of a row; a clinic that is there twice is no clinic."""
        fitting = [
            clinic
            for clinic in self.clinics
            if clinic["clinic"] == row["clinic"] is not None
            and all(clinic[unit] is not None for unit in self.clinic_units)
        ]
        if len(fitting) != 1:
            return None
        (clinic,) = fitting
        return {"region": clinic["region"], "owner": clinic["owner"], "of": self.clinic_units}

    def _decide(
        self, rows: list[Row], asked: Asked, agreed: Agreed, part: tuple
    ) -> dict[Keys, tuple[Totals, bool]]:
        decided: dict[Keys, tuple[Totals, bool]] = {}
        fresh = []
        for keys in {_keys_of(row, asked) for row in rows}:
            cell = [row for row in rows if row["inside"] and _keys_of(row, asked) == keys]
            cell = _counted(cell, part)
            if not cell:
                continue
            found = Published(
                told=_told(cell, part), minimum=agreed.minimum, totals=_totals(cell, part)
            )
            question = (_question(asked, part), _asked_of(agreed, asked, part), keys)
            earlier = self.answered.get(question)
            if earlier is not None and any(
                count < max(agreed.minimum, earlier.minimum) for count in _differ(found, earlier)
            ):
                decided[keys] = (earlier.totals, False)
            elif self._may_be_new(found, rows, keys, (asked, agreed, part)):
                decided[keys] = (found.totals, True)
                fresh.append((question, found))
        for question, found in fresh:
            self.published.append(found)
            self.answered[question] = found
        return decided

    def _may_be_new(self, found: Published, rows: list[Row], keys: Keys, about: tuple) -> bool:
        asked, agreed, part = about
        cell = [row for row in rows if row["inside"] and _keys_of(row, asked) == keys]
        cell = _counted(cell, part)
        parents = [[row for row in rows if _keys_of(row, asked) == keys]]
        for at in range(len(asked.keys)):
            rest = keys[:at] + keys[at + 1 :]
            parents.append(
                [
                    row
                    for row in rows
                    if row["inside"] and (own := _keys_of(row, asked))[:at] + own[at + 1 :] == rest
                ]
            )
        for at in range(len(cell[0]["units"])):
            weights: Counter = Counter()
            for row in cell:
                value = abs(row[part[0]]) if part[1] else 1
                weights[row["units"][at][2]] += value
            if not _is_spread(sorted(weights.values(), reverse=True), agreed):
                return False
            for parent in parents:
                other = Published(
                    told=_told(_counted(parent, part), part), minimum=0, totals=found.totals
                )
                lane = list(found.told)[at]
                if 0 < _apart(found.told[lane], other.told[lane]) < agreed.minimum:
                    return False
        # What is alike was compared when it was published, under as large a minimum.
        told_before = {
            lane
            for other in self.published
            for lane, told in found.told.items()
            if other.minimum >= agreed.minimum and other.told.get(lane) == told
        }
        return not any(
            0 < _apart(found.told[lane], other.told[lane]) < max(agreed.minimum, other.minimum)
            for other in self.published
            for lane in found.told.keys() & other.told.keys() - told_before
        )


def _question(asked: Asked, part: tuple) -> tuple:
    """Tell one question from another; patients are counted one by one where that is asked."""
    counts_patients = part[0] is None and "count(DISTINCT patient)" in asked.figures
    return asked.is_joined, asked.keys, frozenset(asked.conditions), part, counts_patients


def _asked_of(agreed: Agreed, asked: Asked, part: tuple) -> Agreed:
    """Leave out of terms what a question has nothing of: masks of columns that it does not use."""
    uses_age = "age" in {*asked.keys, *(item.column for item in asked.conditions)}
    return replace(
        agreed,
        clamp=agreed.clamp if part[0] == "ct" else None,
        bucket=agreed.bucket if uses_age else None,
    )


def _parts(figures: tuple[str, ...]) -> list[tuple]:
    """Say what figures tell: of which measure (None for rows), and whether of its values."""
    parts: dict[tuple, None] = {}
    for figure in figures:
        name, _, column = figure.rstrip(")").partition("(")
        measure = column if column in {"ct", "high"} else None
        if name in {"count", "sum"}:
            parts[measure, False] = None
        if name in {"sum", "avg", "stddev"}:
            parts[measure, True] = None
    return list(parts)


def _keys_of(row: Row, asked: Asked) -> Keys:
    return tuple(row[key] for key in asked.keys)


def _counted(rows: list[Row], part: tuple) -> list[Row]:
    return [row for row in rows if part[0] is None or row[part[0]] is not None]


def _told(rows: list[Row], part: tuple) -> dict[tuple, dict[Any, Counter]]:
    """Write down what rows tell of each unit: how many there are of it, or which values."""
    told: dict[tuple, dict[Any, Counter]] = {}
    for row in rows:
        for dataset, unit, value in row["units"]:
            lane = (dataset, unit, "ct" if part[1] else "rows")
            own = told.setdefault(lane, {}).setdefault(value, Counter())
            own[row[part[0]] if part[1] else "row"] += 1
    return told


def _differ(left: Published, right: Published) -> list[int]:
    return [_apart(left.told[lane], right.told[lane]) for lane in left.told if lane in right.told]


def _apart(left: dict, right: dict) -> int:
    return sum(left.get(unit) != right.get(unit) for unit in {*left, *right})


def _is_spread(weights: list[float], agreed: Agreed) -> bool:
    size, largest = sum(weights), weights[0]
    both = sum(weights[:2])
    return (
        len(weights) >= agreed.minimum
        and largest * 100 <= size * agreed.largest
        and both * 100 <= size * agreed.two_largest
        and (size - both) * 100 >= largest * agreed.p
    )


def _bucket(value: int | None, edges: tuple[int, ...] | None) -> int | None:
    if edges is None or value is None:
        return value
    return max((edge for edge in edges if edge <= value), default=None)


def _measure(value: float | None, clamp: tuple[int, int] | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return value if clamp is None else min(max(value, clamp[0]), clamp[1])


def _totals(rows: list[Row], part: tuple) -> Totals:
    return Totals(
        rows=len(rows),
        patients=len({row["patient"] for row in rows}),
        values=tuple(row[part[0]] for row in rows) if part[0] is not None else (),
    )


def _round(count: int, step: int) -> int:
    return math.floor(count / step + 0.5) * step


def _cut(value: float) -> float:
    return float(f"{value:.4g}")


def _figure(figure: str, totals: dict[tuple, Totals], step: int) -> float | None:
    name, _, column = figure.rstrip(")").partition("(")
    measure: str | None = column if column in {"ct", "high"} else None
    counted, valued = totals.get((measure, False)), totals.get((measure, True))
    if name == "count":
        if counted is None:
            return None
        return _round(counted.patients if "DISTINCT" in column else counted.rows, step)
    if valued is None or len(set(valued.values)) < 2:
        return None
    mean = _cut(sum(valued.values) / len(valued.values))
    if name == "avg":
        return mean
    if name == "sum":
        return None if counted is None else mean * _round(counted.rows, step)
    count = len(valued.values)
    centre = sum(valued.values) / count
    spread = sum((value - centre) ** 2 for value in valued.values) / (count - 1)
    return _cut(math.sqrt(spread))
