"""The gate's rules for `aggregate`, in the order in which `decide` runs them.

What reads governed rows becomes a protected block; what stands above it works on published cells.
Which figures of which cells are published is decided later, over the data, by `disclosure`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.blocks import figure_kind, write_block
from sekisho.gate.candidates import named_dataset
from sekisho.gate.draft import Draft, lookup_key
from sekisho.gate.governed import is_summed, units_of, unprotected
from sekisho.gate.lookups import LOOKUP_TYPES, check_joined
from sekisho.gate.names import current_view, granted_names, with_clause
from sekisho.gate.uses import DOING, check_wanted
from sekisho.gate.views import View
from sekisho.model.contract import Function, Lookup, Use
from sekisho.model.names import DatasetId
from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import Block, BlockColumn, Call, find_blocks
from sekisho.sql.places import place_of, shown, syntax_refusal
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation, Source
from sekisho.sql.types import UNKNOWN, Type, parse_type
from sekisho.sql.write import bind_literals

Rule = Callable[[Draft], Draft]

_FUNCTIONS: Mapping[FigureKind, Function] = MappingProxyType(
    {
        FigureKind.COUNT: Function.COUNT,
        FigureKind.UNITS: Function.COUNT,
        FigureKind.SUM: Function.SUM,
        FigureKind.MEAN: Function.AVG,
        FigureKind.DEVIATION: Function.STDDEV,
    }
)


def look_up_statistics(draft: Draft) -> Draft:
    """Look up every name among the grant's datasets and the tables that a consumer may bring.

    Raises:
        Refusal: `DATASET_NOT_GRANTED`, `COLUMN_NOT_GRANTED`, `SCHEMA_CHANGED`.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    views: dict[DatasetId, View] = {}
    brought = {item.name: item for item in draft.grant.lookups}

    def look_up(parts: tuple[str, ...]) -> Relation | None:
        if len(parts) == 1 and parts[0] in brought:
            return _lookup_relation(brought[parts[0]])
        dataset = named_dataset(draft.question, parts)
        if dataset is None or dataset not in draft.grant.datasets:
            return None
        if dataset not in views:
            views[dataset] = current_view(draft, dataset)
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
    blocks = find_blocks(draft.settled())
    if not blocks:
        raise Refusal(
            RefusalReason.DATASET_NOT_GRANTED,
            "the query names no dataset",
            clause="grants",
            allowed=granted_names(draft),
            hint="name a granted dataset in FROM",
        )
    for block in blocks:
        _check_relations(block, draft)
        _check_columns(block, draft)
        for call in block.calls:
            _check_call(call, draft)
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


def _check_relations(block: Block, draft: Draft) -> None:
    """One dataset is counted; what is joined to it is another one, or a table that was brought."""
    first, *others = block.select.sources
    if draft.lookup_of(first) is not None:
        message = "a table that is brought stands joined to a dataset"
        raise syntax_refusal(message, first.node, hint="name the dataset first in FROM")
    view = draft.view_of(first)
    if not units_of(view):
        raise unprotected(view, draft.grant.privacy_units[0])
    seen = {_key(first)}
    for source in others:
        if _key(source) in seen:
            message = f"{shown(source.alias)} is joined to itself, which would multiply its rows"
            raise syntax_refusal(message, source.node)
        seen.add(_key(source))
        lookup = draft.lookup_of(source)
        pairs = [item for item in block.pairs if item.right.source is source]
        if lookup is None:
            continue
        if len(pairs) != 1:
            message = f"the table {shown(lookup.name)} is joined on its key"
            raise syntax_refusal(message, source.node, hint=f"write ON … = {lookup.key}")
        check_joined(lookup, pairs[0], draft)


def _check_columns(block: Block, draft: Draft) -> None:
    """Hold each column's place in a block to its `use`."""
    for column in block.uses:
        raise _returned(column, draft)
    for column in block.keys:
        _check_use(column, Use.GROUP, draft)
    for condition in block.conditions:
        _check_use(condition.column, Use.FILTER, draft)
    for pair in block.pairs:
        lookup = draft.lookup_of(pair.right.source)
        if lookup is None:
            for column in (pair.left, pair.right):
                _check_use(column, Use.JOIN, draft)
            continue
        _check_use(pair.left, Use.JOIN, draft)


