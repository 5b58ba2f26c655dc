"""Rules that let providers do what they can: leave out rows, columns, and providers themselves.

A condition moves to a provider only where the query means the same without it here: it is a whole
conjunct over one relation's rows, no outer join can make those rows NULL before it is asked, and
the provider computes it exactly as the residual would.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER, Part
from sekisho.federation.draft import Draft, Reading, columns_of, used_columns
from sekisho.federation.exactness import are_known, are_same, is_exact_condition
from sekisho.sql.scopes import SelectFacts, Source, source_number


def choose_providers(draft: Draft) -> Draft:
    """Ask only the providers whom a condition on `provider` lets through.

    The condition goes, unless no provider is left: then all are asked, and the residual is empty.
    """
    readings = {item.source.number: item for item in draft.readings}
    for facts in draft.settled().selects:
        for source, condition in _movable(facts):
            reading = readings.get(source.number)
            kept = _kept(reading, condition, draft) if reading is not None else ()
            if reading is not None and kept:
                readings[source.number] = replace(reading, parts=kept)
                remove(condition, facts.node)
    return replace(draft, readings=tuple(readings.values()))


def push_filters(draft: Draft) -> Draft:
    """Move conditions over one reference to the providers behind it."""
    readings = {item.source.number: item for item in draft.readings}
    for facts in draft.settled().selects:
        for source, condition in _movable(facts):
            reading = readings.get(source.number)
            if reading is None or not is_pushed(reading, condition):
                continue
            remove(condition, facts.node)
            conditions = (*reading.conditions, condition)
            readings[source.number] = replace(reading, conditions=conditions)
    return replace(draft, readings=tuple(readings.values()))


def push_columns(draft: Draft) -> Draft:
    """Ask for the columns that the residual still uses, and no others."""
    return replace(draft, readings=tuple(_with_columns(item, draft) for item in draft.readings))


def conjunction(conditions: tuple[exp.Expr, ...]) -> exp.Expr:
    """Join conditions with AND."""
    if len(conditions) == 1:
        return conditions[0]
    guarded = [
        exp.paren(item, copy=False) if isinstance(item, exp.Or) else item for item in conditions
    ]
    return reduce(lambda left, right: exp.And(this=left, expression=right), guarded)


def _movable(facts: SelectFacts) -> list[tuple[Source, exp.Expr]]:
    """List the conditions of a SELECT that may be asked before its joins, with their reference."""
    where = facts.node.args.get("where")
    sources = facts.sources
    free = {item.number for item in sources} - made_null(facts)
    found = [
        (source, condition)
        for condition in conjuncts(where.this if where is not None else None)
        if (source := only_source(condition, sources)) is not None and source.number in free
    ]
    for join, source in zip(facts.node.args.get("joins") or (), sources[1:], strict=True):
        if (join.args.get("side") or "").upper() in {"", "LEFT"}:
            found += [
                (source, condition)
                for condition in conjuncts(join.args.get("on"))
                if only_source(condition, sources) is source
            ]
    return found


def made_null(facts: SelectFacts) -> set[int]:
    """Find the references whose rows an outer join may fill with NULL."""
    joins = facts.node.args.get("joins") or ()
    sides = ["", *((join.args.get("side") or "").upper() for join in joins)]
    return {
        source.number
        for at, source in enumerate(facts.sources)
        if sides[at] in {"LEFT", "FULL"} or {"RIGHT", "FULL"} & set(sides[at + 1 :])
    }


def conjuncts(node: exp.Expr | None) -> list[exp.Expr]:
    """List what AND joins, through brackets."""
    if node is None:
        return []
    if isinstance(node, exp.And):
        return [*conjuncts(node.this), *conjuncts(node.expression)]
    if isinstance(node, exp.Paren):
        return conjuncts(node.this)
    return [node]


def only_source(condition: exp.Expr, sources: Iterable[Source]) -> Source | None:
    """Find the one of several references over which alone a condition is, if there is one."""
    numbers = {source_number(column) for column in columns_of(condition)}
    return next((item for item in sources if numbers == {item.number}), None)


def remove(condition: exp.Expr, select: exp.Expr) -> None:
    """Take one conjunct out of a WHERE or ON."""
    holder = condition.parent
    if isinstance(holder, exp.And):
        other = holder.expression if holder.this is condition else holder.this
        condition.pop()
        holder.replace(other)
    elif isinstance(holder, exp.Paren):
        _remove_from(holder, condition, select)
    elif isinstance(holder, exp.Join):
        holder.set("on", exp.true())
    else:
        select.set("where", None)


def _remove_from(paren: exp.Paren, condition: exp.Expr, select: exp.Expr) -> None:
    condition.pop()
    remove(paren, select)


def is_pushed(reading: Reading, condition: exp.Expr) -> bool:
    """Tell whether the providers of a reference may filter by a condition over it."""
    if reading.relation.is_local:
        return False
    if reading.relation.has_provider and PROVIDER in used_columns(condition, reading):
        return False
    return is_exact_condition(condition, reading.parts)


def _kept(reading: Reading, condition: exp.Expr, draft: Draft) -> tuple[Part, ...]:
    """List the providers that a condition on `provider` keeps; none where it cannot be told."""
    wanted = _wanted(condition) if reading.relation.has_provider else None
    if wanted is None or used_columns(condition, reading) != {PROVIDER}:
        return ()
    names = used_columns(draft.tree, reading) - {PROVIDER}
    if are_known(reading.parts, names) and not are_same(reading.parts, names):
        return ()
    return tuple(part for part in reading.parts if part.alias in wanted)


def _wanted(condition: exp.Expr) -> frozenset[str] | None:
    """Read `provider = 'ua'` or `provider IN ('ua', 'dl')`."""
    if isinstance(condition, exp.EQ) and isinstance(condition.this, exp.Column):
        texts = [condition.expression]
    elif isinstance(condition, exp.EQ):
        texts = [condition.this]
    elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
        texts = condition.expressions
    else:
        return None
    if not all(isinstance(item, exp.Literal) and item.is_string for item in texts):
        return None
    return frozenset(item.name for item in texts)


def _with_columns(reading: Reading, draft: Draft) -> Reading:
    used = used_columns(draft.tree, reading)
    columns = tuple(name for name in reading.relation.columns if name.lower() in used)
    return replace(reading, columns=columns)
