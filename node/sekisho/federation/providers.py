"""What the column `provider` does in a block of statistics: it says whose rows, and whose cells.

No provider knows a column of that name. A condition on it chooses whom to ask, a key of GROUP BY
keeps each provider's cells apart, and an ON joins each provider's own datasets with each other.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.catalog import PROVIDER, Part
from sekisho.federation.draft import Reading
from sekisho.model.names import PartyId
from sekisho.sql.blocks import Block, BlockColumn, Pair
from sekisho.sql.places import place_of, shown, syntax_refusal

Readings = Mapping[int, Reading]
"""What the sources of a query read, by number."""
Shown = Mapping[PartyId, Part]
"""What each provider shows of one relation."""
_COMPARED: Mapping[type[exp.Expr], Callable[[str, str], bool]] = MappingProxyType(
    {
        exp.EQ: operator.eq,
        exp.LT: operator.lt,
        exp.LTE: operator.le,
        exp.GT: operator.gt,
        exp.GTE: operator.ge,
    }
)


def is_provider(column: BlockColumn, readings: Readings) -> bool:
    """Tell whether a column is the one that names providers, and no dataset's own."""
    return column.name.lower() == PROVIDER and readings[column.source.number].relation.has_provider


def without_provider(block: Block, readings: Readings) -> Block:
    """Give what providers are asked of a block.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` where `provider` stands in another place than a block's WHERE,
            GROUP BY and ON.
    """
    for column in block.uses:
        if is_provider(column, readings):
            message = "`provider` is returned only where it is grouped by"
            raise syntax_refusal(message, column.node, hint="name `provider` in GROUP BY")
    for call in block.calls:
        if call.column is not None and is_provider(call.column, readings):
            message = "`provider` cannot be measured"
            raise syntax_refusal(message, call.node, hint="name `provider` in GROUP BY")
    return replace(
        block,
        keys=tuple(item for item in block.keys if not is_provider(item, readings)),
        conditions=tuple(c for c in block.conditions if not is_provider(c.column, readings)),
        pairs=tuple(item for item in block.pairs if not _joins_providers(item, readings)),
    )


def providers_of(block: Block, readings: Readings) -> Mapping[int, Shown]:
    """List the providers behind each relation of a block that its conditions let through.

    Returns:
        By number of the source, for all but the company's own tables; the same for each.

    Raises:
        Refusal: `DATASET_NOT_GRANTED` where none is let through; `SYNTAX_NOT_ALLOWED` for a join
            across providers.
    """
    found = {
        source.number: _let_through(block, readings[source.number], readings)
        for source in block.select.sources
        if not readings[source.number].relation.is_local
    }
    if not _is_one_provider(found.values()) and not _is_linked(block, found, readings):
        raise _across(block)
    common = set.intersection(*(set(item) for item in found.values()))
    if not common:
        raise _across(block)
    return {
        number: {party: part for party, part in parts.items() if party in common}
        for number, parts in found.items()
    }


def _let_through(block: Block, reading: Reading, readings: Readings) -> Shown:
    conditions = [
        item.node
        for item in block.conditions
        if item.column.source is reading.source and is_provider(item.column, readings)
    ]
    kept = [part for part in reading.parts if all(_holds(c, part.alias) for c in conditions)]
    if not kept:
        raise _nobody(reading, conditions[0])
    return {part.party: part for part in kept}


def _holds(node: exp.Expr, alias: str) -> bool:
    """Compare a provider's alias as a condition on `provider` does."""
    if isinstance(node, exp.In):
        return alias in [_text(item, alias) for item in node.expressions]
    if isinstance(node, exp.Between):
        return _text(node.args["low"], alias) <= alias <= _text(node.args["high"], alias)
    return _COMPARED[type(node)](_text(node.this, alias), _text(node.expression, alias))


def _text(node: exp.Expr, alias: str) -> str:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Column):
        return alias
    if not isinstance(node, exp.Literal) or not node.is_string:
        message = "`provider` is compared with names of providers"
        raise syntax_refusal(message, node, hint=f"such as provider = '{alias}'")
    return str(node.name)


def _joins_providers(pair: Pair, readings: Readings) -> bool:
    sides = [is_provider(item, readings) for item in (pair.left, pair.right)]
    if any(sides) and not all(sides):
        message = "`provider` is joined with `provider` alone"
        raise syntax_refusal(message, pair.right.node)
    return all(sides)


def _is_one_provider(found: Iterable[Shown]) -> bool:
    parties = {tuple(item) for item in found}
    return len(parties) == 1 and all(len(item) == 1 for item in parties)


def _is_linked(block: Block, found: Mapping[int, Shown], readings: Readings) -> bool:
    """Whether each relation is joined, provider by provider, to one before it."""
    numbers = list(found)
    linked = {numbers[0]}
    for pair in block.pairs:
        if _joins_providers(pair, readings) and pair.left.source.number in linked:
            linked.add(pair.right.source.number)
    return linked.issuperset(numbers)


def _across(block: Block) -> Refusal:
    second = block.select.sources[1]
    return syntax_refusal(
        "governed rows are not joined across providers",
        second.node,
        hint="join each provider's own, ON a.provider = b.provider AND …, or aggregate each first",
    )


def _nobody(reading: Reading, condition: exp.Expr) -> Refusal:
    line, column = place_of(condition)
    return Refusal(
        RefusalReason.DATASET_NOT_GRANTED,
        f"no provider of {shown(reading.relation.name)} is called that",
        line=line,
        column=column,
        allowed=tuple(f"{part.alias}.{part.dataset}" for part in reading.parts),
        hint="compare `provider` with " + ", ".join(f"'{p.alias}'" for p in reading.parts),
    )
