"""The gate's rules for `aggregate`, in the order in which `decide` runs them.

What reads governed rows becomes a protected block; what stands above it works on published cells.
Which figures of which cells are published is decided later, over the data, by `disclosure`.
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.blocks import write_block
from sekisho.gate.candidates import named_dataset
from sekisho.gate.draft import Draft, lookup_key
from sekisho.gate.governed import is_summed, units_of
from sekisho.gate.lookups import LOOKUP_TYPES
from sekisho.gate.names import current_view, granted_names, names_elsewhere, with_clause
from sekisho.gate.views import View, unit_gone
from sekisho.model.contract import Lookup
from sekisho.model.names import DatasetId
from sekisho.sql.block_uses import BlockTerms, Governed, check_block, example_of
from sekisho.sql.blocks import Block, find_blocks
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation, Source
from sekisho.sql.types import UNKNOWN, Type, parse_type
from sekisho.sql.write import bind_literals

Rule = Callable[[Draft], Draft]


def look_up_statistics(draft: Draft) -> Draft:
    """Look up every name among the grant's datasets and the tables that a consumer may bring.

    Raises:
        Refusal: `DATASET_NOT_GRANTED`, `COLUMN_NOT_GRANTED`, `SCHEMA_CHANGED`.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    views: dict[DatasetId, View] = {}
    elsewhere = names_elsewhere(draft)
    brought = {item.name: item for item in draft.grant.lookups}

    def look_up(parts: tuple[str, ...]) -> Relation | None:
        if len(parts) == 1 and parts[0] in brought:
            return _lookup_relation(brought[parts[0]])
        dataset = named_dataset(draft.question, parts)
        if dataset is None or dataset not in draft.grant.datasets:
            return None
        views[dataset] = current_view(draft, dataset, elsewhere=elsewhere)
        return _relation(views[dataset], draft.question.alias)

    try:
        resolved = resolve(draft.tree, look_up, allowed=granted_names(draft))
    except Refusal as refusal:
        raise with_clause(refusal, draft) from None
    return replace(draft, resolved=resolved, views=views)


def find_protected(draft: Draft) -> Draft:
    """Take apart every SELECT over governed rows, and hold it to what the grant lets it do.

    Raises:
        Refusal: `USE_NOT_GRANTED`, `FUNCTION_NOT_ALLOWED`, `SYNTAX_NOT_ALLOWED`.

    Source:
        `docs/spec/aggregate.md`, steps 1 and 2.
    """
    resolved = draft.settled()
    blocks = find_blocks(resolved, {item.number for item in resolved.relations})
    if not blocks:
        raise Refusal(
            RefusalReason.DATASET_NOT_GRANTED,
            "the query names no dataset",
            clause="grants",
            allowed=granted_names(draft),
            hint="name a granted dataset in FROM",
        )
    for block in blocks:
        check_block(block, _terms(block, draft))
    return replace(draft, found=blocks)


def put_cells_in_place(draft: Draft) -> Draft:
    """Write each block's rows for disclosure control, and read its cells in its place.

    Source:
        `docs/spec/aggregate.md`, step 3.
    """
    blocks = tuple(write_block(block, draft, number=at) for at, block in enumerate(draft.found))
    return replace(draft, blocks=blocks, clauses=_clauses(draft))


def bind_texts(draft: Draft) -> Draft:
    """Turn the text literals above the blocks into parameters."""
    return replace(draft, parameters=bind_literals(draft.tree))


STATISTICS_RULES: tuple[Rule, ...] = (
    look_up_statistics,
    find_protected,
    put_cells_in_place,
    bind_texts,
)


def _relation(view: View, alias: str) -> Relation:
    """Give a view as something to look names up in; privacy units can be counted, always."""
    relation = view.relation(alias)
    known = {name.lower() for name in relation.columns}
    units = {name: UNKNOWN for name in units_of(view) if name.lower() not in known}
    return replace(relation, columns=MappingProxyType({**relation.columns, **units}), starred=())


def _lookup_relation(lookup: Lookup) -> Relation:
    columns: dict[str, Type] = {lookup.key: UNKNOWN}
    columns |= {name: parse_type(LOOKUP_TYPES[kind]) for name, kind in lookup.columns.items()}
    return Relation(
        key=lookup_key(lookup),
        names=(lookup.name,),
        columns=MappingProxyType(columns),
        starred=(),
    )


def _terms(block: Block, draft: Draft) -> BlockTerms:
    """Say what the grant lets a block do with the datasets as they are now."""
    relations = {item.number: _governed(item, draft) for item in block.select.sources}
    first = relations[block.select.sources[0].number]
    if isinstance(first, Governed) and not first.units:
        raise unit_gone(draft.grant, draft.grant.privacy_units[0])
    return BlockTerms(
        clause=draft.clause,
        functions=draft.grant.functions,
        relations=relations,
        example=example_of(draft.grant, granted_names(draft)[0]),
    )


def _governed(source: Source, draft: Draft) -> Governed | Lookup:
    lookup = draft.lookup_of(source)
    if lookup is not None:
        return lookup
    view = draft.view_of(source)
    return Governed(
        name=view.dataset.id,
        uses={name: item.uses for name, item in view.columns.items()},
        units=units_of(view),
        without_numbers=frozenset(
            name for name, item in view.columns.items() if not is_summed(item)
        ),
    )


def _clauses(draft: Draft) -> tuple[str, ...]:
    """List the clauses that the plan rests on."""
    found = [f"purposes.{draft.question.query.purpose}"]
    found += [f"{draft.clause}.{part}" for part in ("datasets", "access", "privacy_units")]
    if draft.grant.where is not None:
        found.append(f"{draft.clause}.where")
    for block in draft.found:
        used = [*block.keys, *(item.column for item in block.conditions)]
        used += [column for pair in block.pairs for column in (pair.left, pair.right)]
        used += [call.column for call in block.calls if call.column is not None]
        for column in used:
            lookup = draft.lookup_of(column.source)
            part = f"lookups.{lookup.name}" if lookup else f"columns.{column.name}"
            found.append(f"{draft.clause}.{part}")
    return tuple(dict.fromkeys((*found, f"{draft.clause}.functions", f"{draft.clause}.disclosure")))
