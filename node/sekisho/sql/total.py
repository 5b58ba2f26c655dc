"""Making every expression total: an engine may compute one over a row that the filter will hide.

DuckDB names the cell in an error's text, and that there is an error at all tells something of the
cell. So nothing that is computed row by row may fail: casts become TRY_CAST, every other operation
that can fail stands in TRY, which gives NULL. The operation itself is wrapped, not the expression
around it: `a + 1 > 5 OR b` keeps its second half, and a key of GROUP BY stays the same expression
wherever it is written.

What is computed over aggregates comes after the row filter and is left as it is. TRY holds no
subquery, so an operation over one that can fail is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import (
    BOOLEAN_AGGREGATES,
    FUNCTIONS,
    INTERPOLATING_AGGREGATES,
    TRY,
    Function,
)
from sekisho.sql.places import syntax_refusal
from sekisho.sql.scopes import Resolved, SelectFacts, source_number
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
class _Fact:
    """What is known of an expression."""

    type: Type
    holds_aggregate: bool = False
    holds_subquery: bool = False
    can_fail: bool = False
    """Whether the operation itself can; its operands are settled by then."""


def make_total(resolved: Resolved) -> Mapping[int, tuple[Type, ...]]:
    """Rewrite a resolved tree in place so that no expression over a row can fail.

    Returns:
        The types of each SELECT's outputs, as far as they are known, by its number.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for an operation over a subquery that cannot be made total.

    Source:
        `docs/spec/gate.md`, step 8.
    """
    writer = _Writer(resolved)
    for facts in resolved.selects:
        writer.select(facts)
    return MappingProxyType(writer.outputs)


def make_condition_total(node: exp.Expression, columns: Mapping[str, Type]) -> exp.Expression:
    """Make a row filter total; its columns are looked up by their names in lower case."""
    holder = exp.Where(this=node)
    _Writer(None, columns).condition(holder)
    result: exp.Expression = holder.this
    return result


class _Writer:
    """Walks expressions from the leaves up, wrapping what can fail."""

    def __init__(self, resolved: Resolved | None, columns: Mapping[str, Type] | None = None) -> None:
        self._resolved = resolved
        self._columns = columns or {}
        self._numbers = (
            {id(item.node): item.number for item in resolved.selects} if resolved else {}
        )
        self.outputs: dict[int, tuple[Type, ...]] = {}

    def select(self, facts: SelectFacts) -> None:
        """Settle all clauses of one SELECT."""
        node = facts.node
        self.outputs[facts.number] = tuple(
            self.settled(item.this).type for item in node.expressions
        )
        for join in node.args.get("joins") or ():
            if join.args.get("on") is not None:
                self.condition(join, part="on")
        for clause in ("where", "having"):
            if node.args.get(clause) is not None:
                self.condition(node.args[clause])
        for clause in ("group", "order"):
            for item in node.args[clause].expressions if node.args.get(clause) else ():
                self.settled(item.this if isinstance(item, exp.Ordered) else item)

    def condition(self, holder: exp.Expression, *, part: str = "this") -> None:
        """Settle an expression that is read as a boolean."""
        fact = self.settled(holder.args[part])
        if fact.type.kind not in {"bool", "null"}:
            value = holder.args[part]
            holder.set(part, exp.TryCast(this=value, to=exp.DataType.build("BOOLEAN"), safe=True))

    def settled(self, node: exp.Expression) -> _Fact:
        """Learn of an expression what is needed, after wrapping it where it can fail."""
        rule = _RULES.get(type(node), _plain)
        fact = rule(self, node)
        if not fact.can_fail or fact.holds_aggregate:
            return fact
        if fact.holds_subquery:
            message = "an operation that can fail cannot stand over a subquery"
            hint = "cast both sides to DOUBLE, or make their types alike"
            raise syntax_refusal(message, node, hint=hint)
        wrapped = exp.Anonymous(this=TRY.upper())
        node.replace(wrapped)
        wrapped.set("expressions", [node])
        return _Fact(type=fact.type)

    def children(self, node: exp.Expression) -> list[_Fact]:
        """Settle all operands, in order."""
        return [self.settled(child) for child in list(node.iter_expressions())]

    def column(self, node: exp.Expression) -> Type:
        """Tell a column's type."""
        if self._resolved is None:
            return self._columns.get(node.name.lower(), UNKNOWN)
        source = self._resolved.sources[source_number(node)]
        if source.relation is not None:
            return source.relation.columns.get(node.name.lower(), UNKNOWN)
        types = self.outputs.get(source.select if source.select is not None else -1, ())
        names = [item.lower() for item in source.columns]
        position = names.index(node.name.lower())
        return types[position] if position < len(types) else UNKNOWN

    def output(self, node: exp.Expression) -> Type:
        """Tell the type of a subquery that stands as a value."""
        types = self.outputs.get(self._numbers.get(id(node), -1), ())
        return types[0] if types else UNKNOWN


_Rule = Callable[[_Writer, exp.Expression], _Fact]


