"""Which operations can fail, and what each of them gives: one rule for each form of expression."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from sqlglot import exp

from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import (
    BOOLEAN_AGGREGATES,
    FUNCTIONS,
    INTERPOLATING_AGGREGATES,
    Function,
)
from sekisho.sql.places import syntax_refusal
from sekisho.sql.types import (
    BOOLEAN,
    FLOAT,
    NULL,
    TEXT,
    UNKNOWN,
    WIDE_INTEGER,
    WIDEST_DIGITS,
    Type,
    number_type,
    parse_type,
    unify,
)

_TEXTS = frozenset({"text", "literal", "null"})
_PATTERNS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "t": _TEXTS,
        "n": frozenset({"int", "dec", "float", "null"}),
        "i": frozenset({"int", "null"}),
        "f": frozenset({"float", "null"}),
        "d": frozenset({"date", "ts", "null"}),
        "b": frozenset({"bool", "null"}),
    }
)
_PRINTABLE = frozenset({"bool", "int", "dec", "float", "date", "time", "ts", "interval", "uuid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of an expression."""

    type: Type
    holds_aggregate: bool = False
    holds_subquery: bool = False
    can_fail: bool = False
    """Whether the operation itself can; its operands are settled by then."""


class Settling(Protocol):
    """What a rule asks for: its operands settled, and the types of names."""

    def settled(self, node: exp.Expr) -> Fact:
        """Learn of an operand, after wrapping it where it can fail."""

    def children(self, node: exp.Expr) -> list[Fact]:
        """Settle all operands, in order."""

    def condition(self, holder: exp.Expr, *, part: str = "this") -> None:
        """Settle an operand that is read as a boolean."""

    def column(self, node: exp.Expr) -> Type:
        """Tell a column's type."""

    def output(self, node: exp.Expr) -> Type:
        """Tell the type of a subquery that stands as a value."""


Rule = Callable[[Settling, exp.Expr], Fact]
"""Learns of one operation, after its operands."""


def _join(facts: list[Fact], kind: Type, *, can_fail: bool = False) -> Fact:
    return Fact(
        type=kind,
        holds_aggregate=any(item.holds_aggregate for item in facts),
        holds_subquery=any(item.holds_subquery for item in facts),
        can_fail=can_fail,
    )


def unlisted(writer: Settling, node: exp.Expr) -> Fact:
    """A form without a rule of its own can fail, for all that is known."""
    return _join(writer.children(node), UNKNOWN, can_fail=True)


def _column(writer: Settling, node: exp.Expr) -> Fact:
    return Fact(type=writer.column(node))


def _literal(_: Settling, node: exp.Expr) -> Fact:
    if node.is_string:
        return Fact(type=Type(kind="literal", text=node.name))
    return Fact(type=number_type(node.name))


def _constant(kind: Type) -> Rule:
    return lambda _writer, _node: Fact(type=kind)


