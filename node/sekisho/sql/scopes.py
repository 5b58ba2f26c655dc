"""What a query's names stand for: relations, entries of FROM, uses of columns, scopes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from sekisho.sql.types import Type


class Place(StrEnum):
    """Where in a query a column is used."""

    PROJECTION = "projection"
    KEY = "key"
    """Alone in the SELECT list, and a key of GROUP BY."""
    FILTER = "filter"
    """In WHERE or HAVING, outside aggregates."""
    GROUP = "group"
    """Alone as a key of GROUP BY."""
    MEASURE = "measure"
    """Inside an aggregate's argument."""
    ORDER = "order"
    JOIN = "join"
    INNER = "inner"
    """In a subquery of the SELECT to which its relation belongs."""
    WINDOW = "window"
    """In a function with OVER, but for a column alone in PARTITION BY."""
    OTHER = "other"
    """Inside a computed key of GROUP BY, or the FILTER of an aggregate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a name in FROM may stand for."""

    key: str
    """The owner's own word for it, such as a dataset's id."""
    names: tuple[str, ...]
    """How a column may be qualified where it has no alias, such as `flights`, `ua.flights`."""
    columns: Mapping[str, Type]
    """The type of every column that may be named."""
    starred: tuple[str, ...]
    """The columns that `*` means, in order."""


@dataclass(slots=True, kw_only=True)
class Source:
    """One entry of a FROM: a relation, or the output of an inner SELECT."""

    number: int
    alias: str
    """What the query calls it."""
    label: str
    """What the tree calls it once it is resolved: the alias, made unique in the whole query."""
    node: exp.Expr
    """The `exp.Table` or `exp.Subquery` in the tree."""
    relation: Relation | None
    """None for the output of an inner SELECT."""
    columns: tuple[str, ...]
    """Names as they are written back."""
    select: int | None = None
    """Which SELECT it is the output of."""
    stored: frozenset[str] = frozenset()
    """Names, in lower case, of the columns that are a relation's own, not computed on the way."""
    qualifiers: tuple[str, ...] = ()
    """Names besides the alias by which a column may be qualified."""
    _by_name: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Index the columns without regard to case."""
        self._by_name = {item.lower(): item for item in self.columns}

    @property
    def starred(self) -> tuple[str, ...]:
        """The columns that `*` means."""
        return self.relation.starred if self.relation is not None else self.columns

    def find(self, name: str) -> str | None:
        """Give a column's name as it is written back, if there is one."""
        return self._by_name.get(name.lower())

    def is_called(self, qualifiers: tuple[str, ...]) -> bool:
        """Tell whether a column may be qualified like this; parts come in lower case."""
        if qualifiers == (self.alias.lower(),):
            return True
        return any(qualifiers == tuple(item.split(".")) for item in self.qualifiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One use of one column."""

    source: Source
    column: str
    place: Place
    node: exp.Expr


@dataclass(slots=True, kw_only=True)
class SelectFacts:
    """One SELECT of the tree, or several joined by a set operation, once names are resolved."""

    number: int
    node: exp.Query
    sources: tuple[Source, ...]
    """None for a set operation."""
    names: tuple[str, ...] = ()
    is_aggregated: bool = False
    stored: tuple[bool, ...] = ()
    """Of each output, whether it is a column of a relation, not computed on the way."""
    sides: tuple[int, ...] = ()
    """Numbers of the two that a set operation joins; none for a SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A tree in which every name has been looked up."""

    tree: exp.Query
    selects: tuple[SelectFacts, ...]
    """Inner ones before the ones that hold them; the last is the whole query."""
    sources: tuple[Source, ...]
    """By number."""
    references: tuple[Reference, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the output."""
        return self.selects[-1].names

    @property
    def relations(self) -> tuple[Source, ...]:
        """The entries of every FROM that stand for relations."""
        return tuple(item for item in self.sources if item.relation is not None)


Found = tuple[tuple[Source, str], ...]
"""What a name means: one column, or the several of which USING made one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A column that USING made of several."""

    columns: Found
    """All of them, in the order of FROM."""
    primary: Found
    """The one whose value it has, or all of them: the first that is not NULL."""


Lookup = Callable[[tuple[str, ...]], Relation | None]
"""Finds what a name of one to three parts stands for; parts come in lower case."""


Ctes = dict[str, tuple[str, tuple[str, ...], "SelectFacts"]]
"""Name, columns and facts of the query of each WITH, by its name in lower case."""


@dataclass(slots=True, kw_only=True)
class Scope:
    """What can be seen from inside one SELECT."""

    select: exp.Select
    parent: "Scope | None"
    ctes: Ctes
    sources: list[Source] = field(default_factory=list)
    aliases: dict[str, list[exp.Expr]] = field(default_factory=dict)
    merged: dict[str, Merged] = field(default_factory=dict)
    """What USING made, by name in lower case."""
    windows: dict[str, exp.Window] = field(default_factory=dict)
    """What WINDOW names, by name in lower case, as it was written."""
    keys: set[tuple[int, str]] = field(default_factory=set)


def source_number(column: exp.Expr) -> int:
    """Tell the number of the source that a resolved column belongs to."""
    number: int = column.meta["source"]
    return number


def identifier(name: str) -> exp.Identifier:
    """Make a quoted name."""
    return exp.Identifier(this=name, quoted=True)
