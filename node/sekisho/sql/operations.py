"""Which operations can fail, and what each of them gives: one rule for each form of expression.

An operation's operands are settled first. Where an engine would cast one of them on its own, and
the cast can fail, a rule writes the cast as TRY_CAST in so many words, or refuses: TRY around the
operation does not hold such a cast in, since DuckDB shares equal casts between expressions by
moving them out of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.arguments import given, take_arguments
from sekisho.sql.arithmetic import (
    settle_negative,
    settle_product,
    settle_quotient,
    settle_remainder,
    settle_sum,
    unknown_outcome,
)
from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import FUNCTIONS, FunctionClass
from sekisho.sql.parameters import is_parameter
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.settling import (
    Fact,
    Rule,
    Settling,
    joined,
    late,
    meet,
    operands_of,
    read_as,
    unlike,
)
from sekisho.sql.types import (
    BOOLEAN,
    NULL,
    PRINTABLE,
    TEXT,
    UNKNOWN,
    Type,
    meet_as_values,
    meet_to_compare,
    number_type,
    parse_type,
    part_type,
)

SUMMED_DIGITS = 20
"""Digits of which 10^18 can be added up within 38."""
_DATED = frozenset({"date", "ts", "tstz"})
_TEXTS = frozenset({"text", "literal", "null"})


def unlisted(settling: Settling, node: exp.Expr) -> Fact:
    """Refuse a form that has no rule: nothing is known of how it fails."""
    settling.children(node)
    message = "this form cannot be shown not to fail"
    raise syntax_refusal(message, node)


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
    return joined(facts, facts[0].type)


def _logic(settling: Settling, node: exp.Expr) -> Fact:
    facts = [
        settling.condition(node, part=part) for part in ("this", "expression") if part in node.args
    ]
    return joined(facts, BOOLEAN)


def _compare(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    meet(node, facts, operands_of(node))
    return joined(facts, BOOLEAN)


def _is(settling: Settling, node: exp.Expr) -> Fact:
    if isinstance(node.expression, exp.Null):
        return joined([settling.settled(node.this)], BOOLEAN)
    return joined([settling.condition(node)], BOOLEAN)


def _like(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if not all(item.type.kind in _TEXTS for item in facts):
        raise unlike(node, facts)
    return joined(facts, BOOLEAN)


def _escape(settling: Settling, node: exp.Expr) -> Fact:
    # The LIKE below is one operation with its ESCAPE: it is settled here, not wrapped by itself.
    fact = _like(settling, node.this)
    return joined([fact], BOOLEAN, can_fail=True)


def _in(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    if node.args.get("query") is None:
        meet(node, facts, operands_of(node))
        return joined(facts, BOOLEAN)
    # Only this side can be cast in words: the rows of the subquery are what they are.
    meeting = meet_to_compare([item.type for item in facts])
    if meeting is None or 1 in meeting.casts:
        raise unlike(node, facts)
    if 0 in meeting.casts:
        read_as(node.this, meeting.casts[0])
    return joined(facts, BOOLEAN)


def _exists(_: Settling, __: exp.Expr) -> Fact:
    return Fact(type=BOOLEAN, is_sealed=True)


def _subquery(settling: Settling, node: exp.Expr) -> Fact:
    return Fact(type=settling.output(node.this), is_sealed=True)


def _case(settling: Settling, node: exp.Expr) -> Fact:
    branches = list(node.args["ifs"])
    operand = node.args.get("this")
    if operand is None:
        tests = [settling.condition(branch) for branch in branches]
    else:
        tests = [settling.settled(operand), *(settling.settled(item.this) for item in branches)]
        _compare_with_each(node, tests, branches)
    results = [settling.settled(item.args["true"]) for item in branches]
    if node.args.get("default") is not None:
        results.append(settling.settled(node.args["default"]))
    values = [item.args["true"] for item in branches]
    if node.args.get("default") is not None:
        values.append(node.args["default"])
    kind = meet(node, results, values, how=meet_as_values)
    return joined([*tests, *results], kind)


def _compare_with_each(node: exp.Expr, tests: list[Fact], branches: list[exp.Expr]) -> None:
    """Write `CASE a WHEN b` as `CASE WHEN a = b`, as engines read it, where a cast is needed.

    Each branch is compared by itself: `CASE 'x' WHEN 'x' … WHEN 5` reads no text as a number.
    """
    meeting = meet_to_compare([item.type for item in tests])
    if meeting is not None and not meeting.casts:
        return
    operand = node.this
    for branch, fact in zip(branches, tests[1:], strict=True):
        equal = exp.EQ(this=operand.copy(), expression=branch.this)
        branch.set("this", equal)
        meet(equal, [tests[0], fact], operands_of(equal))
    node.set("this", None)


def _cast(settling: Settling, node: exp.Expr) -> Fact:
    target = parse_type(write_tree(node.args["to"]))
    if is_parameter(node):
        return Fact(type=target)
    fact = settling.settled(node.this)
    if type(node) is exp.Cast and target.kind != "text":
        node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))
    return joined([fact], target)


def _extract(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.expression)
    if fact.type.kind not in {"date", "ts", "tstz", "null"}:
        raise unlike(node, [fact])
    if fact.type.kind == "date":
        read_as(node.expression, "TIMESTAMP")
    return joined([fact], part_type(node.this.name), can_fail=True)


def _concatenate(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    kinds = {item.type.kind for item in facts}
    if kinds & {"text", "literal"} and kinds <= _TEXTS | PRINTABLE:
        return joined(facts, TEXT)
    return unknown_outcome(node, facts)


def _filter(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.this)
    settling.condition(node.expression)
    return fact


def _window(settling: Settling, node: exp.Expr) -> Fact:
    fact = settling.settled(node.this)
    for item in list(node.args.get("partition_by") or ()):
        settling.settled(item)
    order = node.args.get("order")
    keys = [settling.settled(item.this) for item in order.expressions] if order is not None else []
    _settle_frame(node, order, keys, may_fail=settling.late_may_fail)
    return late(settling, fact.type)


def _settle_frame(
    node: exp.Expr, order: exp.Expr | None, keys: list[Fact], *, may_fail: bool
) -> None:
    """Bring the key of a frame with RANGE to what its distances are added to."""
    spec = node.args.get("spec")
    distances = [
        item
        for part in ("start", "end")
        if spec is not None and isinstance(item := spec.args.get(part), exp.Expr)
    ]
    if spec is None or str(spec.args["kind"]).upper() != "RANGE" or not distances:
        return
    if not may_fail:
        message = "RANGE with a distance can fail, and may not here"
        raise syntax_refusal(message, node, hint="use ROWS or GROUPS")
    if order is None or len(keys) != 1:
        message = "RANGE with a distance needs one key in ORDER BY"
        raise syntax_refusal(message, node)
    kind = keys[0].type.kind
    are_intervals = [isinstance(item, exp.Interval) for item in distances]
    fits = all(are_intervals) if kind in _DATED else not any(are_intervals)
    if not fits or (kind not in _DATED and not keys[0].type.is_number):
        message = "RANGE adds an interval to a date or timestamp, or a number to a number"
        raise syntax_refusal(message, node)
    if kind == "date" and not keys[0].is_late:
        read_as(order.expressions[0].this, "TIMESTAMP")


def _distinct(settling: Settling, node: exp.Expr) -> Fact:
    facts = settling.children(node)
    return joined(facts, facts[0].type)


def _call(settling: Settling, node: exp.Expr) -> Fact:
    function = FUNCTIONS[str(node.this).lower()]
    facts = settling.children(node)
    types = [item.type for item in facts]
    if not any(item.is_late for item in facts):
        values = [_inside(item) for item in node.expressions]
        for at, name in take_arguments(node, function, types).items():
            read_as(values[at], name)
    kind = given(function, types)
    if function.function_class is not FunctionClass.SCALAR:
        is_wide = function.fails_wide and types[0].digits > SUMMED_DIGITS
        if is_wide and not settling.late_may_fail:
            message = f"the function {shown(function.name)} can fail over so wide a number"
            raise syntax_refusal(message, node, hint="use count, min, max or median")
        return late(settling, kind)
    return joined(facts, kind, can_fail=function.can_fail)


def _inside(argument: exp.Expr) -> exp.Expr:
    """Give an argument without DISTINCT or IGNORE NULLS."""
    if isinstance(argument, exp.Distinct):
        return argument.expressions[0]  # type: ignore[no-any-return]
    inside: exp.Expr = argument.this if isinstance(argument, exp.IgnoreNulls) else argument
    return inside


RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Boolean: _constant(BOOLEAN),
        exp.Null: _constant(NULL),
        exp.Interval: _constant(Type(kind="interval")),
        exp.Star: _constant(UNKNOWN),
        exp.Paren: _same,
        exp.Neg: settle_negative,
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
        exp.Add: settle_sum,
        exp.Sub: settle_sum,
        exp.Mul: settle_product,
        exp.Div: settle_quotient,
        exp.IntDiv: settle_remainder,
        exp.Mod: settle_remainder,
        exp.DPipe: _concatenate,
        exp.Filter: _filter,
        exp.Distinct: _distinct,
        exp.IgnoreNulls: _same,
        exp.Window: _window,
        exp.Anonymous: _call,
    }
)
