"""What each provider gives of an aggregate over its own rows, and how those states become one.

A sum of sums is the sum, a least of leasts the least; a mean is the sum of sums over the sum of
counts, by DuckDB's own rule. What has no such state (a median, a deviation) is computed from rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sekisho.federation.catalog import Part
from sekisho.federation.draft import columns_of
from sekisho.federation.exactness import (
    RETYPED,
    are_same,
    is_exact_condition,
    is_exact_value,
    value_type,
)
from sekisho.sql.trees import children_of, nodes_of

WIDE = "HUGEINT"
"""What DuckDB adds whole numbers up to; it comes out of Arrow as a decimal."""
_ALIKE = frozenset({"min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor"})
"""Aggregates whose states are combined by the same aggregate."""
_COUNTS = frozenset({"count", "count_if", "countif"})
_CHECKED = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Paren, exp.Column, exp.Literal)
"""Forms that are NULL where a column in them is, and otherwise only where they fail."""
_SUMMED = frozenset({"int", "dec", "float"})
_SUMMED_DIGITS = 20
"""Of a whole number whose sums travel."""
_TIED = frozenset({"interval", "other", "unknown", "null", "literal"})
"""Kinds of which two values can be equal and not the same, or of which nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One aggregate that a provider is asked for."""

    node: exp.Expr
    """Over one reference's columns."""
    cast: str = ""
    """The type to which it is brought back here, where Arrow has no such type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """How one aggregate is computed from states."""

    states: tuple[State, ...]
    merge: Callable[[Sequence[exp.Expr]], exp.Expr]
    """Writes the aggregate over columns that hold the states."""


def partial_of(node: exp.Expr, parts: tuple[Part, ...]) -> Partial | None:
    """Say how an aggregate, with its FILTER, is computed from states; None where from rows.

    Args:
        node: An `exp.Anonymous`, or the `exp.Filter` around it.
        parts: What the providers show of the one reference whose columns it reads.
    """
    where = node.expression if isinstance(node, exp.Filter) else None
    call = node.this if isinstance(node, exp.Filter) else node
    if where is not None and not is_exact_condition(where.this, parts):
        return None
    name = str(call.this).lower()
    value = call.expressions[0] if call.expressions else exp.Star()
    if name in _COUNTS:
        found = _count(name, value, parts)
    elif name in _ALIKE:
        found = _alike(name, value, parts)
    elif name in {"sum", "avg", "mean"}:
        found = _sum(name, value, parts)
    else:
        found = None
    return found if found is None or where is None else _filtered(found, where)


def carried_as(value: exp.Expr, parts: tuple[Part, ...]) -> str | None:
    """Name the type to which a value is brought back here, empty where it is as it was.

    Returns:
        None where it comes in several types.
    """
    if not isinstance(value, exp.Column):
        return ""
    kinds = {column.type.upper() for part in parts if (column := part.column(value.name))}
    if RETYPED.isdisjoint(kinds):
        return ""
    return kinds.pop() if len(kinds) == 1 else None


def _count(name: str, value: exp.Expr, parts: tuple[Part, ...]) -> Partial | None:
    is_exact = is_exact_condition if name != "count" else is_exact_value
    is_plain = isinstance(value, exp.Star) or (name == "count" and isinstance(value, exp.Column))
    if not is_plain and not is_exact(value, parts):
        return None
    if name != "count":
        # DuckDB's count of what is true is a sum: over no rows there is none.
        state = State(node=_call(name, value), cast=WIDE)
        return Partial(states=(state,), merge=lambda at: _call("sum", at[0]))
    state = State(node=_call(name, value))
    return Partial(states=(state,), merge=lambda at: _cast(_added(at[0]), "BIGINT"))


def _alike(name: str, value: exp.Expr, parts: tuple[Part, ...]) -> Partial | None:
    kind = value_type(value, parts) if is_exact_value(value, parts) else None
    if kind is None or kind.kind in _TIED:
        return None
    cast = carried_as(value, parts)
    if cast is None:
        return None
    state = State(node=_call(name, value), cast=cast)
    return Partial(states=(state,), merge=lambda at: _call(name, at[0]))


def _sum(name: str, value: exp.Expr, parts: tuple[Part, ...]) -> Partial | None:
    is_exact = is_exact_value(value, parts)
    kind = value_type(value, parts) if is_exact or _is_checked(value, parts) else None
    if (
        kind is None
        or kind.kind not in _SUMMED
        or (kind.kind == "int" and kind.digits > _SUMMED_DIGITS)
    ):
        return None
    total = State(node=_call("sum", value), cast=WIDE if kind.kind == "int" else "")
    values = State(node=_call("count", value))
    if is_exact and name == "sum":
        return Partial(states=(total,), merge=lambda at: _call("sum", at[0]))
    if is_exact:
        return Partial(states=(total, values), merge=lambda at: _mean(at[0], at[1]))
    wanted = State(node=_call("count_if", _are_there(value)), cast=WIDE)
    whole = _mean if name != "sum" else lambda total, _values: _call("sum", total)
    return Partial(
        states=(total, values, wanted),
        merge=lambda at: _unless_failed(whole(at[0], at[1]), at[1], at[2]),
    )


def _is_checked(value: exp.Expr, parts: tuple[Part, ...]) -> bool:
    """Tell whether a value is NULL where a column in it is, and otherwise only where it fails.

    A provider gives NULL for what fails here. Then it tells how many values there should be.
    """
    names = {column.name.lower() for column in columns_of(value)}
    return (
        bool(names)
        and all(isinstance(node, _CHECKED) or _is_name(node) for node in nodes_of(value))
        and are_same(parts, names)
        and value_type(value, parts) is not None
    )


def _is_name(node: exp.Expr) -> bool:
    return isinstance(node, exp.Identifier) and not children_of(node)


def _are_there(value: exp.Expr) -> exp.Expr:
    """Write that no column of a value is NULL."""
    names = {column.name.lower(): column for column in columns_of(value)}
    tests = [
        exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())) for column in names.values()
    ]
    found: exp.Expr = tests[0]
    for test in tests[1:]:
        found = exp.And(this=found, expression=test)
    return found


def _unless_failed(value: exp.Expr, values: exp.Expr, wanted: exp.Expr) -> exp.Expr:
    """Fail, as the query over all the data in one place does, where a value failed."""
    differ = exp.NEQ(this=_added(values), expression=_added(wanted))
    text = exp.Literal.string("a value leaves the range of its type")
    return exp.Case(
        ifs=[exp.If(this=differ, true=_call("error", text))],
        default=value,
    )


def _mean(total: exp.Expr, values: exp.Expr) -> exp.Expr:
    return exp.Div(
        this=_cast(_call("sum", total), "DOUBLE"), expression=_cast(_call("sum", values), "DOUBLE")
    )


def _added(value: exp.Expr) -> exp.Expr:
    """Add counts up; where nobody gives one there are none."""
    nothing = exp.Literal.number(0)
    return exp.Anonymous(this="coalesce", expressions=[_call("sum", value), nothing])


def _filtered(partial: Partial, where: exp.Expr) -> Partial:
    states = tuple(
        State(node=exp.Filter(this=item.node, expression=where.copy()), cast=item.cast)
        for item in partial.states
    )
    return Partial(states=states, merge=partial.merge)


def _call(name: str, value: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[value.copy()])


def _cast(value: exp.Expr, kind: str) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))
