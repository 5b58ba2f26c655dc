"""An attack as a value, and the way in which one is played: questions out, answers in.

A strategy is a generator. It yields what the attacker does next, is sent what comes back, and ends
with its readings: of whom it believes what. It knows the contract's rules, and of everybody all
that the grant shows but the secret; the truth it never sees, and is held to by `truth`.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias, TypeVar

from sekisho.disclosure.attacks.knowledge import Cut, Knowledge, KnownLookup, Secret, Target
from sekisho.model.contract import Lookup

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Send one query."""

    sql: str
    lookups: tuple[str, ...] = ()
    """Names of the tables that it joins and the attacker has brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bring:
    """Bring the table of a lookup; the contract takes one."""

    lookup: Lookup
    rows: tuple[tuple[Any, ...], ...]
    """The key first, then the lookup's columns in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Wait for a day on which the rows of some people are not in the data yet."""

    absent: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for a query; for anything else, nothing."""

    rows: tuple[tuple[Any, ...], ...] = ()
    is_refused: bool = False


Move: TypeAlias = Ask | Bring | Turn
Game: TypeAlias = Generator[Move, Reply, T]
"""Part of a strategy, which ends with something that it found out."""
Aim: TypeAlias = Target | Cut
"""What an attacker wants to learn of: one person, or the rows of one cell."""


class By(Enum):
    """From what an attacker concludes."""

    FIGURES = "figures"
    """From the numbers."""
    WITHHELD = "withheld"
    """From what is withheld and what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an attacker concludes from its answers, read in one way."""

    by: By
    guesses: Mapping[Aim, float]
    """By aim; one that nothing was learnt about is not in it."""
    tried: tuple[Aim, ...]
    """What was aimed at: of all that could be, what is weakest."""


Strategy: TypeAlias = Game[tuple[Reading, ...]]


class Wanted(Enum):
    """What an attack aims at, and so what is right."""

    SECRETS = auto()
    """The secret's value of people who are alone with what is known of them."""
    ANYBODYS = auto()
    """The same of people who may only come to be alone by what the attacker does."""
    COUNTS = auto()
    """The exact number of rows with the secret behind a published one."""
    PRESENCE = auto()
    """Whether anybody in a small cell has the secret: 1 or 0."""
    LARGEST = auto()
    """The part of whoever makes up most of a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an attacker reads in the contract about how figures come out."""

    minimum_units: int
    round_counts_to: int
    p_percent: int
    functions: frozenset[str]
    is_exact: bool = False
    """Nothing protects the figures: what each attack is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a strategy is given."""

    known: Knowledge
    secret: Secret
    rules: Rules
    queries: int
    """How many it may send."""
    targets: tuple[Target, ...] = ()
    """Aims, where people are wanted."""
    cells: tuple[Cut, ...] = ()
    """Aims, where cells are."""
    lookup: KnownLookup | None = None
    """Where the grant has one that the dataset can be joined to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One way to attack a contract."""

    name: str
    explains: str
    """What it does, in one line."""
    wants: Wanted
    plays: Callable[[Brief], Strategy]
    helps: Mapping[By, tuple[str, ...]]
    """Terms that close or narrow it, by the reading that stands open."""
    needs_lookup: bool = False
    """Whether it is for grants that let their consumer bring a table."""
