"""OVER: what a named window stands for, written out, and where windows may stand at all."""

from sqlglot import exp

from sekisho.sql.columns import Columns
from sekisho.sql.functions import has_window
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import Scope
from sekisho.sql.trees import nodes_of


def name_windows(scope: Scope) -> None:
    """Take the clause WINDOW out of a SELECT, and keep what it names.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for two windows of one name.
    """
    for window in scope.select.args.get("windows") or ():
        name = window.this.name.lower()
        if name in scope.windows:
            message = f"two windows are called {shown(name)}"
            raise syntax_refusal(message, window)
        scope.windows[name] = window
    scope.select.set("windows", None)


def write_out(window: exp.Expr, scope: Scope, columns: Columns) -> None:
    """Write what a named window stands for in the place of its name.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for a name that is none, or a window that is named and given
            what it has.
    """
    alias = window.args.get("alias")
    if alias is None:
        return
    named = scope.windows.get(alias.name.lower())
    if named is None:
        message = f"no window is called {shown(alias.name)}"
        raise syntax_refusal(message, window)
    columns.count(sum(1 for _ in nodes_of(named)), window)
    window.set("alias", None)
    for part in ("partition_by", "order", "spec"):
        written = named.args.get(part)
        if written and window.args.get(part):
            message = f"the window {shown(alias.name)} is given twice what it has"
            raise syntax_refusal(message, window, hint="write the whole window out")
        if written:
            is_list = isinstance(written, list)
            window.set(part, [item.copy() for item in written] if is_list else written.copy())


def refuse_window(node: exp.Expr, where: str) -> None:
    """Refuse a function with OVER where none may stand.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    if has_window(node):
        message = f"a window function cannot stand in {where}"
        raise syntax_refusal(message, node, hint="use QUALIFY, or an inner SELECT")
