"""What a join does with names: USING makes one column of two, ON uses the columns that it compares.

`USING (k)` is written out as a comparison, so that nothing after this knows of it: a name alone
means the left column, the right one after a RIGHT join, and after a FULL join the first of all that
is not NULL. In ON a join's own neighbours are seen, and nothing before a comma.
"""

from dataclasses import replace
from functools import reduce

from sqlglot import exp

from sekisho.sql.columns import Columns
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import Found, Merged, Place, Scope, Source, source_number
from sekisho.sql.trees import find_nodes, outside_queries


def is_comma(join: exp.Expr) -> bool:
    """Tell whether a relation of FROM stands after a comma."""
    return not any(join.args.get(part) for part in ("on", "using", "side", "kind"))


def seen_in_condition(scope: Scope, first: int) -> Scope:
    """Give what an ON sees: the relations since the last comma.

    Args:
        scope: Of the SELECT, with the relations up to the join's own.
        first: How many stand before the last comma.
    """
    return replace(scope, sources=scope.sources[first:])


def write_using(join: exp.Expr, seen: Scope, columns: Columns) -> dict[str, Merged]:
    """Write a join's USING as ON, in place.

    Args:
        join: The join, whose own relation is the last of those that are seen.
        seen: What its condition sees.
        columns: Keeps the uses.

    Returns:
        What each name means from here on.

    Raises:
        Refusal: `COLUMN_NOT_GRANTED` when one side has no such column; `SYNTAX_NOT_ALLOWED` when
            the left side has several.
    """
    *left, right = seen.sources
    before, own = replace(seen, sources=left), replace(seen, sources=[right], merged={})
    merged = dict(seen.merged)
    conditions: list[exp.Expr] = []
    for name in join.args["using"]:
        node = exp.Column(this=name.copy())
        sides = [columns.find_or_refuse(node, side) for side in (before, own)]
        for source, column in (*sides[0], *sides[1]):
            columns.record(source, column, Place.JOIN, node=name)
        values = [columns.value_of(side) for side in sides]
        conditions.append(exp.EQ(this=values[0], expression=values[1]))
        if not all(column.lower() in source.stored for side in sides for source, column in side):
            _record_filter(conditions[-1], columns)
        merged[name.name.lower()] = _merged(seen, name.name, sides=sides, join=join)
    join.set("using", None)
    join.set("on", reduce(lambda one, two: exp.And(this=one, expression=two), conditions))
    return merged


def _merged(seen: Scope, name: str, *, sides: list[Found], join: exp.Expr) -> Merged:
    known = seen.merged.get(name.lower())
    if known is not None and sides[0] != known.primary:
        message = f"{shown(name)} is made one column twice"
        raise syntax_refusal(message, join, hint="write ON with both columns")
    together = (*(known.columns if known is not None else sides[0]), *sides[1])
    match (join.args.get("side") or "").upper():
        case "RIGHT":
            return Merged(columns=together, primary=sides[1])
        case "FULL":
            return Merged(columns=together, primary=together)
        case _:
            return Merged(columns=together, primary=sides[0])


def record_comparisons(condition: exp.Expr, columns: Columns) -> None:
    """Record what an ON does besides joining: all that is not one column equal to another.

    `a.k = 'x'` in ON finds rows by a value, as WHERE does, and so does `a.k = b.k` where an inner
    SELECT computes `b.k`.
    """
    for part in _conjuncts(condition):
        if not _is_match(part, columns):
            _record_filter(part, columns)


def _record_filter(condition: exp.Expr, columns: Columns) -> None:
    for node in outside_queries(condition):
        if isinstance(node, exp.Column):
            source = columns.sources[source_number(node)]
            columns.record(source, node.name, Place.FILTER, node=node)


def refuse_hidden(node: exp.Expr, hidden: list[Source], columns: Columns) -> None:
    """Refuse a name in ON that stands before a comma, in words that help.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    for item in find_nodes(node, exp.Column):
        if item.args.get("table") and columns.qualifying(item, hidden) is not None:
            message = f"{shown(item.sql())} stands before a comma, which ON does not see"
            raise syntax_refusal(message, item, hint="write CROSS JOIN for the comma")


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _is_match(node: exp.Expr, columns: Columns) -> bool:
    if not isinstance(node, exp.EQ | exp.NullSafeEQ):
        return False
    left, right = node.this, node.expression
    are_stored = columns.is_stored(left) and columns.is_stored(right)
    return are_stored and source_number(left) != source_number(right)
