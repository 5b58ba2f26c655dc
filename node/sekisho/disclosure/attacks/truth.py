"""What really is so: everybody's secret, which no strategy sees, and by which it is scored.

People are drawn so that whoever asks nothing and guesses what is usual is right for half of them.
So to be right for half is nothing, whatever the base rate is.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeVar

from sekisho.disclosure.attacks.attack import Aim, Reading, Rules, Wanted
from sekisho.disclosure.attacks.knowledge import Cut, Knowledge, Measured, Secret, Target

A = TypeVar("A", Target, Cut)

MAX_CELL_ROWS = 60
"""Cells whose exact count is wanted have at most so many rows with the secret."""
FEW = 20
"""Aims that there are at the least, if they are; the base rate shows in the chance then."""
LUCK = 2.5
"""Standard deviations of guessing; one reading in 160 is beyond by luck."""
SMALL_COLUMNS = 3
"""Filters that pick out the small cells whose presence is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How right a reading is."""

    stated: int
    """For how many aims the attacker states a value."""
    recovered: int
    """For how many of them it is right."""
    of: int
    chance: float
    """How many would be right if the same values were stated of any aims."""

    @property
    def is_beyond_chance(self) -> bool:
        """Whether more is right than luck explains: by two and a half standard deviations."""
        if not self.stated:
            return False
        share = self.chance / self.stated
        spread = sqrt(self.stated * share * (1 - share))
        return self.recovered - self.chance > max(1.0, LUCK * spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everybody's secret, one value a row of the knowledge; None where there is none."""

    known: Knowledge
    secret: Secret
    values: tuple[float | None, ...]
    rules: Rules

    def draw(self, wanted: Wanted, seed: int, *, most: int) -> tuple[Aim, ...]:
        """Draw what an attack may aim at, the same for the same seed."""
        match wanted:
            case Wanted.SECRETS:
                return _balanced(self._people(self.known.alone()), seed, most=most)
            case Wanted.ANYBODYS:
                return _balanced(self._people(self.known.everybody()), seed, most=most)
            case Wanted.COUNTS:
                return tuple(_shuffled(self._counted(), seed)[:most])
            case Wanted.PRESENCE:
                return _balanced(self._small(), seed, most=most)
            case Wanted.LARGEST:
                return tuple(_shuffled(self._dominated(), seed)[:most])

    def score(self, wanted: Wanted, reading: Reading) -> Score:
        """Hold a reading to the truth."""
        return Score(
            stated=len(reading.guesses),
            recovered=sum(self._is_right(wanted, *item) for item in reading.guesses.items()),
            of=len(reading.tried),
            chance=self._chance(wanted, reading),
        )

    def _people(self, targets: Iterator[Target]) -> Iterator[tuple[Target, bool]]:
        """Yield who has a secret, and whether the usual guess is right for them."""
        for target in targets:
            value = self._of(target)
            if value is not None:
                yield target, self._is_near(value, self._usual)

    def _counted(self) -> Iterator[Cut]:
        for size in (1, 2):
            for cut, group in self.known.cells(size):
                people = {self.known.people[at] for at in group.places if self.values[at]}
                is_small = self._sum(group.places) <= MAX_CELL_ROWS
                if len(people) >= self.rules.minimum_units and is_small:
                    yield cut

    def _small(self) -> Iterator[tuple[Cut, bool]]:
        """Yield cells of few people, and whether nobody in them has the secret."""
        for cut, group in self.known.cells(min(SMALL_COLUMNS, len(self.known.filtered))):
            if len(group.people) < self.rules.minimum_units:
                yield cut, self._sum(group.places) == 0

    def _dominated(self) -> Iterator[Cut]:
        """Yield cells that tell their largest part: what the others make up is next to nothing."""
        for size in (1, 2, 3):
            for cut, group in self.known.cells(size):
                parts = self._parts(group.places)
                others = sum(parts[1:])
                if parts and 0 < others * 100 <= parts[0] * self.rules.p_percent:
                    yield cut

    def _places(self, aim: Aim) -> Sequence[int]:
        """Number the rows of an aim."""
        if isinstance(aim, Cut):
            return self.known.places(aim)
        return self.known.places_of(aim)

    def _of(self, target: Target) -> float | None:
        """Give a person's secret: the mean of a measure, or whether a row has a value."""
        found = [self.values[at] for at in self._places(target)]
        there = [item for item in found if item is not None]
        if not there:
            return None
        if isinstance(self.secret, Measured):
            return sum(there) / len(there)
        return float(any(there))

    def _sum(self, places: Sequence[int]) -> float:
        return sum(self.values[at] or 0.0 for at in places)

    def _parts(self, places: Sequence[int]) -> list[float]:
        """Give what each person makes up of some rows, the most first."""
        parts: dict[int, float] = defaultdict(float)
        for at in places:
            parts[self.known.people[at]] += abs(self.values[at] or 0.0)
        return sorted(parts.values(), reverse=True)

    @property
    def _usual(self) -> float:
        if isinstance(self.secret, Measured):
            return self.secret.usual
        return float(sum(bool(value) for value in self.values) * 2 > len(self.values))

    def _is_near(self, truth: float, found: float) -> bool:
        if isinstance(self.secret, Measured) and not self.secret.is_flag:
            return abs(found - truth) * 100 <= abs(truth) * self.rules.p_percent
        return truth == found

    def _is_right(self, wanted: Wanted, aim: Aim, found: float) -> bool:
        match wanted:
            case Wanted.SECRETS | Wanted.ANYBODYS:
                truth = self._of(aim) if isinstance(aim, Target) else None
                return truth is not None and self._is_near(truth, found)
            case Wanted.COUNTS:
                return self._sum(self._places(aim)) == found
            case Wanted.PRESENCE:
                return (self._sum(self._places(aim)) > 0) == (found > 0)
            case Wanted.LARGEST:
                largest = self._parts(self._places(aim))[0]
                return abs(abs(found) - largest) * 100 <= largest * self.rules.p_percent

    def _chance(self, wanted: Wanted, reading: Reading) -> float:
        if wanted is Wanted.COUNTS:
            return len(reading.guesses) / self.rules.round_counts_to
        if wanted is Wanted.LARGEST or not reading.tried:
            return 0.0
        right = sum(
            times * sum(self._is_right(wanted, aim, found) for aim in reading.tried)
            for found, times in Counter(reading.guesses.values()).items()
        )
        return right / len(reading.tried)


def _balanced(found: Iterator[tuple[A, bool]], seed: int, *, most: int) -> tuple[A, ...]:
    """Draw as many for whom the usual guess is right as others, in turn; all, where all are few."""
    sides: dict[bool, list[A]] = {True: [], False: []}
    for aim, is_usual in found:
        sides[is_usual].append(aim)
    both = [_shuffled(side, seed) for side in sides.values()]
    even = [aim for pair in zip(*both, strict=False) for aim in pair]
    rest = [aim for side in both for aim in side[len(even) // 2 :]]
    return tuple((even + rest[: max(0, FEW - len(even))])[:most])


def _shuffled(items: Iterable[A], seed: int) -> list[A]:
    """Order aims by a hash of the seed and of what they are."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}:{item!r}".encode()).digest())
