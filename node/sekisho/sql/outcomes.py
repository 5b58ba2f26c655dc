"""Whether a condition can be true, false or unknown, as far as can be told without any data.

What cannot be told may be anything: `outcomes` names too many outcomes rather than too few. It is
for people who write conditions; nothing is decided by it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, product
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlglot import exp

Outcome = bool | None
"""True, false, or unknown as SQL has it."""
ANY: frozenset[Outcome] = frozenset({True, False, None})
_OPERATORS: Mapping[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: eq,
    exp.NEQ: ne,
    exp.LT: lt,
    exp.LTE: le,
    exp.GT: gt,
    exp.GTE: ge,
}
_TURNED = {lt: gt, le: ge, gt: lt, ge: le}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""Days that are ordered as their texts are."""
_REFLEXIVE = frozenset({eq, le, ge})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """What one condition asks of one column: a comparison with a value, or one of several."""

    column: str
    compares: Callable[[Any, Any], bool]
    values: tuple[tuple[str, Any], ...]
    """Each with its kind; several only where the column has to be one of them."""


def outcomes(condition: exp.Expr) -> frozenset[Outcome]:  # noqa: PLR0911  one line a form
    """Tell which outcomes a condition may have."""
    match condition:
        case exp.Paren():
            return outcomes(condition.this)
        case exp.Boolean():
            return frozenset({bool(condition.this)})
        case exp.Null():
            return frozenset({None})
        case exp.Not():
            return frozenset(_not(item) for item in outcomes(condition.this))
        case exp.And():
            return _all_of(list(_parts(condition, exp.And)))
        case exp.Or():
            found = [outcomes(item) for item in _parts(condition, exp.Or)]
            return frozenset(_or(items) for items in product(*_few(found)))
        case exp.Is() | exp.NullSafeEQ() | exp.NullSafeNEQ():
            return frozenset({True, False})
        case exp.In() | exp.Between():
            return _within(condition)
        case _ if type(condition) in _OPERATORS:
            return _compared(condition)
        case _:
            return ANY


def _all_of(parts: list[exp.Expr]) -> frozenset[Outcome]:
    found = [outcomes(item) for item in parts]
    # By De Morgan, so that there is one table.
    result = frozenset(
        _not(_or(tuple(_not(item) for item in items))) for items in product(*_few(found))
    )
    return result - {True} if _exclude_each_other(parts) else result


def _few(found: list[frozenset[Outcome]]) -> list[frozenset[Outcome]]:
    """Keep each set of outcomes once: what joins them does not count."""
    return list(dict.fromkeys(found))


def _not(item: Outcome) -> Outcome:
    return None if item is None else not item


def _or(items: tuple[Outcome, ...]) -> Outcome:
    if True in items:
        return True
    return None if None in items else False


def _parts(condition: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """List what is joined, through brackets."""
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Paren):
            waiting.append(node.this)
        elif isinstance(node, kind):
            waiting += [node.args["expression"], node.this]
        else:
            yield node


def _compared(node: exp.Expr) -> frozenset[Outcome]:
    left, right = node.this, node.args["expression"]
    if isinstance(left, exp.Null) or isinstance(right, exp.Null):
        return frozenset({None})
    operator = _OPERATORS[type(node)]
    first, second = _value(left), _value(right)
    if first is not None and second is not None and first[0] == second[0]:
        return frozenset({operator(first[1], second[1])})
    if isinstance(left, exp.Column) and left == right:
        return frozenset({operator in _REFLEXIVE, None})
    return ANY


def _within(node: exp.Expr) -> frozenset[Outcome]:
    """Tell what a range or a list of values comes to."""
    if isinstance(node, exp.Between):
        ends = (node.args["low"], node.args["high"])
        is_never = any(isinstance(end, exp.Null) for end in ends) or _exclude_each_other([node])
        return ANY - {True} if is_never else ANY
    listed = node.expressions
    if any(isinstance(item, exp.Null) for item in listed):
        # Not found among the others, it may still be what is not known.
        return frozenset({True, None}) if len(listed) > 1 else frozenset({None})
    return ANY


