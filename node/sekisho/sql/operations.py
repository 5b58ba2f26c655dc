"""Which operations can fail, and what each of them gives: one rule for each form of expression.

An operation's operands are settled first. Where an engine would cast one of them on its own, and
the cast can fail, a rule writes the cast as TRY_CAST in so many words, or refuses: TRY around the
operation does not hold such a cast in, since DuckDB shares equal casts between expressions by
moving them out of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.sql.arguments import given, take_arguments
from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import FUNCTIONS
from sekisho.sql.places import syntax_refusal
from sekisho.sql.types import (
    BOOLEAN,
    FLOAT,
    NULL,
    TEXT,
    UNKNOWN,
    WIDEST_DIGITS,
    Meeting,
    Type,
    decimals_meet,
    meet_as_values,
    meet_to_compare,
    number_type,
    parse_type,
    part_type,
)

_TEXTS = frozenset({"text", "literal", "null"})
_PRINTABLE = frozenset(
    {"bool", "int", "dec", "float", "date", "time", "ts", "tstz", "interval", "uuid"}
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of an expression."""

    type: Type
    holds_aggregate: bool = False
    """Then it is computed after the row filter, and may be left as it is."""
    holds_subquery: bool = False
    can_fail: bool = False
    """Whether the operation itself can; its operands are settled by then."""


class Settling(Protocol):
    """What a rule asks for: its operands settled, and the types of names."""

    def settled(self, node: exp.Expr) -> Fact:
        """Learn of an operand, after wrapping it where it can fail."""

    def children(self, node: exp.Expr) -> list[Fact]:
        """Settle all operands, in order."""

    def condition(self, holder: exp.Expr, *, part: str = "this") -> Fact:
        """Settle an operand that is read as a boolean."""

    def column(self, node: exp.Expr) -> Type:
        """Tell a column's type."""

    def output(self, node: exp.Expr) -> Type:
        """Tell the type of a subquery that stands as a value."""


Rule = Callable[[Settling, exp.Expr], Fact]
"""Learns of one operation, after its operands."""


def read_as(node: exp.Expr, type_name: str) -> None:
    """Cast an operand, in its place, to a type; what does not fit becomes NULL."""
    cast = exp.TryCast(to=exp.DataType.build(type_name, dialect="duckdb"), safe=True)
    node.replace(cast)
    cast.set("this", node)


def unlisted(settling: Settling, node: exp.Expr) -> Fact:
    """Refuse a form that has no rule: nothing is known of how it fails."""
    settling.children(node)
    message = "this form cannot be shown not to fail"
    raise syntax_refusal(message, node)


def _joined(facts: Sequence[Fact], kind: Type, *, can_fail: bool = False) -> Fact:
    return Fact(
        type=kind,
        holds_aggregate=any(item.holds_aggregate for item in facts),
        holds_subquery=any(item.holds_subquery for item in facts),
        can_fail=can_fail,
    )


def _operands(node: exp.Expr) -> list[exp.Expr]:
    return list(node.iter_expressions())


def _unlike(node: exp.Expr, facts: Sequence[Fact]) -> Refusal:
    words = " and ".join(dict.fromkeys(item.type.words for item in facts if item.type.words))
    message = f"values of types that do not meet stand together: {words or 'unknown'}"
    return syntax_refusal(message, node, hint="cast one side, such as CAST(x AS VARCHAR)")


def _meet(
    node: exp.Expr,
    facts: Sequence[Fact],
    operands: Sequence[exp.Expr],
    *,
    how: Callable[[Sequence[Type]], Meeting | None] = meet_to_compare,
) -> Type:
    """Bring operands to one type, writing out the casts that could fail."""
    if any(item.holds_aggregate for item in facts):
        meeting = how([item.type for item in facts])
        return meeting.type if meeting is not None else UNKNOWN
    meeting = how([item.type for item in facts])
    if meeting is None:
        raise _unlike(node, facts)
    for at, name in meeting.casts.items():
        read_as(operands[at], name)
    return meeting.type


def _column(settling: Settling, node: exp.Expr) -> Fact:
    return Fact(type=settling.column(node))


