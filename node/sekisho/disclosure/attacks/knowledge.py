"""What an attacker knows beforehand: of everybody all that a grant shows, but one secret.

That is the worst case, and the usual one to measure by: a neighbour or an insurer who knows where
and when a person was treated, and wants the result.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import Any, TypeAlias

from sekisho.model.contract import Lookup

Value: TypeAlias = Any
"""As a query can name it: text, number, truth value, date or instant; None for NULL."""
Fixed: TypeAlias = tuple[tuple[int, Value], ...]
"""Columns by number, each with the value that it is fixed to."""

MOST_COLUMNS = MappingProxyType({8: 4, 16: 3})
"""How many columns single somebody out, at most, by how many there are: all choices are tried."""
_NOBODY: Mapping[Value, "Group"] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownColumn:
    """A column of which the attacker knows everybody's value, as the grant shows it."""

    name: str
    is_grouped: bool
    """Whether a query may group by it."""
    is_filtered: bool
    """Whether a query may filter on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A secret that a query may name: whether a column has a value."""

    column: str
    value: Value

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.column} = {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A secret that queries only sum up."""

    column: str
    is_flag: bool
    """Whether it is 0 or 1 for everybody."""
    usual: float
    """What most people are near to: the guess of whoever asks nothing."""

    @property
    def name(self) -> str:
        """How reports call it."""
        return self.column


Secret: TypeAlias = Asked | Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLookup:
    """A table that the attacker may bring, and what it is joined with."""

    lookup: Lookup
    keys: tuple[Value, ...]
    """What each row of the knowledge is joined by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A person who is alone with what is known of them, and whose secret is wanted."""

    person: int
    values: tuple[Value, ...]
    """One a known column."""
    rows: int
    """How many rows they have with these values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Rows that one query can name: some columns fixed, one column among several values."""

    fixed: Fixed
    column: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who are alike in some columns."""

    places: tuple[int, ...]
    """Numbers of their rows."""
    people: frozenset[int]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.places)


Spreads: TypeAlias = Mapping[tuple[Value, ...], Mapping[Value, Group]]
"""Groups by the values that are fixed, and then by those of a further column."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The attacker's side of the data: one entry a row, the secret left out."""

    relation: str
    """What stands in FROM."""
    columns: tuple[KnownColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    people: tuple[int, ...]
    """Whose row it is."""
    lookups: tuple[str, ...] = ()
    """Tables that the attacker has brought and `relation` joins."""
    _groups: dict[tuple[int, ...], Mapping[tuple[Value, ...], Group]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _spreads: dict[tuple[tuple[int, ...], int], Spreads] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def filtered(self) -> tuple[int, ...]:
        """Numbers of the columns that a query may filter on."""
        return tuple(at for at, item in enumerate(self.columns) if item.is_filtered)

    @property
    def grouped(self) -> tuple[int, ...]:
        """Numbers of the columns that a query may group by."""
        return tuple(at for at, item in enumerate(self.columns) if item.is_grouped)

    def groups(self, columns: Sequence[int]) -> Mapping[tuple[Value, ...], Group]:
        """Group everybody by some columns."""
        key = tuple(columns)
        if key not in self._groups:
            self._groups[key] = self._grouped(key)
        return self._groups[key]

    def spread(self, fixed: Fixed, column: int) -> Mapping[Value, Group]:
        """Group those with some fixed values by a further column; NULL is no value."""
        columns = tuple(at for at, _ in fixed)
        if (columns, column) not in self._spreads:
            self._spreads[columns, column] = self._spread_out(columns, column)
        return self._spreads[columns, column].get(tuple(value for _, value in fixed), _NOBODY)

    def places(self, cut: Cut) -> list[int]:
        """Number the rows of a cut."""
        spread = self.spread(cut.fixed, cut.column)
        return [at for value in cut.values if value in spread for at in spread[value].places]

    def places_of(self, target: Target) -> list[int]:
        """Number a target's rows."""
        group = self.groups(range(len(self.columns)))[target.values]
        return [at for at in group.places if self.people[at] == target.person]

    def count(self, cut: Cut) -> int:
        """Count the rows of a cut."""
        return len(self.places(cut))

    def alone(self) -> Iterator[Target]:
        """Yield everybody who is alone with all that is known of them, once."""
        seen = set()
        for values, group in self.groups(range(len(self.columns))).items():
            person, *others = group.people
            if not others and person not in seen:
                seen.add(person)
                yield Target(person=person, values=values, rows=group.rows)

    def everybody(self) -> Iterator[Target]:
        """Yield everybody with each of their combinations of values, alone with it or not."""
        for values, group in self.groups(range(len(self.columns))).items():
            for person, rows in Counter(self.people[at] for at in group.places).items():
                yield Target(person=person, values=values, rows=rows)

    def cells(self, size: int) -> Iterator[tuple[Cut, Group]]:
        """Yield the cells that so many filters pick out."""
        for chosen in combinations(self.filtered, size):
            for values, group in self.groups(chosen).items():
                if None not in values:
                    *fixed, (column, value) = zip(chosen, values, strict=True)
                    yield Cut(fixed=tuple(fixed), column=column, values=(value,)), group

    def isolating(self, target: Target) -> Iterator[Fixed]:
        """Yield choices of filters by which a target is alone, the fewest columns first."""
        columns = [at for at in self.filtered if target.values[at] is not None]
        most = next((most for wide, most in MOST_COLUMNS.items() if len(columns) <= wide), 2)
        for size in range(1, most + 1):
            for chosen in combinations(columns, size):
                values = tuple(target.values[at] for at in chosen)
                if len(self.groups(chosen)[values].people) == 1:
                    yield tuple(zip(chosen, values, strict=True))

    def _spread_out(self, columns: tuple[int, ...], column: int) -> Spreads:
        found: dict[tuple[Value, ...], dict[Value, Group]] = defaultdict(dict)
        for values, group in self.groups((*columns, column)).items():
            if values[-1] is not None:
                found[values[:-1]][values[-1]] = group
        return found

    def _grouped(self, columns: tuple[int, ...]) -> Mapping[tuple[Value, ...], Group]:
        places: dict[tuple[Value, ...], list[int]] = defaultdict(list)
        for at, values in enumerate(self.rows):
            places[tuple(values[column] for column in columns)].append(at)
        return {
            values: Group(
                places=tuple(numbers), people=frozenset(self.people[at] for at in numbers)
            )
            for values, numbers in places.items()
        }