def _join(facts: list[_Fact], kind: Type, *, can_fail: bool = False) -> _Fact:
    return _Fact(
        type=kind,
        holds_aggregate=any(item.holds_aggregate for item in facts),
        holds_subquery=any(item.holds_subquery for item in facts),
        can_fail=can_fail,
    )


def _plain(writer: _Writer, node: exp.Expression) -> _Fact:
    """A form without a rule of its own can fail, for all that is known."""
    return _join(writer.children(node), UNKNOWN, can_fail=True)


def _column(writer: _Writer, node: exp.Expression) -> _Fact:
    return _Fact(type=writer.column(node))


def _literal(_: _Writer, node: exp.Expression) -> _Fact:
    if node.is_string:
        return _Fact(type=Type(kind="literal", text=node.name))
    return _Fact(type=number_type(node.name))


def _constant(kind: Type) -> _Rule:
    return lambda _writer, _node: _Fact(type=kind)


def _same(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    return _join(facts, facts[0].type)


def _negative(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    is_total = facts[0].type.kind == "float" or isinstance(node.this, exp.Literal)
    return _join(facts, facts[0].type, can_fail=not is_total)


def _logic(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    is_total = all(item.type.kind in {"bool", "null"} for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _compare(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    _, is_total = unify(item.type for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _is(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    is_total = isinstance(node.expression, exp.Null) or facts[0].type.kind in {"bool", "null"}
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _like(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    is_total = all(item.type.kind in _TEXTS for item in facts)
    return _join(facts, BOOLEAN, can_fail=not is_total)


def _escape(writer: _Writer, node: exp.Expression) -> _Fact:
    # The LIKE below is one operation with its ESCAPE: it is settled here, not wrapped by itself.
    facts = [*writer.children(node.this), writer.settled(node.expression)]
    return _join(facts, BOOLEAN, can_fail=True)


def _in(writer: _Writer, node: exp.Expression) -> _Fact:
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


def _exists(_: _Writer, __: exp.Expression) -> _Fact:
    return _Fact(type=BOOLEAN, holds_subquery=True)


def _subquery(writer: _Writer, node: exp.Expression) -> _Fact:
    return _Fact(type=writer.output(node.this), holds_subquery=True)


def _case(writer: _Writer, node: exp.Expression) -> _Fact:
    settle = writer.settled
    operand = [settle(node.this)] if node.args.get("this") is not None else []
    whens: list[_Fact] = []
    results: list[_Fact] = []
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


def _cast(writer: _Writer, node: exp.Expression) -> _Fact:
    fact = writer.settled(node.this)
    target = parse_type(write_tree(node.args["to"]))
    if type(node) is exp.Cast and target.kind != "text":
        node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))
    return _join([fact], target)


def _extract(writer: _Writer, node: exp.Expression) -> _Fact:
    fact = writer.settled(node.expression)
    return _join([fact], _part_type(node.this.name), can_fail=True)


def _part_type(part: str) -> Type:
    return FLOAT if part.lower() == "epoch" else Type(kind="int", digits=19)


def _sum_like(writer: _Writer, node: exp.Expression) -> _Fact:
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


def _time_outcome(left: str, right: str, operation: type[exp.Expression]) -> Type:
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


def _divide(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    is_total = all(item.type.is_number for item in facts)
    return _join(facts, FLOAT if is_total else UNKNOWN, can_fail=not is_total)


def _remainder(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    left, right = (item.type for item in facts)
    if left.is_number and right.is_number:
        kind = _number_outcome(left, right, is_product=False)
        return _join(facts, kind, can_fail=kind.kind != "float" or isinstance(node, exp.IntDiv))
    return _join(facts, UNKNOWN, can_fail=True)


def _concatenate(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    kinds = {item.type.kind for item in facts}
    is_text = bool(kinds & {"text", "literal"}) and kinds <= _TEXTS | _PRINTABLE
    return _join(facts, TEXT if is_text else UNKNOWN, can_fail=not is_text)


def _filter(writer: _Writer, node: exp.Expression) -> _Fact:
    fact = writer.settled(node.this)
    writer.condition(node.expression)
    return fact


def _distinct(writer: _Writer, node: exp.Expression) -> _Fact:
    facts = writer.children(node)
    return _join(facts, facts[0].type)


def _call(writer: _Writer, node: exp.Expression) -> _Fact:
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
    return all(
        item.kind in _PATTERNS[letter] for letter, item in zip(letters, types, strict=False)
    )


def _aggregate(node: exp.Expression, function: Function, types: list[Type]) -> _Fact:
    value = node.expressions[0] if node.expressions else None
    if isinstance(value, exp.Distinct):
        value = value.expressions[0]
    if value is not None and function.name in BOOLEAN_AGGREGATES and types[0].kind != "bool":
        _read_as(value, "BOOLEAN")
    if value is not None and function.name in INTERPOLATING_AGGREGATES and types[0].kind == "date":
        _read_as(value, "TIMESTAMP")
    return _Fact(type=_aggregate_type(function, types), holds_aggregate=True)


def _read_as(value: exp.Expression, target: str) -> None:
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


_RULES: Mapping[type[exp.Expression], _Rule] = MappingProxyType(
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
