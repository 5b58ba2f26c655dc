"""Writes a protected block: its governed rows for disclosure control, its cells for the query.

`SELECT origin, avg(delay) FROM flights WHERE … GROUP BY origin` is taken apart into the rows, with
the key as `k0`, the measure as `v0` and hashes of units and rows, and into
`SELECT k0, f0 FROM cells_0`, which is all that the rest of the query ever reads.
"""

from collections.abc import Mapping
from itertools import count
from types import MappingProxyType

from sqlglot import exp

from sekisho.gate.block_rows import BlockRows
from sekisho.gate.draft import Draft
from sekisho.gate.lookups import joined_lookups
from sekisho.model.contract import Disclosure
from sekisho.model.plan import Figure, FigureKind, Key, ProtectedBlock, Terms, Unit
from sekisho.sql.blocks import Block, BlockColumn, Call, over_cells
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import identifier, source_number
from sekisho.sql.types import parse_type
from sekisho.sql.write import bind_literals, write_query

_KINDS: Mapping[str, FigureKind] = MappingProxyType(
    {
        "count": FigureKind.COUNT,
        "sum": FigureKind.SUM,
        "avg": FigureKind.MEAN,
        "mean": FigureKind.MEAN,
        "stddev": FigureKind.DEVIATION,
        "stddev_samp": FigureKind.DEVIATION,
    }
)
_UNKEYED = frozenset({"other", "unknown", "interval", "null"})


def figure_kind(call: Call) -> FigureKind | None:
    """Say what an aggregate publishes; None for one that is not computed over governed rows."""
    return FigureKind.UNITS if call.is_distinct else _KINDS.get(call.function)


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
    name = _free_name(draft.tree, number)
    rows = BlockRows(block, draft)
    units = rows.units()
    keys = [_key(column, rows) for column in block.keys]
    figures = _put_figures(block, rows, units, name=name)
    definition = rows.definition()
    select = rows.select([place for _, place in keys])
    _read_cells(block, name)
    secrets = sorted({item.name for item in select.find_all(exp.Placeholder)})
    parameters = bind_literals(select)
    return ProtectedBlock(
        name=name,
        sql=write_query(select),
        parameters=parameters,
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


def _free_name(tree: exp.Expr, number: int) -> str:
    """Find a name for a block's cells that no WITH of the query bears."""
    taken = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    names = (f"cells_{number}{'_' * more}" for more in count())
    return next(name for name in names if name not in taken)


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
        call.node.replace(_place(f"f{figures.index(figure)}", name))
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


def _read_cells(block: Block, name: str) -> None:
    """Let a SELECT read the cells, where it read governed rows; HAVING then filters cells."""
    select = block.select.node
    numbers = {column.key: at for at, column in enumerate(block.keys)}
    for root in block.roots():
        for node in list(over_cells(root)):
            if isinstance(node, exp.Column) and "source" in node.meta:
                at = numbers[source_number(node), node.name.lower()]
                node.replace(_place(f"k{at}", name))
    having = select.args.get("having")
    select.set("from_", exp.From(this=exp.Table(this=identifier(name))))
    select.set("where", exp.Where(this=having.this) if having is not None else None)
    for part in ("joins", "group", "having"):
        select.set(part, None)


def _place(name: str, table: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(table))
