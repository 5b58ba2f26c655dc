"""Whether a provider computes the same as the residual would: only then may it be asked to.

A provider's gate makes every expression total: a cast becomes TRY_CAST, what can fail stands in
TRY. So what could fail would give NULL there and an error here. What is asked of a provider must
come back from that rewriting unchanged, and must mean the same for every provider of a union.

Where types are not known, comparisons over bare columns and literals are trusted to fit.
"""

import re
from collections.abc import Iterable

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.federation.catalog import Part
from sekisho.federation.draft import columns_of
from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import TRY, has_aggregate, has_window, is_aggregate
from sekisho.sql.parameters import is_parameter
from sekisho.sql.scopes import Resolved
from sekisho.sql.total import make_condition_total, make_total, make_value_total
from sekisho.sql.types import UNKNOWN, Type, meet_to_compare, parse_type

RETYPED = frozenset({"HUGEINT", "INT128", "UHUGEINT", "UUID"})
"""Types that come out of Arrow as others."""
_PARTS_OF_TEXT = frozenset({"substring", "substr", "left", "right"})
_SMALL = re.compile(r"\d{1,6}", re.ASCII)
_COMPARISONS = frozenset(
    {
        exp.Column,
        exp.Identifier,
        exp.Literal,
        exp.Boolean,
        exp.Null,
        exp.Paren,
        exp.Not,
        exp.And,
        exp.Or,
        exp.EQ,
        exp.NEQ,
        exp.LT,
        exp.LTE,
        exp.GT,
        exp.GTE,
        exp.NullSafeEQ,
        exp.NullSafeNEQ,
        exp.Is,
        exp.In,
        exp.Between,
        exp.Like,
        exp.ILike,
    }
)
_CLAUSES = frozenset(
    {
        exp.Select,
        exp.With,
        exp.CTE,
        exp.From,
        exp.Table,
        exp.TableAlias,
        exp.Subquery,
        exp.Where,
        exp.Group,
        exp.Having,
        exp.Order,
        exp.Ordered,
        exp.Limit,
        exp.Offset,
        exp.Distinct,
        exp.Alias,
        exp.Filter,
        exp.Star,
    }
)


def is_exact_condition(condition: exp.Expr, parts: tuple[Part, ...]) -> bool:
    """Tell whether providers would filter by a condition as the residual does.

    Args:
        condition: Over columns of one reference, all of which every part shows.
        parts: Whose rows it filters.
    """
    if condition.find(exp.Query) is not None or has_aggregate(condition):
        return False
    names = frozenset(column.name.lower() for column in columns_of(condition))
    if not are_known(parts, names):
        return _is_plain(condition, _COMPARISONS)
    return are_alike(parts, names) and all(
        _is_total(condition, _types(part, names)) for part in parts
    )


def is_exact_value(value: exp.Expr, parts: tuple[Part, ...]) -> bool:
    """Tell whether providers would compute a value over a row as the residual does.

    Args:
        value: Over columns of one reference, whose types every part must show.
        parts: Whose rows it is computed over.
    """
    if value.find(exp.Query) is not None or has_aggregate(value) or has_window(value):
        return False
    names = frozenset(column.name.lower() for column in columns_of(value))
    if not are_known(parts, names):
        return False
    # A column alone is brought to the union's type after it was computed on.
    is_bare = isinstance(value, exp.Column)
    return (
        (is_bare or _is_carried(value, parts))
        and are_alike(parts, names)
        and all(_is_total_value(value, _types(part, names)) for part in parts)
    )


def value_type(value: exp.Expr, parts: tuple[Part, ...]) -> Type | None:
    """Tell the type of a value, where its operands fit together."""
    names = frozenset(column.name.lower() for column in columns_of(value))
    if not are_known(parts, names) or not are_alike(parts, names):
        return None
    try:
        return make_value_total(value.copy(), _types(parts[0], names))[1]
    except Refusal:
        return None


def is_exact_query(resolved: Resolved) -> bool:
    """Tell whether a provider would compute a whole query as it is written.

    Args:
        resolved: A query over one provider's datasets; its tree is not to be used afterwards.
    """
    if not _is_typed(resolved):
        return _is_plain(resolved.tree, _COMPARISONS | _CLAUSES)
    _settle_casts(resolved.tree)
    before = write_tree(resolved.tree)
    try:
        make_total(resolved)
    except Refusal:
        return False
    return _without_idle_try(resolved.tree) == before


def are_known(parts: tuple[Part, ...], names: Iterable[str]) -> bool:
    """Tell whether the types of some columns are known at every provider."""
    return all(_type_name(part, name) for name in names for part in parts)


