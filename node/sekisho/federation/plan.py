"""Splits a query into one fragment a provider and the residual that is computed over them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.catalog import LOCAL_SCHEMA, PROVIDER_COLUMN, Catalog, Part, Relation
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import PartyId
from sekisho.sql.parser import SecondParser
from sekisho.sql.read import read_query
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation as Named
from sekisho.sql.scopes import Source
from sekisho.sql.types import TEXT, UNKNOWN
from sekisho.sql.write import bind_literals, write_query


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What one provider is asked."""

    name: str
    """The relation in the residual that holds its answer."""
    party: PartyId
    sql: str
    """For the provider's gate, over the provider's own names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedPlan:
    """A query over many nodes, taken apart."""

    fragments: tuple[Fragment, ...]
    residual_sql: str
    """DuckDB text over the fragments' relations and `"data"."<local dataset>"`."""
    parameters: Mapping[str, str]
    """Text literals of the residual by parameter name."""
    local_datasets: tuple[str, ...]
    columns: tuple[str, ...]
    """Names of the output."""


def plan_query(
    sql: str, catalog: Catalog, *, parser: SecondParser, limits: Limits = DEFAULT_LIMITS
) -> FederatedPlan:
    """Split a query.

    The residual over the fragments' answers equals the query over the data in one place: a fragment
    asks for the columns that the query uses, and for nothing else of a row.

    Args:
        sql: One SELECT, as the company's user wrote it.
        catalog: What is in scope.
        parser: DuckDB's own parser, for the second opinion.
        limits: Bounds of the text and its tree.

    Raises:
        Refusal: The text cannot be read, or names what the contract does not show.

    Source:
        `docs/concept/federation.md`.
    """
    tree = read_query(sql, parser=parser, limits=limits, joins=True)
    paths = tuple(relation.path for relation in catalog.relations)
    clause = _clause(tree, catalog)
    try:
        resolved = resolve(tree, lambda parts: _named(catalog, parts), allowed=paths, limits=limits)
    except Refusal as refusal:
        raise _with_clause(refusal, clause) from None
    used: dict[int, set[str]] = defaultdict(set)
    for reference in resolved.references:
        used[reference.source.number].add(reference.column.lower())
    splitting = _Splitting()
    for source in resolved.relations:
        splitting.replace(source, _found(catalog, source), used[source.number])
    parameters = bind_literals(tree)
    return FederatedPlan(
        fragments=tuple(splitting.fragments.values()),
        residual_sql=write_query(tree),
        parameters=parameters,
        local_datasets=tuple(splitting.local),
        columns=resolved.names,
    )


@dataclass(slots=True)
class _Splitting:
    """The fragments so far; two references that ask the same of a provider share one."""

    fragments: dict[tuple[PartyId, str], Fragment] = field(default_factory=dict)
    local: dict[str, None] = field(default_factory=dict)

    def replace(self, source: Source, relation: Relation, used: set[str]) -> None:
        """Put the fragments' relations in the place of a relation's name."""
        columns = tuple(column for column in relation.columns if column.lower() in used)
        with_provider = relation.has_provider and PROVIDER_COLUMN in used
        if relation.schema == LOCAL_SCHEMA:
            self.local[relation.name] = None
            select = _select(columns, _table(relation.name, schema="data"))
        else:
            select = self._union(relation, columns, with_provider=with_provider)
        alias = exp.TableAlias(this=_identifier(source.label))
        source.node.replace(exp.Subquery(this=select, alias=alias))

    def _union(
        self, relation: Relation, columns: tuple[str, ...], *, with_provider: bool
    ) -> exp.Query:
        # A count of rows uses no column; one is asked for, so that the rows can be counted.
        asked = columns or relation.columns[:1]
        selects: list[exp.Query] = [
            _select(
                asked,
                _table(self._fragment(part, asked)),
                provider=part.alias if with_provider else None,
            )
            for part in relation.parts
        ]
        return reduce(_union_all, selects)

    def _fragment(self, part: Part, columns: tuple[str, ...]) -> str:
        sql = write_query(_select(columns, _table(part.dataset)))
        key = (part.party, sql)
        if key not in self.fragments:
            name = f"fragment_{len(self.fragments)}"
            self.fragments[key] = Fragment(name=name, party=part.party, sql=sql)
        return self.fragments[key].name


def _union_all(left: exp.Query, right: exp.Query) -> exp.Query:
    return exp.Union(this=left, expression=right, distinct=False)


def _named(catalog: Catalog, parts: tuple[str, ...]) -> Named | None:
    relation = catalog.find(parts)
    if relation is None:
        return None
    columns = dict.fromkeys(relation.columns, UNKNOWN)
    if relation.has_provider:
        columns[PROVIDER_COLUMN] = TEXT
    return Named(
        key=relation.path,
        names=(relation.name, relation.path, f"sekisho.{relation.path}"),
        columns=columns,
        starred=relation.columns,
    )


def _found(catalog: Catalog, source: Source) -> Relation:
    relation = catalog.find(tuple(source.relation.key.split("."))) if source.relation else None
    if relation is None:
        message = "a source stands for a relation that the catalog gave"
        raise ValueError(message)
    return relation


def _clause(tree: exp.Expr, catalog: Catalog) -> str:
    """Name the clause that says which columns a query may name."""
    paths = (tuple(part.name.lower() for part in table.parts) for table in tree.find_all(exp.Table))
    relations = (catalog.find(path) for path in paths)
    parts = [part for relation in relations if relation for part in relation.parts]
    grants = {name for part in parts for name in part.grants}
    return f"grants.{grants.pop()}.columns" if len(grants) == 1 else "grants"


def _with_clause(refusal: Refusal, clause: str) -> Refusal:
    is_column = refusal.reason is RefusalReason.COLUMN_NOT_GRANTED
    is_dataset = refusal.reason is RefusalReason.DATASET_NOT_GRANTED
    return Refusal(
        refusal.reason,
        refusal.message,
        clause=clause if is_column else "grants" if is_dataset else refusal.clause,
        line=refusal.line,
        column=refusal.column,
        allowed=refusal.allowed,
        hint=refusal.hint,
    )


def _select(
    columns: tuple[str, ...], table: exp.Table, *, provider: str | None = None
) -> exp.Select:
    outputs: list[exp.Expr] = [exp.Column(this=_identifier(column)) for column in columns]
    if provider is not None:
        literal = exp.Literal.string(provider)
        outputs.append(exp.Alias(this=literal, alias=_identifier(PROVIDER_COLUMN)))
    if not outputs:
        outputs.append(exp.Alias(this=exp.Literal.number(1), alias=_identifier("one")))
    return exp.Select(expressions=outputs, from_=exp.From(this=table))


def _table(name: str, *, schema: str = "") -> exp.Table:
    db = _identifier(schema) if schema else None
    return exp.Table(this=_identifier(name), db=db)


def _identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)
