"""A query over what its blocks publish: keys `k0`, … and figures `f0`, … of a relation of cells."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import Block, Call, over_cells
from sekisho.sql.scopes import identifier, source_number

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


def figure_kind(call: Call) -> FigureKind | None:
    """Say what an aggregate publishes; None for one that is not computed over governed rows."""
    return FigureKind.UNITS if call.is_distinct else _KINDS.get(call.function)


def free_cells_name(tree: exp.Expr, number: int) -> str:
    """Find a name for a block's cells that no WITH of the query bears."""
    taken = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    name = f"cells_{number}"
    while name in taken:
        name += "_"
    return name


def cell_place(column: str, cells: str) -> exp.Column:
    """Write a key or figure of some cells."""
    return exp.Column(this=identifier(column), table=identifier(cells))


def read_cells(block: Block, cells: exp.Expr, *, name: str) -> None:
    """Let a SELECT read cells, in place, where it read governed rows; HAVING then filters cells.

    Args:
        block: Figures stand in the places of its aggregates already.
        cells: What stands in FROM.
        name: What it is called there.
    """
    select = block.select.node
    numbers = {column.key: at for at, column in enumerate(block.keys)}
    for root in block.roots():
        for node in list(over_cells(root)):
            if isinstance(node, exp.Column) and "source" in node.meta:
                at = numbers[source_number(node), node.name.lower()]
                node.replace(cell_place(f"k{at}", name))
    having = select.args.get("having")
    select.set("from_", exp.From(this=cells))
    select.set("where", exp.Where(this=having.this) if having is not None else None)
    for part in ("joins", "group", "having"):
        select.set(part, None)
