"""What a grant lets a block do: uses of columns, aggregates, and how relations are joined.

The gate holds a block to this with what the provider has; the federation does with what the
contract says, before any provider is asked. Both refuse in the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.contract import Function, Grant, Lookup, Use
from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import Block, BlockColumn, Call, Pair
from sekisho.sql.cells import figure_kind
from sekisho.sql.places import place_of, shown, syntax_refusal
from sekisho.sql.scopes import Source

_FUNCTIONS: Mapping[FigureKind, Function] = MappingProxyType(
    {
        FigureKind.COUNT: Function.COUNT,
        FigureKind.UNITS: Function.COUNT,
        FigureKind.SUM: Function.SUM,
        FigureKind.MEAN: Function.AVG,
        FigureKind.DEVIATION: Function.STDDEV,
    }
)
_DOING: Mapping[Use, str] = MappingProxyType(
    {
        Use.RETURN: "returned",
        Use.FILTER: "filtered on",
        Use.JOIN: "joined on",
        Use.GROUP: "grouped by",
        Use.MEASURE: "measured",
    }
)
_NONE: frozenset[Use] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """One dataset of a block, as a grant shows it."""

    name: str
    """Tells it from the block's other datasets, of which none stands twice."""
    uses: Mapping[str, frozenset[Use]]
    """By column in lower case."""
    units: tuple[str, ...]
    """Columns that say who is protected."""
    without_numbers: frozenset[str] = frozenset()
    """Columns in lower case that are counted, and have no sum."""

    def uses_of(self, column: BlockColumn) -> frozenset[Use]:
        """List what may be done with a column; nothing with a unit that is not granted."""
        return self.uses.get(column.name.lower(), _NONE)

    def is_unit(self, column: BlockColumn) -> bool:
        """Whether a column says who is protected."""
        return column.name.lower() in {unit.lower() for unit in self.units}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTerms:
    """What one grant says about one block."""

    clause: str
    """Names the grant, such as `grants.tests`."""
    functions: tuple[Function, ...]
    relations: Mapping[int, Governed | Lookup]
    """What each of the block's sources is, by its number."""
    example: str
    """A query that the grant allows."""

    def of(self, column: BlockColumn) -> Governed | Lookup:
        """Give the relation of a column."""
        return self.relations[column.source.number]


def example_of(grant: Grant, dataset: str) -> str:
    """Show a query of statistics that a grant allows."""
    groups = [name for name, item in grant.columns.items() if Use.GROUP in item.use]
    if not groups:
        return f"count(*) FROM {dataset}"
    return f"{groups[0]}, count(*) FROM {dataset} GROUP BY {groups[0]}"


def check_block(block: Block, terms: BlockTerms) -> None:
    """Refuse a block that does more than a grant lets it.

    Raises:
        Refusal: `USE_NOT_GRANTED`, `FUNCTION_NOT_ALLOWED`, `SYNTAX_NOT_ALLOWED`.

    Source:
        `docs/spec/aggregate.md`, steps 1 and 2.
    """
    _check_relations(block, terms)
    for column in block.uses:
        raise _returned(column, terms)
    for column in block.keys:
        _check_use(column, Use.GROUP, terms)
    for condition in block.conditions:
        _check_use(condition.column, Use.FILTER, terms)
    _check_pairs(block, terms)
    for call in block.calls:
        _check_call(call, terms)


def use_refusal(
    column: str, doing: str, *, uses: frozenset[Use], clause: str, node: exp.Expr
) -> Refusal:
    """Refuse a use that a column's grant does not list.

    Args:
        column: Its name.
        doing: What a query does with it, such as `filtered on`.
        uses: What it may do.
        clause: The grant's.
        node: Where it does so.
    """
    line, place = place_of(node)
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the column `{column}` may not be {doing}",
        clause=f"{clause}.columns.{column}.use",
        line=line,
        column=place,
        allowed=_listed(uses),
        hint=_hint(uses),
    )


def _check_relations(block: Block, terms: BlockTerms) -> None:
    """One dataset is counted; what is joined to it is another one, or a table that was brought."""
    first = block.select.sources[0]
    if isinstance(terms.relations[first.number], Lookup):
        message = "a table that is brought stands joined to a dataset"
        raise syntax_refusal(message, first.node, hint="name the dataset first in FROM")
    seen: set[str] = set()
    for source in block.select.sources:
        relation = terms.relations[source.number]
        if relation.name in seen:
            message = f"{shown(source.alias)} is joined to itself, which would multiply its rows"
            raise syntax_refusal(message, source.node)
        seen.add(relation.name)
        if isinstance(relation, Lookup):
            _check_brought(source, relation, block)


def _check_brought(source: Source, lookup: Lookup, block: Block) -> None:
    pairs = [item for item in block.pairs if item.right.source is source]
    if len(pairs) != 1:
        message = f"the table {shown(lookup.name)} is joined on its key"
        raise syntax_refusal(message, source.node, hint=f"write ON … = {lookup.key}")


def _check_pairs(block: Block, terms: BlockTerms) -> None:
    for pair in block.pairs:
        _check_use(pair.left, Use.JOIN, terms)
        lookup = terms.of(pair.right)
        if isinstance(lookup, Lookup):
            _check_joined(pair, lookup, terms)
        else:
            _check_use(pair.right, Use.JOIN, terms)