def _same(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    return _join(facts, facts[0].type)


def _negative(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    is_total = facts[0].type.kind == "float" or isinstance(node.this, exp.Literal)
    return _join(facts, facts[0].type, can_fail=not is_total)


def _logic(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    is_total = all(item.type.kind in {"bool", "null"} for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _compare(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    _, is_total = unify(item.type for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _is(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    is_total = isinstance(node.expression, exp.Null) or facts[0].type.kind in {"bool", "null"}
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _like(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    is_total = all(item.type.kind in _TEXTS for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _escape(writer: Settling, node: exp.Expr) -> Fact:
    # The LIKE below is one operation with its ESCAPE: it is settled here, not wrapped by itself.
    facts = [*writer.children(node.this), writer.settled(node.expression)]
    return _join(facts, BOOLEAN, can_fail=True)


def _in(writer: Settling, node: exp.Expr) -> Fact:
    query = node.args.get("query")
    facts = writer.children(node)
    _, is_total = unify(item.type for item in facts)
    if query is None:
        return _join(facts, BOOLEAN, can_fail=not is_total)
    joined = _join(facts, BOOLEAN, can_fail=not is_total)
    if joined.can_fail and joined.holds_aggregate:
        # Even over aggregates the subquery's own side is cast, row by row.
        message = "IN compares values of two types"
        raise syntax_refusal(message, node, hint="cast one side to the type of the other")
    return joined


def _exists(_: Settling, __: exp.Expr) -> Fact:
    return Fact(type=BOOLEAN, holds_subquery=True)


def _subquery(writer: Settling, node: exp.Expr) -> Fact:
    return Fact(type=writer.output(node.this), holds_subquery=True)


def _case(writer: Settling, node: exp.Expr) -> Fact:
    settle = writer.settled
    operand = [settle(node.this)] if node.args.get("this") is not None else []
    whens: list[Fact] = []
    results: list[Fact] = []
    for branch in list(node.args["ifs"]):
        whens.append(settle(branch.this))
        results.append(settle(branch.args["true"]))
    if node.args.get("default") is not None:
        results.append(settle(node.args["default"]))
    kind, is_total = unify(item.type for item in results)
    if operand:
        _, compares = unify(item.type for item in [*operand, *whens])
    else:
        compares = all(item.type.kind in {"bool", "null"} for item in whens)
    return _join([*operand, *whens, *results], kind, can_fail=not (is_total and compares))


def _cast(writer: Settling, node: exp.Expr) -> Fact:
    fact = writer.settled(node.this)
    target = parse_type(write_tree(node.args["to"]))
    if type(node) is exp.Cast and target.kind != "text":
        node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))
    return _join([fact], target)


def _extract(writer: Settling, node: exp.Expr) -> Fact:
    fact = writer.settled(node.expression)
    return _join([fact], _part_type(node.this.name), can_fail=True)


def _part_type(part: str) -> Type:
    return FLOAT if part.lower() == "epoch" else Type(kind="int", digits=19)


def _sum_like(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        kind = _number_outcome(left, right, is_product=isinstance(node, exp.Mul))
        return _join(facts, kind, can_fail=kind.kind != "float")
    return _join(facts, _time_outcome(left.kind, right.kind, type(node)), can_fail=True)


def _number_outcome(left: Type, right: Type, *, is_product: bool) -> Type:
    if "float" in {left.kind, right.kind}:
        return FLOAT
    if left.kind == right.kind == "int":
        return WIDE_INTEGER
    scale = left.scale + right.scale if is_product else max(left.scale, right.scale)
    return Type(kind="dec", digits=WIDEST_DIGITS, scale=min(scale, WIDEST_DIGITS))


def _time_outcome(left: str, right: str, operation: type[exp.Expr]) -> Type:
    """Tell what adding to or subtracting from a date or time gives."""
    if operation is exp.Mul:
        return UNKNOWN
    both = {left, right}
    if both == {"date", "int"}:
        return Type(kind="date")
    if both in ({"date", "interval"}, {"ts", "interval"}):
        return Type(kind="ts")
    if left == right == "date" and operation is exp.Sub:
        return Type(kind="int", digits=19)
    return UNKNOWN


def _divide(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    is_total = all(item.type.is_number for item in facts)
    return _join(facts, FLOAT if is_total else UNKNOWN, can_fail=not is_total)


def _remainder(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        kind = _number_outcome(left, right, is_product=False)
        return _join(facts, kind, can_fail=kind.kind != "float" or isinstance(node, exp.IntDiv))
    return _join(facts, UNKNOWN, can_fail=True)


def _concatenate(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    kinds = {item.type.kind for item in facts}
    is_text = bool(kinds & {"text", "literal"}) and kinds <= _TEXTS | _PRINTABLE
    return _join(facts, TEXT if is_text else UNKNOWN, can_fail=not is_text)


def _filter(writer: Settling, node: exp.Expr) -> Fact:
    fact = writer.settled(node.this)
    writer.condition(node.expression)
    return fact


def _distinct(writer: Settling, node: exp.Expr) -> Fact:
    facts = writer.children(node)
    return _join(facts, facts[0].type)


def _call(writer: Settling, node: exp.Expr) -> Fact:
    function = FUNCTIONS[str(node.this).lower()]
    facts = writer.children(node)
    types = [item.type for item in facts]
    if function.is_aggregate:
        return _aggregate(node, function, types)
    if function.total == "=":
        kind, is_total = _unified(function, types)
    else:
        kind, is_total = _given(function, types), _fits(function.total, types)
    return _join(facts, kind, can_fail=not is_total)


def _unified(function: Function, types: list[Type]) -> tuple[Type, bool]:
    if function.name == "if":
        kind, is_total = unify(types[1:])
        return kind, is_total and types[0].kind in {"bool", "null"}
    kind, is_total = unify(types)
    return (types[0] if function.gives == "same" and types[0].kind != "literal" else kind), is_total


def _given(function: Function, types: list[Type]) -> Type:
    match function.gives:
        case "same":
            return types[0] if types[0].kind != "literal" else UNKNOWN
        case "trunc":
            kind = types[1].kind
            return Type(kind="ts") if kind in {"date", "ts"} else UNKNOWN
        case "part":
            return _part_type(types[0].text)
        case "int":
            return Type(kind="int", digits=19)
        case "unknown":
            return UNKNOWN
        case plain:
            return Type(kind=plain)


def _fits(pattern: str, types: list[Type]) -> bool:
    if not pattern:
        return False
    if pattern == "*":
        return all(item.kind in _TEXTS | _PRINTABLE for item in types)
    letters = pattern.ljust(len(types), pattern[-1])
    return all(item.kind in _PATTERNS[letter] for letter, item in zip(letters, types, strict=False))


def _aggregate(node: exp.Expr, function: Function, types: list[Type]) -> Fact:
    value = node.expressions[0] if node.expressions else None
    if isinstance(value, exp.Distinct):
        value = value.expressions[0]
    if value is not None and function.name in BOOLEAN_AGGREGATES and types[0].kind != "bool":
        _read_as(value, "BOOLEAN")
    if value is not None and function.name in INTERPOLATING_AGGREGATES and types[0].kind == "date":
        _read_as(value, "TIMESTAMP")
    return Fact(type=_aggregate_type(function, types), holds_aggregate=True)


def _read_as(value: exp.Expr, target: str) -> None:
    cast = exp.TryCast(to=exp.DataType.build(target, dialect="duckdb"), safe=True)
    value.replace(cast)
    cast.set("this", value)


def _aggregate_type(function: Function, types: list[Type]) -> Type:
    if function.gives != "sum":
        return _given(function, types)
    match types[0].kind:
        case "int":
            return WIDE_INTEGER
        case "dec":
            return Type(kind="dec", digits=WIDEST_DIGITS, scale=types[0].scale)
        case "float":
            return FLOAT
        case _:
            return UNKNOWN


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
        exp.Add: _sum_like,
        exp.Sub: _sum_like,
        exp.Mul: _sum_like,
        exp.Div: _divide,
        exp.IntDiv: _remainder,
        exp.Mod: _remainder,
        exp.DPipe: _concatenate,
        exp.Filter: _filter,
        exp.Distinct: _distinct,
        exp.Anonymous: _call,
    }
)
