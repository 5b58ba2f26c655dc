"""Protected blocks: the SELECTs of a query that read governed rows, taken apart into plain parts.

A block counts and measures rows in groups and nothing else: bare keys, bare measures, a chain of
AND over comparisons of one column with literals, joins of one column with one column. That is what
disclosure control can reason about. Everything above a block (expressions over its keys and
figures, HAVING, ORDER BY, LIMIT, the SELECTs around it) works on what the block publishes, and is
free. Which columns may be used for what is not decided here.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.sql.functions import function_of
from sekisho.sql.places import place_of, shown, syntax_refusal
from sekisho.sql.scopes import Place, Resolved, SelectFacts, Source, source_number

_COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_OVER_CELLS = frozenset(
    "with_ expressions distinct from_ joins where group having order limit offset qualify windows"
    " hint".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockColumn:
    """One column of one of a block's relations, where it stands in the query."""

    source: Source
    name: str
    node: exp.Expr

    @property
    def key(self) -> tuple[int, str]:
        """Tell it from the block's other columns."""
        return self.source.number, self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison of a column with literals, as a whole conjunct of WHERE."""

    column: BlockColumn
    node: exp.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two columns of two relations that are joined on."""

    left: BlockColumn
    right: BlockColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One aggregate over a block's rows."""

    function: str
    """DuckDB's name in lower case."""
    column: BlockColumn | None
    """None for `count(*)`."""
    is_distinct: bool
    node: exp.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One SELECT over governed rows."""

    select: SelectFacts
    keys: tuple[BlockColumn, ...]
    """Each once, in the order of GROUP BY."""
    conditions: tuple[Condition, ...]
    pairs: tuple[Pair, ...]
    calls: tuple[Call, ...] = ()
    uses: tuple[BlockColumn, ...] = ()
    """Columns that stand outside aggregates, WHERE and ON and are not keys: rows would leave."""

    @property
    def is_grouped(self) -> bool:
        """Whether it gives a row for each group, and not one row for all."""
        return bool(self.keys)

    def roots(self) -> Iterator[exp.Expr]:
        """Give what is computed over keys and figures: outputs, HAVING, QUALIFY, ORDER BY."""
        node = self.select.node
        yield from node.expressions
        for clause in ("distinct", "having", "qualify", "order"):
            if node.args.get(clause) is not None:
                yield node.args[clause]
        yield from node.args.get("windows") or ()


def find_blocks(resolved: Resolved, governed: Container[int]) -> tuple[Block, ...]:
    """Take apart every SELECT that reads governed rows.

    Args:
        resolved: A SELECT over governed rows reads nothing else, but for tables that are brought.
        governed: Numbers of the sources that give governed rows.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`, `FUNCTION_NOT_ALLOWED` for what a block may not hold.

    Source:
        `docs/spec/aggregate.md`, step 1.
    """
    return tuple(
        _Reader(resolved, facts).block()
        for facts in resolved.selects
        if any(item.number in governed for item in facts.sources)
    )


class _Reader:
    """Reads one SELECT's clauses, looking into no SELECT below it."""

    def __init__(self, resolved: Resolved, facts: SelectFacts) -> None:
        self._resolved = resolved
        self._facts = facts
        self._node = facts.node
        self._own = {item.number for item in facts.sources}

    def block(self) -> Block:
        self._check_shape()
        self._check_correlation()
        keys = tuple(self._keys())
        block = Block(
            select=self._facts,
            keys=keys,
            conditions=tuple(self._conditions()),
            pairs=tuple(self._pairs()),
        )
        calls, uses = self._outputs(block)
        if not keys and not calls and not uses:
            message = "a query of statistics aggregates or groups"
            raise syntax_refusal(message, self._node, hint="such as SELECT count(*) FROM …")
        return replace(block, calls=calls, uses=uses)

    def _check_shape(self) -> None:
        for item in self._facts.sources:
            if item.relation is None:
                message = "governed rows are not joined with figures or subqueries"
                hint = "aggregate each dataset in a WITH of its own, and join those"
                raise syntax_refusal(message, item.node, hint=hint)
        for part, value in self._node.args.items():
            if value and part not in _OVER_CELLS:
                message = f"{shown(part.strip('_'))} cannot stand beside governed rows"
                raise syntax_refusal(message, self._node)

    def _check_correlation(self) -> None:
        for item in self._resolved.references:
            if item.place is Place.INNER and item.source.number in self._own:
                message = "a subquery may not look at governed rows of the SELECT around it"
                hint = "aggregate in WITH first, and compare the figures"
                raise syntax_refusal(message, item.node, hint=hint)

    def _keys(self) -> Iterator[BlockColumn]:
        clause = self._node.args.get("group")
        seen = set()
        for item in clause.expressions if clause is not None else ():
            value = item
            if isinstance(item, exp.Literal):
                value = self._node.expressions[int(item.name) - 1].this
            value = _bare(value)
            if not isinstance(value, exp.Column):
                message = "statistics are grouped by columns alone"
                hint = "group by the column, and compute over the figures in a SELECT around"
                raise syntax_refusal(message, item, hint=hint)
            column = self._column(value)
            if column.key not in seen:
                seen.add(column.key)
                yield column

    def _conditions(self) -> Iterator[Condition]:
        clause = self._node.args.get("where")
        for node in _conjuncts(clause.this if clause is not None else None):
            column = _compared(node)
            if column is None:
                message = "statistics are filtered by comparisons of a column with values"
                hint = "join =, <, <=, >, >=, BETWEEN and IN by AND; no OR, NOT, functions"
                raise syntax_refusal(message, node, hint=hint)
            yield Condition(column=self._column(column), node=node)

    def _pairs(self) -> Iterator[Pair]:
        joins = self._node.args.get("joins") or ()
        for at, join in enumerate(joins, 1):
            conjuncts = list(_conjuncts(join.args.get("on")))
            if (join.args.get("side") or "") or not conjuncts:
                message = "governed rows are joined by an inner join on equal keys"
                raise syntax_refusal(message, join, hint="write JOIN … ON a.key = b.key")
            joined = self._facts.sources[at]
            for node in conjuncts:
                yield self._pair(node, joined)

    def _pair(self, node: exp.Expr, joined: Source) -> Pair:
        sides = [_bare(node.args.get(part)) for part in ("this", "expression")]
        columns = [self._column(item) for item in sides if isinstance(item, exp.Column)]
        of_joined = [item for item in columns if item.source is joined]
        if not isinstance(node, exp.EQ) or len(columns) != 2 or len(of_joined) != 1:  # noqa: PLR2004
            message = "governed rows are joined on one column of each side"
            raise syntax_refusal(message, node, hint="write ON a.key = b.key")
        left = columns[1] if columns[0] is of_joined[0] else columns[0]
        return Pair(left=left, right=of_joined[0])

    def _outputs(self, block: Block) -> tuple[tuple[Call, ...], tuple[BlockColumn, ...]]:
        keys = {item.key for item in block.keys}
        calls: list[Call] = []
        uses: list[BlockColumn] = []
        for root in block.roots():
            for node in over_cells(root):
                if isinstance(node, exp.Column):
                    column = self._column(node)
                    if column.key not in keys:
                        uses.append(column)
                else:
                    calls.append(self._call(node))
        return tuple(calls), tuple(uses)

    def _call(self, node: exp.Expr) -> Call:
        """Read an aggregate: of all rows, or of one bare column."""
        call = node.this if isinstance(node, exp.Filter) else node
        name = str(call.this).lower()
        if isinstance(node, exp.Filter):
            message = "an aggregate over governed rows takes no FILTER"
            raise syntax_refusal(message, node, hint="filter in WHERE, one query a filter")
        if len(call.expressions) > 1:
            raise _not_offered(name, call)
        argument = call.expressions[0] if call.expressions else None
        is_distinct = isinstance(argument, exp.Distinct)
        value = _bare(argument.expressions[0] if argument and is_distinct else argument)
        if value is None or isinstance(value, exp.Star):
            return Call(function=name, column=None, is_distinct=False, node=node)
        if not isinstance(value, exp.Column):
            message = "an aggregate over governed rows takes one column as it is"
            hint = "measure the column alone, and compute over the figures"
            raise syntax_refusal(message, value, hint=hint)
        column = self._column(value)
        return Call(function=name, column=column, is_distinct=is_distinct, node=node)

    def _column(self, node: exp.Expr) -> BlockColumn:
        source = self._resolved.sources[source_number(node)]
        if source.number not in self._own:
            message = "a SELECT over governed rows names no column of a SELECT around it"
            raise syntax_refusal(message, node)
        return BlockColumn(source=source, name=node.name, node=node)


def over_cells(root: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the columns and aggregates of an expression, outside aggregates and subqueries.

    A window function works on cells: what it calls is no aggregate over rows, what stands in it is.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Column) or _is_call(node):
            yield node
            continue
        if isinstance(node, exp.Window):
            windowed = node.this.this if isinstance(node.this, exp.Filter) else node.this
            rest = [child for child in node.iter_expressions() if child is not node.this]
            stack += [*reversed(rest), *reversed(list(windowed.iter_expressions()))]
            continue
        stack += reversed(list(node.iter_expressions()))


def _is_call(node: exp.Expr) -> bool:
    call = node.this if isinstance(node, exp.Filter) else node
    function = function_of(call)
    return function is not None and function.is_aggregate


def _bare(node: exp.Expr | None) -> exp.Expr | None:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    node = _bare(node)
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    elif node is not None:
        yield node


def _compared(node: exp.Expr) -> exp.Expr | None:
    """Give the one column of a comparison with literals; None where it is anything else."""
    if isinstance(node, _COMPARISONS):
        sides = [node.this, node.expression]
        if isinstance(_bare(node.expression), exp.Column):
            sides.reverse()
    elif isinstance(node, exp.Between):
        sides = [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, exp.In) and node.args.get("query") is None:
        sides = [node.this, *node.expressions]
    else:
        return None
    column, *others = sides
    is_plain = bool(others) and all(map(_is_value, others))
    bare = _bare(column)
    return bare if is_plain and isinstance(bare, exp.Column) else None


def _is_value(node: exp.Expr | None) -> bool:
    """Whether something is a literal, with a sign or a cast around it at the most."""
    node = _bare(node)
    if isinstance(node, exp.Neg):
        return isinstance(_bare(node.this), exp.Literal)
    if isinstance(node, exp.Cast):
        return _is_value(node.this)
    if isinstance(node, exp.Placeholder):
        return True
    return isinstance(node, exp.Literal | exp.Boolean)


def _not_offered(name: str, node: exp.Expr) -> Refusal:
    line, column = place_of(node)
    return Refusal(
        RefusalReason.FUNCTION_NOT_ALLOWED,
        f"the aggregate {shown(name)} is not computed over governed rows",
        line=line,
        column=column,
        allowed=("count", "sum", "avg", "stddev"),
    )
