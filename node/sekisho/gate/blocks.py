"""Writes a protected block: its governed rows for disclosure control, its cells for the query.

`SELECT origin, avg(delay) FROM flights WHERE … GROUP BY origin` is taken apart into the rows, with
the key as `k0`, the measure as `v0` and hashes of units and rows, and into
`SELECT k0, f0 FROM cells_0`, which is all that the rest of the query ever reads.
"""

from sqlglot import exp

from sekisho.gate.block_rows import BlockRows
from sekisho.gate.draft import Draft
from sekisho.gate.lookups import joined_lookups
from sekisho.model.contract import Disclosure
from sekisho.model.plan import Figure, FigureKind, Key, ProtectedBlock, Terms, Unit
from sekisho.sql.blocks import Block, BlockColumn, Call
from sekisho.sql.cells import cell_place, figure_kind, free_cells_name, read_cells
from sekisho.sql.parameters import PREFIX, parameters_of
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import identifier
from sekisho.sql.types import parse_type
from sekisho.sql.write import bind_literals, write_query

_UNKEYED = frozenset({"other", "unknown", "interval", "null"})


def write_block(block: Block, draft: Draft, *, number: int) -> ProtectedBlock:
    """Write a block's rows, and let the query read its cells in their place.

    Args:
        block: Held to the grant already.
        draft: Its tree is changed in place.
        number: Of the block in the query.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for a key or a join that cannot be; `SCHEMA_CHANGED` for a
            row filter that does not fit any more.

    Source:
        `docs/spec/aggregate.md`, step 3.
    """
    name = free_cells_name(draft.tree, number)
    rows = BlockRows(block, draft)
    units = rows.units()
    keys = [_key(column, rows) for column in block.keys]
    figures = _put_figures(block, rows, units, name=name)
    definition = rows.definition()
    select = rows.select([place for _, place in keys])
    read_cells(block, exp.Table(this=identifier(name)), name=name)
    bound = parameters_of(select)
    named = {item.name for item in select.find_all(exp.Placeholder)}
    secrets = sorted(named - {PREFIX + name for name in bound})
    parameters = bind_literals(select)
    return ProtectedBlock(
        name=name,
        sql=write_query(select),
        parameters=parameters,
        bound=bound,
        secrets=tuple(secrets),
        keys=tuple(key for key, _ in keys),
        units=units,
        measures=tuple(rows.measures),
        figures=figures,
        is_filtered=bool(block.conditions),
        terms=terms_of(draft.grant.effective_disclosure),
        definition=definition,
        lookups=joined_lookups(block, draft),
    )


def terms_of(disclosure: Disclosure | None) -> Terms:
    """Take what a grant's cells must meet out of its contract."""
    terms = disclosure if disclosure is not None else Disclosure()
    return Terms(
        minimum_units=terms.minimum_units,
        largest_percent=terms.dominance.largest_percent,
        two_largest_percent=terms.dominance.two_largest_percent,
        p_percent=terms.dominance.p_percent,
        round_counts_to=terms.round_counts_to,
    )


def _key(column: BlockColumn, rows: BlockRows) -> tuple[Key, exp.Column]:
    place, definition, type_name = rows.column(column)
    if parse_type(type_name).kind in _UNKEYED:
        message = f"{shown(column.name)} is of a type that cannot be grouped by"
        raise syntax_refusal(message, column.node)
    return Key(type=type_name, definition=definition), place


def _put_figures(
    block: Block, rows: BlockRows, units: tuple[Unit, ...], *, name: str
) -> tuple[Figure, ...]:
    """Read a figure of the cells in each aggregate's place."""
    figures: list[Figure] = []
    for call in block.calls:
        figure = _figure(call, rows, units)
        if figure not in figures:
            figures.append(figure)
        call.node.replace(cell_place(f"f{figures.index(figure)}", name))
    return tuple(figures)


def _figure(call: Call, rows: BlockRows, units: tuple[Unit, ...]) -> Figure:
    kind, column = figure_kind(call), call.column
    if kind is None:
        raise RuntimeError("an aggregate was not held to the grant")
    if column is None:
        return Figure(kind=FigureKind.COUNT)
    if kind is not FigureKind.UNITS:
        return Figure(kind=kind, measure=rows.measure(column))
    dataset = column.source.relation.key if column.source.relation is not None else ""
    wanted = (dataset, column.name.lower())
    found = [at for at, unit in enumerate(units) if (unit.dataset, unit.column.lower()) == wanted]
    return Figure(kind=kind, unit=found[0])
