"""Looking up the columns of an expression, and of the SELECTs and windows inside it."""

from collections.abc import Callable

from sqlglot import exp

from sekisho.sql.columns import Columns
from sekisho.sql.functions import is_aggregate
from sekisho.sql.scopes import Ctes, Place, Scope, SelectFacts
from sekisho.sql.windows import refuse_window, write_out

Query = Callable[[exp.Expr, Scope | None, Ctes], SelectFacts]
"""Looks up the names of an inner query, in the scope around it."""


class Expressions:
    """Walks expressions, and puts what each name means in its place."""

    def __init__(self, columns: Columns, query: Query) -> None:
        self.columns = columns
        self._query = query

    def look_up(
        self, node: exp.Expr, scope: Scope, place: Place, *, having: bool = False
    ) -> exp.Expr:
        """Look up the columns of an expression; give what stands in its place.

        Args:
            node: The expression.
            scope: Of the SELECT in which it stands.
            place: Where in that SELECT.
            having: Whether in HAVING, which looks at aliases before columns that are no keys.
        """
        if isinstance(node, exp.Column):
            return self.columns.look_up(node, scope, place, having=having)
        if isinstance(node, exp.Select | exp.SetOperation):
            self._query(node, scope, scope.ctes)
        elif isinstance(node, exp.Window):
            self._window(node, scope)
        elif isinstance(node, exp.Filter):
            self.look_up(node.this, scope, place, having=having)
            self._children(node.expression, scope, Place.OTHER)
        elif is_aggregate(node):
            self._children(node, scope, Place.MEASURE)
            for child in node.expressions:
                refuse_window(child, "an aggregate")
        else:
            self._children(node, scope, place, having=having)
        return node

    def put(self, node: exp.Expr, scope: Scope, place: Place, *, having: bool = False) -> exp.Expr:
        """Look up an expression, and put what it means in its place in the tree."""
        written = self.look_up(node, scope, place, having=having)
        if written is not node and node.parent is not None:
            node.replace(written)
        return written

    def _children(
        self, node: exp.Expr, scope: Scope, place: Place, *, having: bool = False
    ) -> None:
        for child in list(node.iter_expressions()):
            self.put(child, scope, place, having=having)

    def _window(self, node: exp.Expr, scope: Scope) -> None:
        """Look up a function with OVER: it hands out values of other rows, one by one."""
        write_out(node, scope, self.columns)
        self._children(node.this, scope, Place.WINDOW)
        for item in list(node.args.get("partition_by") or ()):
            self.put(item, scope, Place.GROUP if isinstance(item, exp.Column) else Place.WINDOW)
        if node.args.get("order") is not None:
            self._children(node.args["order"], scope, Place.WINDOW)
        for child in node.iter_expressions():
            refuse_window(child, "a window function")
