"""What an attacker knows beforehand: of everybody all that a grant shows, but one secret.

That is the worst case, and the usual one to measure by: a neighbour or an insurer who knows where
and when a person was treated, and wants the result.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""As a query can name it: text, number, truth value, date or instant; None for NULL."""


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
    is_grouped: bool

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
class Target:
    """A person who is alone with what is known of them, and whose secret is wanted."""

    person: int
    values: tuple[Value, ...]
    """One a known column."""
    rows: int
    """How many rows they have with these values."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Rows that one query can name: some columns fixed, one column among several values."""

    fixed: tuple[tuple[int, Value], ...]
    """Column numbers and their values."""
    column: int
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The attacker's side of the data: one entry a row, the secret left out."""

    relation: str
    """As queries name the dataset."""
    columns: tuple[KnownColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    people: tuple[int, ...]
    """Whose row it is."""
    _indexes: dict[tuple[int, ...], Mapping[tuple[Value, ...], Group]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _spreads: dict[tuple[tuple[int, ...], int], Mapping[tuple[Value, ...], dict[Value, Group]]] = (
        field(default_factory=dict, repr=False, compare=False)
    )

    def groups(self, columns: Sequence[int]) -> Mapping[tuple[Value, ...], Group]:
        """Group everybody by some columns."""
        key = tuple(columns)
        if key not in self._indexes:
            self._indexes[key] = self._grouped(key)
        return self._indexes[key]

    def spread(self, fixed: Sequence[tuple[int, Value]], column: int) -> Mapping[Value, Group]:
        """Group those with some fixed values by a further column; NULL is no value."""
        places = tuple(at for at, _ in fixed)
        if (places, column) not in self._spreads:
            self._spreads[places, column] = self._spread_out(places, column)
        return self._spreads[places, column].get(tuple(value for _, value in fixed), {})

    def places(self, cut: Cut) -> list[int]:
        """Number the rows of a cut."""
        spread = self.spread(cut.fixed, cut.column)
        return [at for value in cut.values if value in spread for at in spread[value].places]

    def count(self, cut: Cut) -> int:
        """Count the rows of a cut."""
        return len(self.places(cut))

    def alone(self) -> Iterator[Target]:
        """Yield everybody who is alone with all that is known of them."""
        seen = set()
        for values, group in self.groups(self.filtered).items():
            (person, *others) = group.people
            if not others and person not in seen and None not in values:
                seen.add(person)
                yield Target(person=person, values=self._whole(values), rows=group.rows)

    @property
    def filtered(self) -> tuple[int, ...]:
        """Numbers of the columns that a query may filter on."""
        return tuple(at for at, item in enumerate(self.columns) if item.is_filtered)

    @property
    def grouped(self) -> tuple[int, ...]:
        """Numbers of the columns that a query may group by."""
        return tuple(at for at, item in enumerate(self.columns) if item.is_grouped)

    def _whole(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        found = dict(zip(self.filtered, values, strict=True))
        return tuple(found.get(at) for at in range(len(self.columns)))

    def _spread_out(
        self, places: tuple[int, ...], column: int
    ) -> Mapping[tuple[Value, ...], dict[Value, Group]]:
        found: dict[tuple[Value, ...], dict[Value, Group]] = defaultdict(dict)
        for values, group in self.groups((*places, column)).items():
            if values[-1] is not None:
                found[values[:-1]][values[-1]] = group
        return found

    def _grouped(self, columns: tuple[int, ...]) -> Mapping[tuple[Value, ...], Group]:
        places: dict[tuple[Value, ...], list[int]] = defaultdict(list)
        for at, values in enumerate(self.rows):
            places[tuple(values[column] for column in columns)].append(at)
        return {
            key: Group(
                places=tuple(numbers), people=frozenset(self.people[at] for at in numbers)
            )
            for key, numbers in places.items()
        }


MAX_FIXED = 4
"""Columns that single somebody out, at most: all choices of so many are looked at."""


def isolating(known: Knowledge, target: Target) -> Iterator[tuple[tuple[int, Value], ...]]:
    """Yield the choices of columns by which a target is alone, the smallest first.

    Of wide data only pairs and triples are looked at, for there are enough of them.
    """
    columns = [at for at in known.filtered if target.values[at] is not None]
    most = MAX_FIXED if len(columns) <= 8 else 3 if len(columns) <= 16 else 2  # noqa: PLR2004
    for size in range(1, most + 1):
        for chosen in combinations(columns, size):
            group = known.groups(chosen)[tuple(target.values[at] for at in chosen)]
            if len(group.people) == 1:
                yield tuple((at, target.values[at]) for at in chosen)
