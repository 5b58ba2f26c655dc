"""Making every expression total: an engine may compute one over a row that the filter will hide.

DuckDB names the cell in an error's text, and that there is an error at all tells something of the
cell. So nothing that is computed row by row may fail: casts become TRY_CAST, every other operation
that can fail stands in TRY, which gives NULL. The operation itself is wrapped, not the expression
around it: `a + 1 > 5 OR b` keeps its second half, a key of GROUP BY stays the same expression
wherever it is written, and no part of what stands in a TRY can fail by itself, so that an engine
may move that part out.

What is computed over aggregates and windows comes after the row filter and is left as it is. TRY
holds no subquery, so an operation over one that can fail is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.functions import TRY
from sekisho.sql.operations import RULES, unlisted
from sekisho.sql.places import syntax_refusal
from sekisho.sql.scopes import Resolved, SelectFacts, source_number
from sekisho.sql.set_operations import meet_sides
from sekisho.sql.settling import Fact, read_as
from sekisho.sql.types import BOOLEAN, UNKNOWN, Type


def make_total(resolved: Resolved, *, late_may_fail: bool = True) -> Mapping[int, tuple[Type, ...]]:
    """Rewrite a resolved tree in place so that no expression over a row can fail.

    Args:
        resolved: A tree whose names are looked up.
        late_may_fail: Whether what is computed over aggregates and windows may fail; where an
            answer may be held back, an error would tell of it.

    Returns:
        The types of each SELECT's outputs, as far as they are known, by its number.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for an operation that cannot be made total.

    Source:
        `docs/spec/gate.md`, step 8.
    """
    writer = _Writer(resolved, late_may_fail=late_may_fail)
    for facts in resolved.selects:
        writer.select(facts)
    return MappingProxyType(writer.outputs)


def make_condition_total(node: exp.Expr, columns: Mapping[str, Type]) -> exp.Expr:
    """Make a row filter total; its columns are looked up by their names in lower case."""
    holder = exp.Where(this=node)
    _Writer(None, columns=columns).condition(holder)
    result: exp.Expr = holder.this
    return result


def make_value_total(node: exp.Expr, columns: Mapping[str, Type]) -> tuple[exp.Expr, Type]:
    """Make an expression over one row total; give it with its type, as far as that is known."""
    holder = exp.Paren(this=node)
    fact = _Writer(None, columns=columns).settled(node)
    result: exp.Expr = holder.this
    return result, fact.type


class _Writer:
    """Walks expressions from the leaves up, wrapping what can fail."""

    def __init__(
        self,
        resolved: Resolved | None,
        *,
        columns: Mapping[str, Type] | None = None,
        late_may_fail: bool = True,
    ) -> None:
        self.late_may_fail = late_may_fail
        self._resolved = resolved
        self._columns = columns or {}
        self._numbers = (
            {id(item.node): item.number for item in resolved.selects} if resolved else {}
        )
        self.outputs: dict[int, tuple[Type, ...]] = {}

    def select(self, facts: SelectFacts) -> None:
        """Settle all clauses of one SELECT, or what a set operation gives."""
        node = facts.node
        if facts.sides:
            self.outputs[facts.number] = meet_sides(node, [self.outputs[n] for n in facts.sides])
            return
        self.outputs[facts.number] = tuple(
            self.settled(item.this).type for item in node.expressions
        )
        for join in node.args.get("joins") or ():
            if join.args.get("on") is not None:
                self.condition(join, part="on")
        for clause in ("where", "having", "qualify"):
            if node.args.get(clause) is not None:
                self.condition(node.args[clause])
        distinct = node.args.get("distinct")
        keys = distinct.args.get("on") if distinct is not None else None
        for item in list(keys.expressions) if keys is not None else ():
            self.settled(item)
        for clause in ("group", "order"):
            for item in node.args[clause].expressions if node.args.get(clause) else ():
                self.settled(item.this if isinstance(item, exp.Ordered) else item)

    def condition(self, holder: exp.Expr, *, part: str = "this") -> Fact:
        """Settle an expression that is read as a boolean."""
        fact = self.settled(holder.args[part])
        if fact.type.kind not in {"bool", "null"}:
            read_as(holder.args[part], "BOOLEAN")
        return replace(fact, type=BOOLEAN)

    def settled(self, node: exp.Expr) -> Fact:
        """Learn of an expression what is needed, after wrapping it where it can fail."""
        rule = RULES.get(type(node), unlisted)
        fact = rule(self, node)
        if not fact.can_fail or fact.is_late:
            return fact
        if fact.is_sealed:
            message = "an operation that can fail cannot stand over a subquery"
            if not self.late_may_fail:
                message += ", an aggregate or a window here"
            hint = "cast both sides to DOUBLE, or make their types alike"
            raise syntax_refusal(message, node, hint=hint)
        wrapped = exp.Anonymous(this=TRY.upper())
        node.replace(wrapped)
        wrapped.set("expressions", [node])
        return Fact(type=fact.type)

    def children(self, node: exp.Expr) -> list[Fact]:
        """Settle all operands, in order."""
        return [self.settled(child) for child in list(node.iter_expressions())]

    def column(self, node: exp.Expr) -> Type:
        """Tell a column's type."""
        if self._resolved is None:
            return self._columns.get(node.name.lower(), UNKNOWN)
        source = self._resolved.sources[source_number(node)]
        if source.relation is not None:
            return source.relation.columns.get(node.name, UNKNOWN)
        types = self.outputs.get(source.select if source.select is not None else -1, ())
        names = [item.lower() for item in source.columns]
        position = names.index(node.name.lower())
        return types[position] if position < len(types) else UNKNOWN

    def output(self, node: exp.Expr) -> Type:
        """Tell the type of a subquery that stands as a value."""
        types = self.outputs.get(self._numbers.get(id(node), -1), ())
        return types[0] if types else UNKNOWN
