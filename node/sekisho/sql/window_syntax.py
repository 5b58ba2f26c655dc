"""The allow-list for OVER: which functions, frames and named windows a query may hold."""

import re

from sqlglot import exp

from sekisho.sql.functions import FUNCTIONS, Function, FunctionClass
from sekisho.sql.places import shown, syntax_refusal

_KINDS = frozenset({"ROWS", "RANGE", "GROUPS"})
_ENDS = frozenset({"UNBOUNDED", "CURRENT ROW"})
_SIDES = frozenset({"", "PRECEDING", "FOLLOWING"})
_EXCLUDED = frozenset({"", "CURRENT ROW", "GROUP", "TIES", "NO OTHERS"})
IGNORING_NULLS = frozenset("lag lead first_value last_value nth_value".split())
"""Functions that may leave NULLs out."""


def check_window(node: exp.Expr) -> None:
    """Refuse what stands before OVER and is no function over rows, or a window that is a name.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    if node.arg_key == "windows":
        if node.args.get("alias") is not None:
            message = "a named window cannot name another"
            raise syntax_refusal(message, node, hint="write out what it stands for")
        return
    function = called(node)
    if function is None or function.function_class is FunctionClass.SCALAR:
        message = "OVER stands after an aggregate or a window function only"
        raise syntax_refusal(message, node)


def called(window: exp.Expr) -> Function | None:
    """Tell which function a window computes."""
    call = window.this.this if isinstance(window.this, exp.Filter) else window.this
    return FUNCTIONS.get(str(call.this).lower()) if isinstance(call, exp.Anonymous) else None


def check_frame(node: exp.Expr) -> None:
    """Refuse a frame whose bounds are not written out: an engine may fail over a computed one.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    kind = str(node.args.get("kind") or "").upper()
    sides = [str(node.args.get(part) or "").upper() for part in ("start_side", "end_side")]
    excluded = str(node.args.get("exclude") or "").upper()
    if kind not in _KINDS or not set(sides) <= _SIDES or excluded not in _EXCLUDED:
        message = "this frame of a window is not allowed"
        raise syntax_refusal(message, node.parent)
    for part in ("start", "end"):
        _check_bound(node.args.get(part), kind, node)


def _check_bound(bound: object, kind: str, node: exp.Expr) -> None:
    if bound is None or (isinstance(bound, str) and bound.upper() in _ENDS):
        return
    is_number = isinstance(bound, exp.Literal) and not bound.is_string
    if kind == "RANGE" and (is_number or isinstance(bound, exp.Interval)):
        return
    if isinstance(bound, exp.Literal) and is_number and re.fullmatch(r"\d{1,9}", bound.name):
        return
    message = "a bound of a frame is a whole number, or with RANGE a number or an interval"
    hint = "such as ROWS BETWEEN 3 PRECEDING AND CURRENT ROW"
    raise syntax_refusal(message, node.parent, hint=hint)


def check_outside(node: exp.Expr, function: Function) -> None:
    """Refuse a window function without OVER.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    if function.function_class is FunctionClass.WINDOW and not isinstance(node.parent, exp.Window):
        message = f"the function {shown(function.name)} needs OVER"
        hint = f"such as {function.name}() OVER (ORDER BY …)"
        raise syntax_refusal(message, node, hint=hint)


def check_ignore_nulls(node: exp.Expr) -> None:
    """Refuse IGNORE NULLS elsewhere than in the first argument of a function that heeds it.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    call = node.parent
    is_first = isinstance(call, exp.Anonymous) and call.expressions[0] is node
    if call is None or not is_first or str(call.this).lower() not in IGNORING_NULLS:
        message = "IGNORE NULLS stands after the first argument of lag, lead or a value of a frame"
        raise syntax_refusal(message, node, hint="such as last_value(x IGNORE NULLS) OVER (…)")