def _check_use(column: BlockColumn, wanted: Use, draft: Draft) -> None:
    lookup = draft.lookup_of(column.source)
    if lookup is not None:
        if wanted is Use.JOIN:
            message = f"nothing else is joined to the table {shown(lookup.name)}"
            raise syntax_refusal(message, column.node, hint="join it to a dataset's own column")
        if column.name.lower() == lookup.key.lower():
            message = f"the key of {shown(lookup.name)} is joined on, and used for nothing else"
            raise syntax_refusal(message, column.node)
        return
    view = draft.view_of(column.source)
    is_unit = column.name.lower() in {unit.lower() for unit in units_of(view)}
    if is_unit and wanted is not Use.JOIN:
        raise _singled_out(column, wanted, draft)
    check_wanted(column, wanted, view)


def _check_call(call: Call, draft: Draft) -> None:
    """Hold an aggregate to the grant's functions, and its column to `measure`."""
    kind = figure_kind(call)
    if kind is None or _FUNCTIONS[kind] not in draft.grant.functions:
        raise _function_refusal(call, draft)
    column = call.column
    if column is None:
        return
    if draft.lookup_of(column.source) is not None:
        message = "a column that is brought is grouped by or filtered on, never measured"
        raise syntax_refusal(message, call.node)
    view = draft.view_of(column.source)
    if call.is_distinct:
        units = {unit.lower() for unit in units_of(view)}
        if call.function != "count" or column.name.lower() not in units:
            message = "DISTINCT counts privacy units, and nothing else"
            raise syntax_refusal(message, call.node, hint=f"such as {', '.join(units_of(view))}")
        return
    _check_use(column, Use.MEASURE, draft)
    if call.function != "count" and not is_summed(view.columns[column.name.lower()]):
        message = f"{shown(column.name)} holds no numbers"
        raise syntax_refusal(message, call.node, hint="count it")


def _singled_out(column: BlockColumn, wanted: Use, draft: Draft) -> Refusal:
    """Refuse to group by, filter on or measure who is protected, whatever the contract lists."""
    line, place = place_of(column.node)
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the privacy unit {shown(column.name)} may not be {DOING[wanted]}",
        clause=f"{draft.clause}.privacy_units",
        line=line,
        column=place,
        hint=f"count how many there are: count(DISTINCT {column.name})",
    )


def _returned(column: BlockColumn, draft: Draft) -> Refusal:
    """Refuse what would hand out a value of single rows, or the privacy unit itself."""
    view = draft.views.get(DatasetId(_key(column.source)))
    if view is None:
        message = f"{shown(column.name)} is brought: group by it to see it"
        return syntax_refusal(message, column.node)
    line, place = place_of(column.node)
    granted = view.columns.get(column.name.lower())
    uses = granted.uses if granted is not None else frozenset()
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the column {shown(column.name)} may not be returned: this grant gives statistics",
        clause=f"{draft.clause}.columns.{column.name}.use",
        line=line,
        column=place,
        allowed=tuple(use.value for use in Use if use in uses),
        hint=f"aggregate, such as SELECT {_example(draft)}",
    )


def _example(draft: Draft) -> str:
    """Show a query that the grant allows."""
    groups = [name for name, item in draft.grant.columns.items() if Use.GROUP in item.use]
    dataset = granted_names(draft)[0]
    if not groups:
        return f"count(*) FROM {dataset}"
    return f"{groups[0]}, count(*) FROM {dataset} GROUP BY {groups[0]}"


def _function_refusal(call: Call, draft: Draft) -> Refusal:
    line, column = place_of(call.node)
    return Refusal(
        RefusalReason.FUNCTION_NOT_ALLOWED,
        f"the aggregate {shown(call.function)} is not granted over these rows",
        clause=f"{draft.clause}.functions",
        line=line,
        column=column,
        allowed=tuple(item.value for item in draft.grant.functions),
        hint="compute other statistics from these figures, or ask for an amendment",
    )


def _key(source: Source) -> str:
    if source.relation is None:
        raise RuntimeError("a block reads something that is no relation")
    return source.relation.key


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