def are_alike(parts: tuple[Part, ...], names: Iterable[str]) -> bool:
    """Tell whether some columns are of one type at every provider, or of whole numbers."""
    return all(_is_one_type([_type(part, name) for part in parts]) for name in names)


def are_same(parts: tuple[Part, ...], names: Iterable[str]) -> bool:
    """Tell whether leaving out a provider cannot change the types of some columns."""
    return all(len({_type_name(part, name).upper() for part in parts}) == 1 for name in names)


def _is_one_type(types: list[Type]) -> bool:
    return len(set(types)) == 1 or all(item.kind == "int" for item in types)


def _type_name(part: Part, name: str) -> str:
    column = part.column(name)
    return column.type if column is not None else ""


def _type(part: Part, name: str) -> Type:
    return parse_type(_type_name(part, name))


def _types(part: Part, names: Iterable[str]) -> dict[str, Type]:
    return {name: _type(part, name) for name in names}


def _is_typed(resolved: Resolved) -> bool:
    """Tell whether the type of every column that a query reads is known."""
    return all(
        item.source.relation.columns[item.column] != UNKNOWN
        for item in resolved.references
        if item.source.relation is not None
    )


def _is_total(condition: exp.Expr, types: dict[str, Type]) -> bool:
    holder = exp.Where(this=condition.copy())
    _settle_casts(holder)
    before = write_tree(holder.this)
    try:
        return _without_idle_try(make_condition_total(holder.this, types)) == before
    except Refusal:
        return False


def _is_total_value(value: exp.Expr, types: dict[str, Type]) -> bool:
    holder = exp.Paren(this=value.copy())
    _settle_casts(holder)
    before = write_tree(holder.this)
    try:
        return _without_idle_try(make_value_total(holder.this, types)[0]) == before
    except Refusal:
        return False


def _without_idle_try(tree: exp.Expr) -> str:
    """Write a tree that a gate has made total, without TRY around what cannot fail."""
    holder = exp.Paren(this=tree.copy())
    for node in list(holder.find_all(exp.Anonymous)):
        if str(node.this).lower() == TRY and _is_sure(node.expressions[0]):
            node.replace(node.expressions[0])
    return write_tree(holder.this)


def _is_sure(node: exp.Expr) -> bool:
    """Tell whether a call cannot fail: a part of a text, its place and length small numbers."""
    if not isinstance(node, exp.Anonymous) or str(node.this).lower() not in _PARTS_OF_TEXT:
        return False
    return all(
        isinstance(item, exp.Literal) and not item.is_string and _SMALL.fullmatch(item.name)
        for item in node.expressions[1:]
    )


def _is_carried(value: exp.Expr, parts: tuple[Part, ...]) -> bool:
    """Tell whether no type stands in an expression that Arrow has not."""
    columns = {_type_name(part, item.name).upper() for item in columns_of(value) for part in parts}
    casts = {write_tree(item.args["to"]).upper() for item in value.find_all(exp.Cast)}
    return RETYPED.isdisjoint(columns | casts)


def _is_plain(tree: exp.Expr, forms: frozenset[type[exp.Expr]]) -> bool:
    passed = _inside(tree)
    return all(
        type(node) in forms or _is_plain_leaf(node)
        for node in tree.walk()
        if id(node) not in passed
    )


def _inside(tree: exp.Expr) -> frozenset[int]:
    """Find what stands inside a leaf of `_is_plain`, which looks at it as a whole."""
    return frozenset(
        id(inner)
        for node in tree.walk()
        if isinstance(node, exp.Cast) and _is_plain_leaf(node)
        for inner in node.walk()
        if inner is not node
    )


def _is_plain_leaf(node: exp.Expr) -> bool:
    if isinstance(node, exp.Cast):
        return is_parameter(node) or _casts_surely(node)
    if isinstance(node, exp.Neg):
        return isinstance(node.this, exp.Literal)
    return is_aggregate(node)


def _settle_casts(tree: exp.Expr) -> None:
    """Write the casts that cannot fail as the gate will."""
    for node in list(tree.find_all(exp.Cast)):
        if type(node) is exp.Cast and _casts_surely(node):
            node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))


def _casts_surely(node: exp.Cast) -> bool:
    value = node.this
    if not isinstance(value, exp.Literal) or not value.is_string:
        return False
    literal = Type(kind="literal", text=value.name)
    meeting = meet_to_compare([literal, parse_type(write_tree(node.args["to"]))])
    return meeting is not None and not meeting.casts
