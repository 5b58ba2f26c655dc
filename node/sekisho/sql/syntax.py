"""The allow-list: which forms of SQL a query may hold; everything else is refused by default.

A form is a class of sqlglot's nodes with the parts of it that may be filled. Nothing here looks at
names: which relations and columns exist is for `scopes` to decide.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.sql.forms import CAST_TYPES, FORMS, WORDS
from sekisho.sql.functions import (
    DATE_PART_FUNCTIONS,
    DATE_PARTS,
    FUNCTIONS,
    INTERVAL_UNITS,
    QUANTILES,
    Function,
)
from sekisho.sql.places import nearest, place_of, shown, syntax_refusal
from sekisho.sql.trees import nodes_of
from sekisho.sql.types import is_date
from sekisho.sql.window_syntax import (
    check_frame,
    check_ignore_nulls,
    check_outside,
    check_window,
)

_WIDTH = re.compile(r"[0-9]{1,3}|1000")
_COUNT = re.compile(r"[1-9]\d{0,8}")


def check_syntax(tree: exp.Expr) -> None:
    """Refuse a tree that holds a form, a function or a type that is not on the lists.

    Args:
        tree: One query as `dialect` read it.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` or `FUNCTION_NOT_ALLOWED`, at the first such node.

    Source:
        `docs/spec/gate.md`, step 4.
    """
    for node in nodes_of(tree):
        _check_form(node)
        check = _CHECKS.get(type(node))
        if check is not None:
            check(node)


def _check_form(node: exp.Expr) -> None:
    allowed = FORMS.get(type(node))
    if allowed is None:
        raise _form_refusal(type(node).__name__, node)
    for part, value in node.args.items():
        if value and part not in allowed:
            raise _form_refusal(part, node)


def _form_refusal(name: str, node: exp.Expr) -> Refusal:
    words, hint = WORDS.get(name, ("", ""))
    if isinstance(node, exp.Func) and not words:
        return _function_refusal(node.sql_name().lower(), node)
    words = words or f"the form {shown(name.strip('_').lower())}"
    message = f"{words} is not allowed in a query"
    return syntax_refusal(message, node, hint=hint)


def _function_refusal(name: str, node: exp.Expr) -> Refusal:
    line, column = place_of(node)
    return Refusal(
        RefusalReason.FUNCTION_NOT_ALLOWED,
        f"the function {shown(name)} is not on the list",
        line=line,
        column=column,
        allowed=nearest(name, FUNCTIONS),
        hint="docs/reference/functions.md lists the functions that a query may call",
    )


def _check_call(node: exp.Expr) -> None:
    name = node.this
    if not isinstance(name, str):
        message = "a quoted name cannot be called"
        raise syntax_refusal(message, node, hint="write the function's name without quotes")
    function = FUNCTIONS.get(name.lower())
    if function is None:
        raise _function_refusal(name.lower(), node)
    _check_arguments(node, function)
    check_outside(node, function)
    for at, argument in enumerate(node.expressions):
        if function.letter(at) == "c":
            _check_count(argument)
        if function.letter(at) == "w":
            _check_width(argument)
    if function.name in DATE_PART_FUNCTIONS:
        _check_part(node.expressions[0])
    if function.name in QUANTILES:
        _check_fraction(node.expressions[1])


def _check_arguments(node: exp.Expr, function: Function) -> None:
    arguments = node.expressions
    distinct = arguments[0] if arguments and isinstance(arguments[0], exp.Distinct) else None
    if distinct and (not function.is_aggregate or len(distinct.expressions) != 1):
        message = "DISTINCT stands before one argument of an aggregate only"
        raise syntax_refusal(message, node)
    if not function.least <= len(arguments) <= function.most:
        wanted = f"{function.least} to {function.most}"
        message = f"the function {shown(function.name)} takes {wanted} arguments"
        raise syntax_refusal(message, node)
    stars = [item for item in arguments if isinstance(item, exp.Star)]
    if stars and function.name != "count":
        message = f"the function {shown(function.name)} does not take `*`"
        raise syntax_refusal(message, node, hint="name the columns")
    if any(isinstance(item, exp.Alias) for item in arguments):
        message = "a named argument is not allowed"
        raise syntax_refusal(message, node)


def _check_part(node: exp.Expr) -> None:
    if not isinstance(node, exp.Literal) or node.name.lower() not in DATE_PARTS:
        message = "a date part must be written out, such as 'month'"
        line, column = place_of(node.parent or node)
        raise Refusal(
            RefusalReason.SYNTAX_NOT_ALLOWED,
            message,
            line=line,
            column=column,
            allowed=tuple(sorted(DATE_PARTS)),
        )


def _check_fraction(node: exp.Expr) -> None:
    is_fraction = (
        isinstance(node, exp.Literal)
        and not node.is_string
        and re.fullmatch(r"0|1|0?\.\d{1,9}|[01]\.0{0,9}|0\.\d{0,9}", node.name)
    )
    if not is_fraction:
        message = "the fraction of a quantile must be written out, from 0 to 1"
        raise syntax_refusal(message, node.parent, hint="such as quantile_cont(x, 0.9)")


def _check_count(node: exp.Expr) -> None:
    if not isinstance(node, exp.Literal) or node.is_string or not _COUNT.fullmatch(node.name):
        message = "a number of rows must be written out, from 1"
        raise syntax_refusal(message, node.parent, hint="such as lag(x, 1)")


def _check_width(node: exp.Expr) -> None:
    if not isinstance(node, exp.Literal) or node.is_string or not _WIDTH.fullmatch(node.name):
        message = "a width must be written out, up to 1000"
        raise syntax_refusal(message, node.parent, hint="such as lpad(x, 8, '0')")


def _check_extract(node: exp.Expr) -> None:
    if node.this.name.lower() not in DATE_PARTS:
        message = f"{shown(node.this.name)} is not a part of a date"
        raise syntax_refusal(message, node.expression, hint="such as extract(year FROM day)")


def _check_interval(node: exp.Expr) -> None:
    amount, unit = node.this, node.args.get("unit")
    is_plain = (
        isinstance(amount, exp.Literal)
        and re.fullmatch(r"-?\d{1,9}", amount.name)
        and isinstance(unit, exp.Var)
        and unit.name.lower() in INTERVAL_UNITS
    )
    if not is_plain:
        message = "an interval must be a whole number and one unit"
        raise syntax_refusal(message, node.parent, hint="such as INTERVAL 3 DAY")


def _check_rows(node: exp.Expr) -> None:
    value = node.args["expression"]
    if not isinstance(value, exp.Literal) or not re.fullmatch(r"\d{1,18}", value.name):
        message = "LIMIT and OFFSET take a whole number"
        raise syntax_refusal(message, value)
    if value.is_string:
        message = "LIMIT and OFFSET take a whole number"
        raise syntax_refusal(message, value)


def _check_type(node: exp.Expr) -> None:
    name = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    arguments = [item.this for item in node.expressions]
    if name not in CAST_TYPES or node.args.get("nested"):
        message = f"a cast to {shown(name.lower())} is not allowed"
        raise syntax_refusal(message, node.parent, hint="cast to a plain type, such as INTEGER")
    if arguments and not (
        name == "DECIMAL" and len(arguments) in {1, 2} and _are_numbers(arguments)
    ):
        message = f"the type {shown(name.lower())} takes no such arguments"
        raise syntax_refusal(message, node.parent)


def _are_numbers(items: list[exp.Expr]) -> bool:
    return all(
        isinstance(item, exp.Literal) and re.fullmatch(r"\d{1,2}", item.name) for item in items
    )


def _check_cast(node: exp.Expr) -> None:
    value = node.this
    if (
        isinstance(value, exp.Literal)
        and value.is_string
        and node.args["to"].this is exp.DType.DATE
        and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.name)
        and not is_date(value.name)
    ):
        message = f"{shown(value.name)} is not a date"
        raise syntax_refusal(message, node.parent)


def _check_literal(node: exp.Expr) -> None:
    if not node.is_string and not re.fullmatch(
        r"(\d{1,38}(\.\d{0,38})?|\.\d{1,38})(e[+-]?\d{1,3})?", node.name, re.IGNORECASE
    ):
        message = f"{shown(node.name)} is not a plain number"
        raise syntax_refusal(message, node.parent)


def _check_is(node: exp.Expr) -> None:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        message = "IS stands before NULL, TRUE or FALSE"
        raise syntax_refusal(message, node)


def _check_join(node: exp.Expr) -> None:
    side, kind = (node.args.get(part) or "" for part in ("side", "kind"))
    if side.upper() not in {"", "LEFT", "RIGHT", "FULL"} or kind.upper() not in {
        "",
        "INNER",
        "OUTER",
        "CROSS",
    }:
        message = f"a {side} {kind} join is not allowed".replace("  ", " ").lower()
        raise syntax_refusal(message, node, hint="use JOIN … ON, or WHERE EXISTS")


def _check_star(node: exp.Expr) -> None:
    """A star is a whole item of a SELECT list, or the argument of count."""
    holder = node.parent if not isinstance(node.parent, exp.Column) else node.parent.parent
    if not isinstance(holder, exp.Select | exp.Anonymous):
        message = "only a plain `*` is allowed"
        raise syntax_refusal(message, node, hint="name the columns")


def _check_filter(node: exp.Expr) -> None:
    call = node.this
    function = FUNCTIONS.get(str(call.this).lower()) if isinstance(call, exp.Anonymous) else None
    if function is None or not function.is_aggregate:
        message = "FILTER stands after an aggregate only"
        raise syntax_refusal(message, node)


def _check_escape(node: exp.Expr) -> None:
    letter = node.expression
    if not isinstance(letter, exp.Literal) or len(letter.name) != 1:
        message = "ESCAPE takes one character"
        raise syntax_refusal(message, node)
    if not isinstance(node.this, exp.Like | exp.ILike):
        message = "ESCAPE stands after LIKE or ILIKE only"
        raise syntax_refusal(message, node)


def _check_subquery(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Query):
        message = "brackets around a relation hold one SELECT"
        raise syntax_refusal(message, node)


def _check_tuple(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Distinct) or node.arg_key != "on":
        raise _form_refusal("Tuple", node)


def _check_table(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Identifier):
        name = str(getattr(node.this, "this", "")).lower()
        raise _function_refusal(name, node)
    alias = node.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise _form_refusal("columns", node)


_CHECKS: Mapping[type[exp.Expr], Callable[[exp.Expr], None]] = MappingProxyType(
    {
        exp.Anonymous: _check_call,
        exp.Cast: _check_cast,
        exp.TryCast: _check_cast,
        exp.DataType: _check_type,
        exp.Escape: _check_escape,
        exp.Extract: _check_extract,
        exp.Filter: _check_filter,
        exp.Interval: _check_interval,
        exp.Is: _check_is,
        exp.Join: _check_join,
        exp.Limit: _check_rows,
        exp.Literal: _check_literal,
        exp.Offset: _check_rows,
        exp.Star: _check_star,
        exp.Subquery: _check_subquery,
        exp.Table: _check_table,
        exp.Tuple: _check_tuple,
        exp.IgnoreNulls: check_ignore_nulls,
        exp.Window: check_window,
        exp.WindowSpec: check_frame,
    }
)
