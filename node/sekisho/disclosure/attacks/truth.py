"""What really is so: everybody's secret, which no strategy sees, and by which it is scored.

People are drawn so that whoever asks nothing and guesses what is usual is right for about half of
them. So a recovered share of one half is nothing, whatever the base rate is.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sekisho.disclosure.attacks.attack import Aim, Reading, Rules, Wanted
from sekisho.disclosure.attacks.knowledge import (
    Cut,
    Knowledge,
    Measured,
    Secret,
    Target,
)

MAX_CELL_ROWS = 60
"""Cells whose exact count is wanted have at most so many rows with the secret."""
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How right a reading is."""

    stated: int
    """For how many the attacker states a value."""
    recovered: int
    """For how many it is right."""
    of: int
    chance: float
    """How many of the stated would be right by guessing alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everybody's secret, one value a row of the knowledge; None where there is none."""

    known: Knowledge
    secret: Secret
    values: tuple[float | None, ...]
    rules: Rules

    def draw(self, wanted: Wanted, seed: int, *, most: int) -> tuple[Aim, ...]:
        """Draw what an attack aims at, the same for the same seed."""
        match wanted:
            case Wanted.SECRETS:
                return self._balanced(self._people(), seed, most=most)
            case Wanted.COUNTS:
                return _shuffled(self._counted(), seed)[:most]
            case Wanted.PRESENCE:
                return self._balanced(self._small(), seed, most=most)
            case Wanted.LARGEST:
                return _shuffled(self._dominated(), seed)[:most]

    def score(self, wanted: Wanted, reading: Reading) -> Score:
        """Hold a reading to the truth."""
        right = sum(
            self._is_right(wanted, aim, guess) for aim, guess in reading.guesses.items()
        )
        return Score(
            stated=len(reading.guesses),
            recovered=right,
            of=len(reading.tried),
            chance=self._chance(wanted, reading),
        )

    def _people(self) -> Iterator[tuple[Target, bool]]:
        """Give who is alone, and whether the usual guess is right for them."""
        for target in self.known.alone():
            value = self._of(target)
            if value is not None:
                yield target, self._is_near(value, self._usual)

    def _counted(self) -> Iterator[Cut]:
        for cut, rows in self._cells(sizes=(1, 2)):
            found = self._sum(rows)
            people = {self.known.people[at] for at in rows if self.values[at]}
            if len(people) >= self.rules.minimum_units and found <= MAX_CELL_ROWS:
                yield cut

    def _small(self) -> Iterator[tuple[Cut, bool]]:
        """Give cells of few people, and whether nobody in them has the secret."""
        size = min(3, len(self.known.filtered))
        for cut, rows in self._cells(sizes=(size,)):
            people = {self.known.people[at] for at in rows}
            if len(people) < self.rules.minimum_units:
                yield cut, self._sum(rows) == 0

    def _dominated(self) -> Iterator[Cut]:
        for cut, rows in self._cells(sizes=(1, 2, 3)):
            largest, whole = self._largest(rows), self._size(rows)
            if largest and whole - largest <= largest * self.rules.p_percent / 100:
                yield cut

    def _cells(self, *, sizes: Sequence[int]) -> Iterator[tuple[Cut, Sequence[int]]]:
        """Give the cells that some filters pick out, with the numbers of their rows."""
        for size in sizes:
            for chosen in combinations(self.known.filtered, size):
                for values, group in self.known.groups(chosen).items():
                    if None not in values:
                        *fixed, last = zip(chosen, values, strict=True)
                        cut = Cut(fixed=tuple(fixed), column=last[0], values=(last[1],))
                        yield cut, group.places

    def _rows(self, aim: Aim) -> Sequence[int]:
        """Number the rows of an aim."""
        if isinstance(aim, Cut):
            return self.known.places(aim)
        filtered = self.known.filtered
        return self.known.groups(filtered)[tuple(aim.values[at] for at in filtered)].places

    def _of(self, target: Target) -> float | None:
        found = [self.values[at] for at in self._rows(target)]
        there = [item for item in found if item is not None]
        if not there:
            return None
        if isinstance(self.secret, Measured):
            return sum(there) / len(there)
        return float(any(there))

    def _sum(self, rows: Sequence[int]) -> float:
        return sum(self.values[at] or 0.0 for at in rows)

    def _parts(self, rows: Sequence[int]) -> list[float]:
        parts: dict[int, float] = defaultdict(float)
        for at in rows:
            parts[self.known.people[at]] += abs(self.values[at] or 0.0)
        return sorted(parts.values(), reverse=True)

    def _largest(self, rows: Sequence[int]) -> float:
        return next(iter(self._parts(rows)), 0.0)

    def _size(self, rows: Sequence[int]) -> float:
        return sum(self._parts(rows))

    @property
    def _usual(self) -> float:
        if isinstance(self.secret, Measured):
            return self.secret.usual
        there = sum(bool(value) for value in self.values)
        return float(there * 2 > len(self.values))

    def _is_near(self, truth: float, guess: float) -> bool:
        if isinstance(self.secret, Measured) and not self.secret.is_flag:
            return abs(guess - truth) * 100 <= abs(truth) * self.rules.p_percent
        return truth == guess

    def _is_right(self, wanted: Wanted, aim: Aim, guess: float) -> bool:
        rows = self._rows(aim)
        match wanted:
            case Wanted.SECRETS:
                truth = self._of(aim) if isinstance(aim, Target) else None
                return truth is not None and self._is_near(truth, guess)
            case Wanted.COUNTS:
                return self._sum(rows) == guess
            case Wanted.PRESENCE:
                return (self._sum(rows) > 0) == (guess > 0)
            case Wanted.LARGEST:
                largest = self._largest(rows)
                return abs(abs(guess) - largest) * 100 <= largest * self.rules.p_percent

    def _chance(self, wanted: Wanted, reading: Reading) -> float:
        """Count how many guesses would be right if they were of anybody among the aims."""
        match wanted:
            case Wanted.COUNTS:
                return len(reading.guesses) / self.rules.round_counts_to
            case Wanted.LARGEST:
                return 0.0
            case _:
                stated = Counter(reading.guesses.values())
        right = sum(
            times * sum(self._is_right(wanted, aim, guess) for aim in reading.tried)
            for guess, times in stated.items()
        )
        return right / len(reading.tried) if reading.tried else 0.0

    def _balanced(
        self, found: Iterator[tuple[Aim, bool]], seed: int, *, most: int
    ) -> tuple[Aim, ...]:
        """Draw as many for whom the usual guess is right as others, in turn."""
        both = list(found)
        sides = [_shuffled([aim for aim, is_usual in both if is_usual is side], seed) for side in (False, True)]
        size = min(most // 2, *map(len, sides))
        return tuple(aim for pair in zip(*sides, strict=False) for aim in pair)[: 2 * size]


def _shuffled(items: Iterator[Aim] | Sequence[Aim], seed: int) -> list[Aim]:
    """Order things by a hash of the seed and of what they are."""

    def place(item: Aim) -> bytes:
        return hashlib.sha256(f"{seed}:{item!r}".encode()).digest()

    return sorted(items, key=place)
