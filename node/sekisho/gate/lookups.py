"""Tables that a consumer brings: what they may be joined to, and what must be asked of the rows.

A lookup is joined on its key with the granted column of the same name, of a dataset whose rows are
counted by privacy units. Its content never reaches the gate: a plan says what the content must fit,
and the server brings both together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.draft import Draft
from sekisho.gate.governed import column_value, units_of, write_governed
from sekisho.gate.names import with_clause
from sekisho.gate.views import View, ViewColumn, names_in, view_of
from sekisho.model.contract import Grant, Lookup, LookupType
from sekisho.model.dataset import Dataset
from sekisho.model.lookups import lookup_type_of
from sekisho.model.names import DatasetId, PartyId
from sekisho.model.plan import JoinedLookup
from sekisho.model.signed import SignedContract
from sekisho.sql.blocks import Block, BlockColumn, Pair
from sekisho.sql.places import place_of, shown
from sekisho.sql.scopes import identifier
from sekisho.sql.write import bind_literals, write_query

LOOKUP_TYPES: Mapping[LookupType, str] = MappingProxyType(
    {
        LookupType.TEXT: "VARCHAR",
        LookupType.INTEGER: "BIGINT",
        LookupType.DATE: "DATE",
        LookupType.BOOLEAN: "BOOLEAN",
    }
)
"""DuckDB types of the columns that a lookup brings."""
_PREFIX = "lookup_"
_BINARY = "C"
"""Collation by which each text is equal to itself alone."""


def relation_of(lookup: Lookup) -> str:
    """Name a lookup among the relations of an engine, as no step of disclosure control is named."""
    return f"{_PREFIX}{lookup.name}"


def joined_lookups(block: Block, draft: Draft) -> tuple[JoinedLookup, ...]:
    """Say of each lookup that a block joins what its content must fit.

    Args:
        block: Held to the grant already.
        draft: Of the query.

    Raises:
        Refusal: `LOOKUP_NOT_ALLOWED` for a key of a type that no table has.
    """
    return tuple(_joined(block, draft))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLookup:
    """A lookup as one grant of one provider names it, beside the datasets as they are now."""

    lookup: Lookup
    clause: str
    key_types: frozenset[LookupType]
    """Types of the columns that its key can be joined with; empty where none is there."""
    minimum_keys: int
    """Fewest keys of a combination of its columns' values: where a key is a unit itself, fewer can
    never stand for enough units."""


def declared_lookups(
    signed: SignedContract,
    provider: PartyId,
    datasets: Mapping[DatasetId, Dataset],
    *,
    name: str,
) -> tuple[DeclaredLookup, ...]:
    """Look a lookup up in every grant of a provider that names it.

    Args:
        signed: The contract.
        provider: Whose datasets.
        datasets: Those that it has now.
        name: Of the lookup.
    """
    return tuple(
        _declared(grant, lookup, tuple(_views(grant, provider, datasets, key=lookup.key)))
        for grant in signed.grants_of(provider)
        for lookup in grant.lookups
        if lookup.name == name
    )


def _declared(grant: Grant, lookup: Lookup, views: tuple[View, ...]) -> DeclaredLookup:
    types = {lookup_type_of(view.columns[lookup.key.lower()].type) for view in views}
    units = {unit.lower() for unit in grant.privacy_units}
    units |= {unit.lower() for view in views for unit in view.dataset.privacy_units}
    disclosure = grant.effective_disclosure
    is_unit = lookup.key.lower() in units and disclosure is not None
    return DeclaredLookup(
        lookup=lookup,
        clause=f"grants.{grant.grant}.lookups.{lookup.name}",
        key_types=frozenset(kind for kind in types if kind is not None),
        minimum_keys=disclosure.minimum_units if is_unit and disclosure is not None else 1,
    )


def _views(
    grant: Grant, provider: PartyId, datasets: Mapping[DatasetId, Dataset], *, key: str
) -> Iterator[View]:
    there = [datasets[name] for name in grant.datasets_of(provider) if name in datasets]
    elsewhere = names_in(there)
    for dataset in there:
        try:
            view = view_of(grant, dataset, elsewhere=elsewhere)
        except Refusal:
            continue  # a query over it will be refused and say why
        if key.lower() in view.columns:
            yield view


def _joined(block: Block, draft: Draft) -> Iterator[JoinedLookup]:
    for pair in block.pairs:
        lookup = draft.lookup_of(pair.right.source)
        view = _view_of(pair.left, draft)
        if lookup is None or view is None:
            continue
        column = view.columns[lookup.key.lower()]
        if lookup_type_of(column.type) is None:
            raise _wrong_key(lookup, column, pair, draft=draft)
        select = _keyed_rows(view, column, draft)
        secrets = sorted({item.name for item in select.find_all(exp.Placeholder)})
        parameters = bind_literals(select)
        disclosure = draft.grant.effective_disclosure
        yield JoinedLookup(
            name=lookup.name,
            dataset=view.dataset.id,
            relation=relation_of(lookup),
            columns=(
                (lookup.key, column.type),
                *((name, LOOKUP_TYPES[kind]) for name, kind in sorted(lookup.columns.items())),
            ),
            sql=write_query(select),
            parameters=parameters,
            secrets=tuple(secrets),
            units=len(units_of(view)),
            minimum_units=disclosure.minimum_units if disclosure is not None else 0,
            must_match=lookup.must_match,
        )


def _keyed_rows(view: View, column: ViewColumn, draft: Draft) -> exp.Select:
    """Write the SELECT of a dataset's granted rows by key and unit."""
    question = draft.question
    timezone = question.signed.contract.term.timezone
    value = collated(column_value(column, timezone=timezone), column.type)
    key = exp.Alias(this=value, alias=identifier("k"))
    try:
        rows = write_governed(view, [key], number=0, parser=question.parser, limits=question.limits)
    except Refusal as refusal:
        raise with_clause(refusal, draft, clause=f"{draft.clause}.where") from None
    names = {"k": "k"} | {f"u0_{at}": f"u{at}" for at, _ in enumerate(units_of(view))}
    return exp.Select(
        expressions=[
            exp.Alias(this=exp.Column(this=identifier(name)), alias=identifier(alias))
            for name, alias in names.items()
        ],
        from_=exp.From(
            this=exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier("granted")))
        ),
    )


def collated(value: exp.Expr, type_name: str) -> exp.Expr:
    """Compare a text by its characters alone.

    A dataset may be collated without regard to case, and then two keys that differ would both meet
    one of its rows.
    """
    if lookup_type_of(type_name) is not LookupType.TEXT:
        return value
    return exp.Collate(this=value, expression=identifier(_BINARY))


def _view_of(column: BlockColumn, draft: Draft) -> View | None:
    relation = column.source.relation
    return draft.views.get(DatasetId(relation.key)) if relation is not None else None


def _wrong_key(lookup: Lookup, column: ViewColumn, pair: Pair, *, draft: Draft) -> Refusal:
    line, place = place_of(pair.left.node)
    return Refusal(
        RefusalReason.LOOKUP_NOT_ALLOWED,
        f"the column {shown(column.name)} is {column.type}, and no table has a key of that type",
        clause=f"{draft.clause}.lookups.{lookup.name}.key",
        line=line,
        column=place,
        hint="ask for an amendment with another key",
    )
