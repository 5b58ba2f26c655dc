"""Arithmetic: which of it can fail, and what it gives for numbers, dates, times and intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.settling import Fact, Settling, joined, meet, operands_of, unlike
from sekisho.sql.types import FLOAT, UNKNOWN, WIDEST_DIGITS, Type, decimals_meet

_SUMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("date", "int"): "date",
        ("int", "date"): "date",
        ("date", "interval"): "ts",
        ("interval", "date"): "ts",
        ("ts", "interval"): "ts",
        ("interval", "ts"): "ts",
        ("tstz", "interval"): "tstz",
        ("interval", "tstz"): "tstz",
        ("interval", "interval"): "interval",
    }
)
_DIFFERENCES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("date", "date"): "int",
        ("date", "int"): "date",
        ("date", "interval"): "ts",
        ("ts", "interval"): "ts",
        ("tstz", "interval"): "tstz",
        ("ts", "ts"): "interval",
        ("tstz", "tstz"): "interval",
        ("interval", "interval"): "interval",
    }
)


def settle_negative(settling: Settling, node: exp.Expr) -> Fact:
    """Minus one: fails at the end of a whole number's range."""
    facts = settling.children(node)
    kind = facts[0].type
    if not kind.is_number and kind.kind not in {"interval", "null"}:
        raise unlike(node, facts)
    is_total = kind.kind == "float" or isinstance(node.this, exp.Literal)
    return joined(facts, replace(kind, is_unsigned=False), can_fail=not is_total)


def settle_sum(settling: Settling, node: exp.Expr) -> Fact:
    """Adding and subtracting numbers, dates, times and intervals."""
    facts = settling.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        return _number_outcome(node, facts)
    if {left.kind, right.kind} == {"date", "ts"} and isinstance(node, exp.Sub):
        kind = meet(node, facts, operands_of(node))
        return joined(facts, Type(kind="interval") if kind.kind == "ts" else UNKNOWN, can_fail=True)
    table = _DIFFERENCES if isinstance(node, exp.Sub) else _SUMS
    outcome = table.get((left.kind, right.kind))
    if outcome is None:
        return unknown_outcome(node, facts)
    digits = 19 if outcome == "int" else 0
    return joined(facts, Type(kind=outcome, digits=digits), can_fail=True)


def settle_product(settling: Settling, node: exp.Expr) -> Fact:
    """Multiplying numbers, or an interval by a number."""
    facts = settling.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        return _number_outcome(node, facts)
    if {left.kind, right.kind} <= {"interval", "int"}:
        return joined(facts, Type(kind="interval"), can_fail=True)
    return unknown_outcome(node, facts)


def unknown_outcome(node: exp.Expr, facts: Sequence[Fact]) -> Fact:
    """NULL gives NULL, aggregates may be left alone, and anything else is refused."""
    if any(item.is_late or item.type.kind == "null" for item in facts):
        return joined(facts, UNKNOWN, can_fail=True)
    raise unlike(node, facts)


def _number_outcome(node: exp.Expr, facts: Sequence[Fact]) -> Fact:
    left, right = (item.type for item in facts)
    if "float" in {left.kind, right.kind}:
        return joined(facts, FLOAT, can_fail=isinstance(node, exp.IntDiv))
    if left.kind == right.kind == "int":
        digits = max(left.digits, right.digits)
        return joined(facts, Type(kind="int", digits=digits), can_fail=True)
    is_product = isinstance(node, exp.Mul)
    if not is_product and not decimals_meet(left, right):
        return unknown_outcome(node, facts)
    if (
        is_product
        and "int" in {left.kind, right.kind}
        and max(left.digits, right.digits) > WIDEST_DIGITS
    ):
        return unknown_outcome(node, facts)
    scale = left.scale + right.scale if is_product else max(left.scale, right.scale)
    kind = Type(kind="dec", digits=WIDEST_DIGITS, scale=min(scale, WIDEST_DIGITS))
    return joined(facts, kind, can_fail=True)


def settle_quotient(settling: Settling, node: exp.Expr) -> Fact:
    """Dividing numbers gives a float, also by zero."""
    facts = settling.children(node)
    if all(item.type.is_number for item in facts):
        return joined(facts, FLOAT)
    return unknown_outcome(node, facts)


def settle_remainder(settling: Settling, node: exp.Expr) -> Fact:
    """What is left of a division, and its whole part."""
    facts = settling.children(node)
    if all(item.type.is_number for item in facts):
        return _number_outcome(node, facts)
    return unknown_outcome(node, facts)
