"""Rules that look names up: which relation and column each name of a query means."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation import catalog as rooms
from sekisho.federation.catalog import Catalog, Part, Relation
from sekisho.federation.draft import Draft, Reading, columns_of
from sekisho.sql import scopes
from sekisho.sql.places import nearest, place_of, shown
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Reference, Resolved, Source
from sekisho.sql.types import TEXT, UNKNOWN, Type, parse_type


def look_up_names(draft: Draft) -> Draft:
    """Look up every name among the relations in scope.

    Raises:
        Refusal: `DATASET_NOT_GRANTED`, `COLUMN_NOT_GRANTED`, or `SYNTAX_NOT_ALLOWED` for a name
            that could mean two things.
    """
    resolved = resolve_in(draft.tree, draft.catalog)
    readings = tuple(
        Reading(source=source, relation=relation, parts=relation.parts)
        for source in resolved.relations
        if (relation := _meant(source.relation, draft.catalog)) is not None
    )
    return replace(draft, resolved=resolved, readings=readings)


def check_granted_by_all(draft: Draft) -> Draft:
    """Refuse a column of a union that one of its providers does not show.

    Raises:
        Refusal: `COLUMN_NOT_GRANTED`, naming the provider.
    """
    relations = {item.source.number: item.relation for item in draft.readings}
    for reference in draft.settled().references:
        relation = relations.get(reference.source.number)
        lacking = relation.lacking(reference.column) if relation is not None else ()
        if relation is not None and not relation.is_local and lacking:
            raise _lacking(reference, relation, lacking)
    for facts in draft.settled().selects:
        is_protected = any(_is_protected(item, relations) for item in facts.sources)
        if not facts.names and not is_protected:
            raise _nothing_in_common(facts.node)
    return draft


def resolve_in(tree: exp.Query, catalog: Catalog) -> Resolved:
    """Look up the names of a tree, in place, among a catalog's relations.

    Raises:
        Refusal: A name is not in scope; a hint tells in which schema there is one like it.
    """
    unfound: list[tuple[str, ...]] = []

    def look_up(parts: tuple[str, ...]) -> scopes.Relation | None:
        relation = catalog.find(parts)
        if relation is None:
            unfound.append(parts)
            return None
        return _as_source(relation)

    try:
        return resolve(tree, look_up, allowed=catalog.names)
    except Refusal as refusal:
        if refusal.reason is RefusalReason.DATASET_NOT_GRANTED and unfound:
            raise _not_in_scope(refusal, unfound[-1], catalog) from None
        raise


def _is_protected(source: Source, relations: Mapping[int, Relation]) -> bool:
    relation = relations.get(source.number)
    return relation is not None and relation.is_protected


def _as_source(relation: Relation) -> scopes.Relation:
    schema, name = relation.schema.lower(), relation.name.lower()
    return scopes.Relation(
        key=f"{relation.schema}.{relation.name}",
        names=(name, f"{schema}.{name}", f"{rooms.ROOT}.{schema}.{name}"),
        columns=_column_types(relation),
        starred=relation.starred,
    )


def _column_types(relation: Relation) -> Mapping[str, Type]:
    types = {name: _column_type(relation.parts, name) for name in relation.columns}
    if relation.has_provider:
        types[rooms.PROVIDER] = TEXT
    return MappingProxyType(types)


def _column_type(parts: tuple[Part, ...], name: str) -> Type:
    shown_types = {column.type for part in parts if (column := part.column(name)) is not None}
    found = {parse_type(item) if item else UNKNOWN for item in shown_types}
    return found.pop() if len(found) == 1 else UNKNOWN


def _meant(source: scopes.Relation | None, catalog: Catalog) -> Relation | None:
    """Find the catalog's relation behind a resolved one."""
    return None if source is None else catalog.find(tuple(source.key.lower().split(".")))


def _not_in_scope(refusal: Refusal, parts: tuple[str, ...], catalog: Catalog) -> Refusal:
    others = catalog.elsewhere(parts[-1])
    close = nearest(".".join(parts), catalog.names)
    hint = refusal.hint
    if others:
        hint = f"write the schema: `{others[0]}`"
    elif close:
        hint = f"did you mean `{close[0]}`?"
    return Refusal(
        refusal.reason,
        refusal.message,
        line=refusal.line,
        column=refusal.column,
        allowed=tuple(dict.fromkeys((*others, *close, *refusal.allowed))),
        hint=hint,
    )


def _lacking(reference: Reference, relation: Relation, lacking: tuple[Part, ...]) -> Refusal:
    line, column = place_of(reference.node)
    others = [part for part in relation.parts if part not in lacking]
    aliases = " and ".join(shown(part.alias) for part in lacking)
    return Refusal(
        RefusalReason.COLUMN_NOT_GRANTED,
        f"the column {shown(reference.column)} is not granted by {aliases}",
        line=line,
        column=column,
        allowed=tuple(name for name in relation.columns if not relation.lacking(name)),
        hint="ask the others one by one: "
        + ", ".join(f"`{part.alias}.{part.dataset}`" for part in others),
    )


def _nothing_in_common(node: exp.Expr) -> Refusal:
    line, column = place_of(next(columns_of(node), node))
    return Refusal(
        RefusalReason.COLUMN_NOT_GRANTED,
        "no column is granted for `*` to mean",
        line=line,
        column=column,
        hint="name the columns, or ask each provider by its own schema",
    )
