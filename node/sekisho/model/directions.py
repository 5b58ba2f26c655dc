"""Which of two values of a term allows more, from the data's point of view.

One value *covers* another when whatever may be seen, done or kept under the other may be seen, done
or kept, or be worked out, under it. Each field of a contract says in its own definition what its
values cover. That one predicate gives both directions, so that turning a comparison around turns
every direction around.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Covers = Callable[[Any, Any], bool]
"""Tells whether the first value covers the second; every value covers itself."""


class Direction(StrEnum):
    """What a change of a term does to what a contract allows."""

    WIDER = "widens"
    NARROWER = "narrows"
    OTHER = "changes"
    """Neither value covers the other: a person has to compare them."""
    ALIKE = "keeps"
    """Each covers the other: written otherwise, and no more and no less is allowed."""

    @property
    def turned(self) -> "Direction":
        """Give the direction of the way back."""
        return _TURNED.get(self, self)


_TURNED = {Direction.WIDER: Direction.NARROWER, Direction.NARROWER: Direction.WIDER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A field whose value is compared as one."""

    covers: Covers
    words: str
    """What widens it, for the reference page and for editors."""

    def direction(self, before: Any, after: Any) -> Direction:  # noqa: ANN401  values of any field
        """Tell what it is to put `after` in the place of `before`."""
        gains, keeps = self.covers(after, before), self.covers(before, after)
        if gains and keeps:
            return Direction.ALIKE
        if gains:
            return Direction.WIDER
        return Direction.NARROWER if keeps else Direction.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A field that holds a model, whose own fields are compared."""

    added: Direction = Direction.OTHER
    """What it is to write the part where there was none."""

    @property
    def words(self) -> str:
        """Say what widens it."""
        return _ADDED[self.added].format("writing it") or "see its parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A field that holds several models, each known by a name."""

    by: str = ""
    """The attribute that names each; empty for a mapping, whose keys do."""
    added: Direction
    """What one more of them is."""

    @property
    def words(self) -> str:
        """Say what widens it."""
        return _ADDED[self.added].format("one more") or "see its parts"


Comparison = Compared | Parts | Named

_ADDED = {
    Direction.WIDER: "{} widens",
    Direction.NARROWER: "{} narrows",
    Direction.OTHER: "",
    Direction.ALIKE: "",
}


def _covers_listed(first: Collection[Hashable], second: Collection[Hashable]) -> bool:
    return set(first) >= set(second)


MORE_WIDENS = Compared(covers=lambda first, second: first >= second, words="larger or later widens")
LESS_WIDENS = Compared(
    covers=lambda first, second: first <= second, words="smaller or earlier widens"
)
LISTED_WIDEN = Compared(covers=_covers_listed, words="one more widens")
LISTED_NARROW = Compared(
    covers=lambda first, second: _covers_listed(second, first), words="one more narrows"
)
ANY_CHANGE = Compared(covers=lambda first, second: bool(first == second), words="any other changes")
"""For words, money and law: no value covers another."""
ASIDE = Compared(covers=lambda _first, _second: True, words="any other keeps")
"""For what says nothing of the data."""


def or_all(compared: Compared, words: str) -> Compared:
    """Take the absent or empty value for the widest."""

    def covers(first: Any, second: Any) -> bool:  # noqa: ANN401  values of any field
        return not first or (bool(second) and compared.covers(first, second))

    return Compared(covers=covers, words=f"{compared.words}; {words}")


def rungs(*values: StrEnum) -> Compared:
    """Compare choices by their place on a ladder, the narrowest first."""
    return Compared(
        covers=lambda first, second: values.index(first) >= values.index(second),
        words=f"widest is `{values[-1]}`, narrowest `{values[0]}`",
    )


def one_covers_all(value: StrEnum, *, words: str) -> Compared:
    """Let one choice cover all others, which are not compared among themselves."""
    return Compared(covers=lambda first, second: first in {value, second}, words=words)


def all_cover_one(value: StrEnum, *, words: str) -> Compared:
    """Let one choice be covered by all others, which are not compared among themselves."""
    return Compared(covers=lambda first, second: second in {value, first}, words=words)