def _literal(_: Settling, node: exp.Expr) -> Fact:
    if node.is_string:
        return Fact(type=Type(kind="literal", text=node.name))
    return Fact(type=number_type(node.name))


def _constant(kind: Type) -> Rule:
    return lambda _settling, _node: Fact(type=kind)


def _same(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    return _joined(facts, facts[0].type)


def _negative(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    kind = facts[0].type
    if not kind.is_number and kind.kind not in {"interval", "null"}:
        raise _unlike(node, facts)
    is_total = kind.kind == "float" or isinstance(node.this, exp.Literal)
    return _joined(facts, kind, can_fail=not is_total)


def _logic(settling: Settling, node: exp.Expr) -> Fact:
    facts = [
        settling.condition(node, part=part) for part in ("this", "expression") if part in node.args
    ]
    return _joined(facts, BOOLEAN)


def _compare(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    _meet(node, facts, _operands(node))
    return _joined(facts, BOOLEAN)


def _is(settling: Settling, node: exp.Expr) -> Fact:
    if isinstance(node.expression, exp.Null):
        return _joined([settling.settled(node.this)], BOOLEAN)
    return _joined([settling.condition(node)], BOOLEAN)


def _like(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if not all(item.type.kind in _TEXTS for item in facts):
        raise _unlike(node, facts)
    return _joined(facts, BOOLEAN)


def _escape(settling: Settling, node: exp.Expr) -> Fact:
    # The LIKE below is one operation with its ESCAPE: it is settled here, not wrapped by itself.
    fact = _like(settling, node.this)
    return _joined([fact], BOOLEAN, can_fail=True)


def _in(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if node.args.get("query") is None:
        _meet(node, facts, _operands(node))
        return _joined(facts, BOOLEAN)
    # Only this side can be cast in words: the rows of the subquery are what they are.
    meeting = meet_to_compare([item.type for item in facts])
    if meeting is None or 1 in meeting.casts:
        raise _unlike(node, facts)
    if 0 in meeting.casts:
        read_as(node.this, meeting.casts[0])
    return _joined(facts, BOOLEAN)


def _exists(_: Settling, __: exp.Expr) -> Fact:
    return Fact(type=BOOLEAN, holds_subquery=True)


def _subquery(settling: Settling, node: exp.Expr) -> Fact:
    return Fact(type=settling.output(node.this), holds_subquery=True)


def _case(settling: Settling, node: exp.Expr) -> Fact:
    branches = list(node.args["ifs"])
    operand = node.args.get("this")
    if operand is None:
        tests = [settling.condition(branch) for branch in branches]
    else:
        tests = [settling.settled(operand), *(settling.settled(item.this) for item in branches)]
        _meet(node, tests, [node.this, *(item.this for item in branches)])
    results = [settling.settled(item.args["true"]) for item in branches]
    if node.args.get("default") is not None:
        results.append(settling.settled(node.args["default"]))
    values = [item.args["true"] for item in branches]
    if node.args.get("default") is not None:
        values.append(node.args["default"])
    kind = _meet(node, results, values, how=meet_as_values)
    return _joined([*tests, *results], kind)


def _cast(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.this)
    target = parse_type(write_tree(node.args["to"]))
    if type(node) is exp.Cast and target.kind != "text":
        node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))
    return _joined([fact], target)


def _extract(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.expression)
    if fact.type.kind not in {"date", "ts", "tstz", "null"}:
        raise _unlike(node, [fact])
    if fact.type.kind == "date":
        read_as(node.expression, "TIMESTAMP")
    return _joined([fact], part_type(node.this.name), can_fail=True)


def _sum(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        return _number_outcome(node, facts)
    if {left.kind, right.kind} == {"date", "ts"} and isinstance(node, exp.Sub):
        kind = _meet(node, facts, _operands(node))
        return _joined(
            facts, Type(kind="interval") if kind.kind == "ts" else UNKNOWN, can_fail=True
        )
    table = _DIFFERENCES if isinstance(node, exp.Sub) else _SUMS
    outcome = table.get((left.kind, right.kind))
    if outcome is None:
        return _unknown_outcome(node, facts)
    digits = 19 if outcome == "int" else 0
    return _joined(facts, Type(kind=outcome, digits=digits), can_fail=True)


def _product(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        return _number_outcome(node, facts)
    if {left.kind, right.kind} <= {"interval", "int"}:
        return _joined(facts, Type(kind="interval"), can_fail=True)
    return _unknown_outcome(node, facts)


def _unknown_outcome(node: exp.Expr, facts: Sequence[Fact]) -> Fact:
    """NULL gives NULL, aggregates may be left alone, and anything else is refused."""
    if any(item.holds_aggregate or item.type.kind == "null" for item in facts):
        return _joined(facts, UNKNOWN, can_fail=True)
    raise _unlike(node, facts)


def _number_outcome(node: exp.Expr, facts: Sequence[Fact]) -> Fact:
    left, right = (item.type for item in facts)
    if "float" in {left.kind, right.kind}:
        return _joined(facts, FLOAT, can_fail=isinstance(node, exp.IntDiv))
    if left.kind == right.kind == "int":
        digits = max(left.digits, right.digits)
        return _joined(facts, Type(kind="int", digits=digits), can_fail=True)
    is_product = isinstance(node, exp.Mul)
    if not is_product and not decimals_meet(left, right):
        return _unknown_outcome(node, facts)
    if (
        is_product
        and "int" in {left.kind, right.kind}
        and max(left.digits, right.digits) > WIDEST_DIGITS
    ):
        return _unknown_outcome(node, facts)
    scale = left.scale + right.scale if is_product else max(left.scale, right.scale)
    kind = Type(kind="dec", digits=WIDEST_DIGITS, scale=min(scale, WIDEST_DIGITS))
    return _joined(facts, kind, can_fail=True)


def _divide(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if all(item.type.is_number for item in facts):
        return _joined(facts, FLOAT)
    return _unknown_outcome(node, facts)


def _remainder(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if all(item.type.is_number for item in facts):
        return _number_outcome(node, facts)
    return _unknown_outcome(node, facts)


def _concatenate(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    kinds = {item.type.kind for item in facts}
    if kinds & {"text", "literal"} and kinds <= _TEXTS | _PRINTABLE:
        return _joined(facts, TEXT)
    return _unknown_outcome(node, facts)


def _filter(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.this)
    settling.condition(node.expression)
    return fact


def _distinct(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    return _joined(facts, facts[0].type)


def _call(settling: Settling, node: exp.Expr) -> Fact:
    function = FUNCTIONS[str(node.this).lower()]
    facts = settling.children(node)
    types = [item.type for item in facts]
    if not any(item.holds_aggregate for item in facts):
        values = [
            item.expressions[0] if isinstance(item, exp.Distinct) else item
            for item in node.expressions
        ]
        for at, name in take_arguments(node, function, types).items():
            read_as(values[at], name)
    kind = given(function, types)
    if function.is_aggregate:
        return Fact(type=kind, holds_aggregate=True)
    return _joined(facts, kind, can_fail=function.can_fail)


RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Boolean: _constant(BOOLEAN),
        exp.Null: _constant(NULL),
        exp.Interval: _constant(Type(kind="interval")),
        exp.Star: _constant(UNKNOWN),
        exp.Paren: _same,
        exp.Neg: _negative,
        exp.Not: _logic,
        exp.And: _logic,
        exp.Or: _logic,
        exp.EQ: _compare,
        exp.NEQ: _compare,
        exp.LT: _compare,
        exp.LTE: _compare,
        exp.GT: _compare,
        exp.GTE: _compare,
        exp.NullSafeEQ: _compare,
        exp.NullSafeNEQ: _compare,
        exp.Between: _compare,
        exp.Is: _is,
        exp.Like: _like,
        exp.ILike: _like,
        exp.Escape: _escape,
        exp.In: _in,
        exp.Exists: _exists,
        exp.Subquery: _subquery,
        exp.Case: _case,
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Extract: _extract,
        exp.Add: _sum,
        exp.Sub: _sum,
        exp.Mul: _product,
        exp.Div: _divide,
        exp.IntDiv: _remainder,
        exp.Mod: _remainder,
        exp.DPipe: _concatenate,
        exp.Filter: _filter,
        exp.Distinct: _distinct,
        exp.Anonymous: _call,
    }
)
