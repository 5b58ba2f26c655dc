"""What the planner's rules hand to each other: a query's tree, and what is asked of whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from sqlglot import exp

from sekisho.federation.catalog import Catalog, Part, Relation
from sekisho.model.contract import Access
from sekisho.model.names import PartyId
from sekisho.sql.parameters import as_written, parameters_of
from sekisho.sql.scopes import Resolved, Source, source_number
from sekisho.sql.write import write_query


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupUse:
    """A table of this company's own that a fragment joins at its provider."""

    name: str
    """The lookup's in the grant, and the bare name by which the fragment reads it."""
    key: str
    columns: Mapping[str, str]
    """What it brings beside its key: names, and types in the contract's words, such as `text`."""
    dataset: str
    """Bare name of the company's own dataset that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One provider's part of a query: what its node is asked."""

    name: str
    """The relation of the residual that its answer becomes, such as `fragment_0`."""
    party: PartyId
    sql: str
    """One SELECT over the provider's bare dataset name, for its gate to read."""
    columns: tuple[str, ...]
    """Names of what it gives, in order."""
    types: tuple[str, ...] = ()
    """Their types in DuckDB's words, one a column, where the plan rests on them; empty text where
    it does not, or they are not known. None at all where it rests on no column's."""
    parameters: tuple[str, ...] = ()
    """Names of the query's parameters that stand in it."""
    lookups: tuple[LookupUse, ...] = ()
    """What the provider must have been brought before it is asked."""


class Fragments:
    """The fragments written so far: who is asked for the same twice is asked once."""

    def __init__(self, draft: "Draft") -> None:
        """Go on after those of a draft, with names that no WITH of its query bears."""
        taken = {cte.alias.lower() for cte in draft.tree.find_all(exp.CTE)}
        names = (f"fragment_{number}" for number in count(len(draft.fragments)))
        self._names: Iterator[str] = (name for name in names if name not in taken)
        self._known = {(item.party, item.sql): item for item in draft.fragments}

    def ask(
        self,
        party: PartyId,
        question: exp.Query,
        *,
        columns: tuple[str, ...],
        types: tuple[str, ...] = (),
        lookups: tuple[LookupUse, ...] = (),
    ) -> Fragment:
        """Give the fragment that asks a provider for something."""
        parameters = parameters_of(question)
        sql = write_query(as_written(question))
        key = (party, sql)
        if key not in self._known:
            self._known[key] = Fragment(
                name=next(self._names),
                party=party,
                sql=sql,
                columns=columns,
                types=types,
                parameters=parameters,
                lookups=lookups,
            )
        return self._known[key]

    @property
    def all(self) -> tuple[Fragment, ...]:
        """Every fragment, in the order in which they were first asked for."""
        return tuple(self._known.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The cells of one block, put together from what providers publish."""

    name: str
    """The relation of the residual that they become, such as `cells_0`."""
    sql: str
    """One SELECT over the fragments."""
    gaps: str
    """One SELECT over the fragments that counts, by `provider`, the `cells` that it does not give
    in full and another provider gives; empty where there is no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A value that a provider computes."""

    name: str
    """As it is read here."""
    node: exp.Expr
    """Over the columns of one reference."""
    cast: str = ""
    """The type to which it is brought back here, where Arrow has no such type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One dataset of several that each provider joins for one reference."""

    label: str
    """What the fragment calls it."""
    datasets: tuple[str, ...]
    """Its bare name at each of the reference's providers."""
    columns: Mapping[str, str]
    """Its own names of the reference's columns that are its."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reference to a relation, and what is asked of its providers for it."""

    source: Source
    relation: Relation
    parts: tuple[Part, ...]
    """The providers that are asked."""
    joined: tuple[Joined, ...] = ()
    """What each of them joins, where it is not one dataset; conditions say by what."""
    conditions: tuple[exp.Expr, ...] = ()
    """What they filter by."""
    columns: tuple[str, ...] = ()
    """What they return; each once, where they group."""
    computed: tuple[Output, ...] = ()
    """What else they group by."""
    states: tuple[Output, ...] = ()
    """What they give of each group."""
    is_grouped: bool = False
    counted: str = ""
    """The state that counts their rows, where nothing else tells whether there are any."""
    order: tuple[exp.Expr, ...] = ()
    """In which order they choose the first rows."""
    limit_rows: int | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all that they return."""
        return (*self.columns, *(item.name for item in (*self.computed, *self.states)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan in the making; the rules change its tree in place and fill in the rest."""

    catalog: Catalog
    written: exp.Query
    """As it was read, with no name looked up; never changed."""
    tree: exp.Query
    """What becomes the residual."""
    resolved: Resolved | None = None
    readings: tuple[Reading, ...] = ()
    """What is still to be asked, by the order of the sources."""
    fragments: tuple[Fragment, ...] = ()
    merges: tuple[Merge, ...] = ()
    local_datasets: tuple[str, ...] = ()
    uploads: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def settled(self) -> Resolved:
        """Give what `look_up_names` must have filled in."""
        if self.resolved is None:
            raise RuntimeError("a rule of the planner ran before the names were looked up")
        return self.resolved


def is_shared_out(reading: Reading | None) -> bool:
    """Tell whether providers give the rows of a reference, and hold none of them back."""
    return (
        reading is not None
        and not reading.relation.is_local
        and all(
            grant.access is Access.ROWS and grant.disclosure is None
            for part in reading.parts
            for grant in part.grants
        )
    )


def columns_of(node: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns of a resolved tree, those of inner SELECTs too."""
    for column in node.find_all(exp.Column):
        if "source" in column.meta:
            yield column


def used_columns(tree: exp.Expr, reading: Reading) -> frozenset[str]:
    """Name, in lower case, the columns of one reference that a tree still holds."""
    number = reading.source.number
    return frozenset(c.name.lower() for c in columns_of(tree) if source_number(c) == number)
