"""The rule that reckons constants: `DATE '1998-12-01' - INTERVAL 90 DAY` becomes one date.

A provider's gate would put the operation in TRY, and read the column beside it as a timestamp, and
so the condition would stay here. What is compared with a column of dates is written as a date where
it is a midnight, as DuckDB itself compares them: that holds for every date, infinite ones too.
"""

import calendar
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from sqlglot import exp

from sekisho.federation.draft import Draft
from sekisho.sql.dialect import write_tree
from sekisho.sql.scopes import Resolved, source_number
from sekisho.sql.settling import operands_of
from sekisho.sql.trees import find_nodes
from sekisho.sql.types import UNKNOWN, Type, is_date

Value = Decimal | datetime
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In)
_DAYS = MappingProxyType({"day": 1, "days": 1, "week": 7, "weeks": 7})
_MONTHS = MappingProxyType(
    {"month": 1, "months": 1, "quarter": 3, "quarters": 3, "year": 12, "years": 12}
)
_RECKONED: Mapping[type[exp.Expr], Callable[[Decimal, Decimal], Decimal]] = MappingProxyType(
    {exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul}
)
_MOST_DIGITS = 9
"""Of a number in a reckoning: what comes of two fits in any type that they are read as."""


def fold_constants(draft: Draft) -> Draft:
    """Reckon the constants that columns are compared with."""
    fold(draft.settled())
    return draft


def fold(resolved: Resolved) -> None:
    """Reckon the constants that columns of a tree are compared with, in place."""
    for kind in _COMPARED:
        for node in find_nodes(resolved.tree, kind):
            if not isinstance(node, exp.In) or node.args.get("query") is None:
                _fold(node, resolved)


def _fold(node: exp.Expr, resolved: Resolved) -> None:
    operands = [item.unnest() for item in operands_of(node)]
    columns = [item for item in operands if isinstance(item, exp.Column)]
    types = {_type_of(item, resolved) for item in columns}
    kinds = {item.kind for item in types}
    for operand in operands_of(node):
        value = value_of(operand) if isinstance(operand.unnest(), exp.Binary | exp.Neg) else None
        written = _written(value, kinds) if value is not None else None
        if written is not None:
            operand.replace(written)


def _type_of(column: exp.Expr, resolved: Resolved) -> Type:
    if "source" not in column.meta:
        return UNKNOWN
    relation = resolved.sources[source_number(column)].relation
    return relation.columns.get(column.name, UNKNOWN) if relation is not None else UNKNOWN


def _written(value: Value, kinds: set[str]) -> exp.Expr | None:
    """Write a value to stand beside columns of these kinds; None where that is not the same."""
    if isinstance(value, Decimal):
        number = exp.Literal.number(format(abs(value), "f"))
        fits = bool(kinds) and kinds <= {"int", "dec", "float"}
        return (exp.Neg(this=number) if value < 0 else number) if fits else None
    if kinds == {"date"} and value == datetime(value.year, value.month, value.day):  # noqa: DTZ001
        return _cast(value.date().isoformat(), "DATE")
    return _cast(value.isoformat(sep=" "), "TIMESTAMP") if kinds == {"ts"} else None


def _cast(text: str, kind: str) -> exp.Cast:
    to = exp.DataType.build(kind, dialect="duckdb")
    return exp.Cast(this=exp.Literal.string(text), to=to)


def value_of(node: exp.Expr) -> Value | None:  # noqa: PLR0911  one for each form
    """Reckon a constant: numbers, or a date and an interval; None for anything else."""
    node = node.unnest()
    if isinstance(node, exp.Neg):
        value = value_of(node.this)
        return -value if isinstance(value, Decimal) else None
    if isinstance(node, exp.Literal):
        is_short = len(node.name) <= _MOST_DIGITS and re.fullmatch(r"\d+\.?\d*|\.\d+", node.name)
        return Decimal(node.name) if is_short and not node.is_string else None
    if isinstance(node, exp.Cast):
        is_day = node.this.is_string and write_tree(node.args["to"]) == "DATE"
        return (
            datetime.fromisoformat(node.this.name) if is_day and is_date(node.this.name) else None
        )
    if type(node) not in _RECKONED:
        return None
    left = value_of(node.this)
    if isinstance(node.expression, exp.Interval):
        sign = -1 if isinstance(node, exp.Sub) else 1
        return None if isinstance(node, exp.Mul) else _moved(left, node.expression, sign=sign)
    right = value_of(node.expression)
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    return _RECKONED[type(node)](left, right)


def _moved(start: Value | None, interval: exp.Expr, *, sign: int) -> Value | None:
    """Add an interval to a day as DuckDB does: the last day of a shorter month stands for later."""
    text, unit = interval.this.name, interval.args["unit"].name.lower()
    if not isinstance(start, datetime) or not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        return None
    number = sign * int(text)
    try:
        if unit in _DAYS:
            return start + timedelta(days=number * _DAYS[unit])
        if unit in _MONTHS:
            months = start.year * 12 + start.month - 1 + number * _MONTHS[unit]
            year, month = divmod(months, 12)
            last = calendar.monthrange(year, month + 1)[1]
            return start.replace(year=year, month=month + 1, day=min(start.day, last))
    except (OverflowError, ValueError):
        return None
    return None