def _exclude_each_other(parts: list[exp.Expr]) -> bool:
    """Tell that no value of some column is what all conditions ask of it."""
    bounds: dict[str, list[_Bound]] = defaultdict(list)
    for part in parts:
        for bound in _bounds(part):
            bounds[bound.column].append(bound)
    return any(_is_empty(items) for items in bounds.values())


def _bounds(part: exp.Expr) -> Iterator[_Bound]:
    """List what a condition plainly asks of a column."""
    operator = _OPERATORS.get(type(part))
    if operator is not None:
        left, right = part.this, part.args["expression"]
        if isinstance(right, exp.Column):
            left, right, operator = right, left, _TURNED.get(operator, operator)
        yield from _bound(left, operator, [right])
    elif isinstance(part, exp.Between):
        yield from _bound(part.this, ge, [part.args["low"]])
        yield from _bound(part.this, le, [part.args["high"]])
    elif isinstance(part, exp.In):
        yield from _bound(part.this, eq, part.expressions)


def _bound(
    column: exp.Expr, operator: Callable[[Any, Any], bool], values: list[exp.Expr]
) -> Iterator[_Bound]:
    found = [value for value in map(_value, values) if value is not None]
    if isinstance(column, exp.Column) and values and len(found) == len(values):
        yield _Bound(column=column.name.lower(), compares=operator, values=tuple(found))


def _is_empty(bounds: list[_Bound]) -> bool:
    kinds = {kind for bound in bounds for kind, _ in bound.values}
    if len(kinds) != 1 or (kinds == {"text"} and not _are_plain_words(bounds)):
        return False
    candidates = {value for bound in bounds for _, value in bound.values}
    # Between two neighbouring values lies a further one, as far as is known here.
    if kinds != {"text"}:
        return not any(_fits(value, bounds) for value in (*candidates, *_between(candidates)))
    asked = [bound for bound in bounds if bound.compares is eq]
    return bool(asked) and not any(_fits(value, bounds) for value in candidates)


def _are_plain_words(bounds: list[_Bound]) -> bool:
    """Leave out texts that a column of another type may take for the same value: dates, numbers."""
    texts = [str(value) for bound in bounds for _, value in bound.values]
    return all(text.isalpha() for text in texts) and all(
        bound.compares in {eq, ne} for bound in bounds
    )


def _fits(value: Any, bounds: list[_Bound]) -> bool:  # noqa: ANN401  a number, a day or a text
    return all(any(bound.compares(value, other) for _, other in bound.values) for bound in bounds)


def _between(values: set[Any]) -> list[Any]:
    """Give something below, above and between the values: for each order, one that is not there."""
    ordered = sorted(values)
    if all(isinstance(item, Decimal) for item in ordered):
        inner = [(low + high) / 2 for low, high in pairwise(ordered)]
        return [ordered[0] - 1, *inner, ordered[-1] + 1]
    if all(isinstance(item, str) for item in ordered):
        # Days as text: `2026-01-01` < `2026-01-01~` < `2026-01-02`.
        return ["", *(f"{item}~" for item in ordered)]
    return []


def _value(node: exp.Expr) -> tuple[str, Any] | None:
    """Read a number, a day, a text or a truth that stands written out, with its kind."""
    match node:
        case exp.Paren():
            return _value(node.this)
        case exp.Boolean():
            return "truth", bool(node.this)
        case exp.Literal():
            return ("text", node.name) if node.is_string else ("number", Decimal(node.name))
        case exp.Neg():
            inner = _value(node.this)
            return ("number", -inner[1]) if inner and inner[0] == "number" else None
        case exp.Cast() if node.args["to"].this is exp.DType.DATE:
            inner = _value(node.this)
            is_day = inner and inner[0] == "text" and _DAY.fullmatch(inner[1])
            return ("day", inner[1]) if inner and is_day else None
        case _:
            return None