def _check_joined(pair: Pair, lookup: Lookup, terms: BlockTerms) -> None:
    """Hold the join of a lookup to its key, and to a dataset whose rows are counted by units."""
    names = (pair.left.name.lower(), pair.right.name.lower())
    if names != (lookup.key.lower(), lookup.key.lower()):
        message = f"the table {shown(lookup.name)} is joined on its key and nothing else"
        brought = pair.right.source.alias
        hint = f"write ON {pair.left.source.alias}.{lookup.key} = {brought}.{lookup.key}"
        raise syntax_refusal(message, pair.right.node, hint=hint)
    relation = terms.of(pair.left)
    if isinstance(relation, Lookup) or not relation.units:
        message = f"the table {shown(lookup.name)} is joined to a dataset with privacy units"
        hint = "join it to the dataset that is counted"
        raise syntax_refusal(message, pair.right.node, hint=hint)


def _check_use(column: BlockColumn, wanted: Use, terms: BlockTerms) -> None:
    relation = terms.of(column)
    if isinstance(relation, Lookup):
        _check_brought_use(column, wanted, relation)
        return
    if relation.is_unit(column) and wanted is not Use.JOIN:
        raise _singled_out(column, wanted, terms)
    uses = relation.uses_of(column)
    if wanted not in uses:
        doing, node = _DOING[wanted], column.node
        raise use_refusal(column.name, doing, uses=uses, clause=terms.clause, node=node)


def _check_brought_use(column: BlockColumn, wanted: Use, lookup: Lookup) -> None:
    if wanted is Use.JOIN:
        message = f"nothing else is joined to the table {shown(lookup.name)}"
        raise syntax_refusal(message, column.node, hint="join it to a dataset's own column")
    if column.name.lower() == lookup.key.lower():
        message = f"the key of {shown(lookup.name)} is joined on, and used for nothing else"
        raise syntax_refusal(message, column.node)


def _check_call(call: Call, terms: BlockTerms) -> None:
    """Hold an aggregate to the grant's functions, and its column to `measure`."""
    kind = figure_kind(call)
    if kind is None or _FUNCTIONS[kind] not in terms.functions:
        raise _function_refusal(call, terms)
    column = call.column
    if column is None:
        return
    relation = terms.of(column)
    if isinstance(relation, Lookup):
        message = "a column that is brought is grouped by or filtered on, never measured"
        raise syntax_refusal(message, call.node)
    if call.is_distinct:
        if call.function != "count" or not relation.is_unit(column):
            message = "DISTINCT counts privacy units, and nothing else"
            raise syntax_refusal(message, call.node, hint=f"such as {', '.join(relation.units)}")
        return
    _check_use(column, Use.MEASURE, terms)
    if call.function != "count" and column.name.lower() in relation.without_numbers:
        message = f"{shown(column.name)} holds no numbers"
        raise syntax_refusal(message, call.node, hint="count it")


def _singled_out(column: BlockColumn, wanted: Use, terms: BlockTerms) -> Refusal:
    """Refuse to group by, filter on or measure who is protected, whatever the contract lists."""
    line, place = place_of(column.node)
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the privacy unit {shown(column.name)} may not be {_DOING[wanted]}",
        clause=f"{terms.clause}.privacy_units",
        line=line,
        column=place,
        hint=f"count how many there are: count(DISTINCT {column.name})",
    )


def _returned(column: BlockColumn, terms: BlockTerms) -> Refusal:
    """Refuse what would hand out a value of single rows, or the privacy unit itself."""
    relation = terms.of(column)
    if isinstance(relation, Lookup):
        message = f"{shown(column.name)} is brought: group by it to see it"
        return syntax_refusal(message, column.node)
    line, place = place_of(column.node)
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the column {shown(column.name)} may not be returned: this grant gives statistics",
        clause=f"{terms.clause}.columns.{column.name}.use",
        line=line,
        column=place,
        allowed=_listed(relation.uses_of(column)),
        hint=f"aggregate, such as SELECT {terms.example}",
    )


def _function_refusal(call: Call, terms: BlockTerms) -> Refusal:
    line, column = place_of(call.node)
    return Refusal(
        RefusalReason.FUNCTION_NOT_ALLOWED,
        f"the aggregate {shown(call.function)} is not granted over these rows",
        clause=f"{terms.clause}.functions",
        line=line,
        column=column,
        allowed=tuple(item.value for item in terms.functions),
        hint="compute other statistics from these figures, or ask for an amendment",
    )


def _listed(uses: frozenset[Use]) -> tuple[str, ...]:
    return tuple(use.value for use in Use if use in uses)


def _hint(uses: frozenset[Use]) -> str:
    words = {
        Use.FILTER: "compare it in WHERE",
        Use.GROUP: "name it alone in GROUP BY",
        Use.MEASURE: "aggregate it, such as count(DISTINCT …)",
    }
    possible = [text for use, text in words.items() if use in uses]
    return " or ".join(possible) or "ask the provider to grant more in an amendment"
