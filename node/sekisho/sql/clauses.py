"""The clauses of a SELECT after FROM: where its names are looked up, in the order of DuckDB."""

from sqlglot import exp

from sekisho.sql.expressions import Expressions
from sekisho.sql.functions import has_aggregate, has_window
from sekisho.sql.outputs import alias_position, write_all, written_position
from sekisho.sql.places import syntax_refusal
from sekisho.sql.scopes import Place, Reference, Scope, source_number
from sekisho.sql.trees import find_nodes
from sekisho.sql.windows import refuse_window


def look_up_clauses(scope: Scope, expressions: Expressions) -> None:
    """Look up the names of every clause after the SELECT list.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for what may not stand in a clause.
    """
    _where(scope, expressions)
    _group(scope, expressions)
    _having(scope, expressions)
    _qualify(scope, expressions)
    _distinct_on(scope, expressions)
    _order(scope, expressions)
    _mark_keys(scope, expressions)


def _where(scope: Scope, expressions: Expressions) -> None:
    clause = scope.select.args.get("where")
    if clause is not None:
        value = expressions.put(clause.this, scope, Place.FILTER)
        refuse_window(value, "WHERE")
        if has_aggregate(value):
            message = "an aggregate cannot stand in WHERE"
            raise syntax_refusal(message, clause, hint="use HAVING")


def _group(scope: Scope, expressions: Expressions) -> None:
    clause = scope.select.args.get("group")
    if clause is None:
        return
    if clause.args.get("all"):
        _group_by_all(clause, scope)
    for item in list(clause.expressions):
        _group_key(item, scope, expressions)


def _group_by_all(clause: exp.Expr, scope: Scope) -> None:
    """Write out what GROUP BY ALL means: every output that holds a column, outside aggregates."""
    clause.set("all", None)
    outputs = scope.select.expressions
    for item in outputs:
        refuse_window(item.this, "a SELECT with GROUP BY ALL")
    keys = [n for n, item in enumerate(outputs, 1) if _varies(item.this, scope)]
    clause.set("expressions", [exp.Literal.number(n) for n in keys])
    if not keys and not any(has_aggregate(item.this) for item in outputs):
        message = "GROUP BY ALL has nothing to group by"
        raise syntax_refusal(message, scope.select, hint="use DISTINCT, or leave it out")
    if not keys:
        scope.select.set("group", None)
        scope.select.meta["aggregated"] = True


def _varies(value: exp.Expr, scope: Scope) -> bool:
    """Tell whether an output without an aggregate depends on a row."""
    numbers = {source.number for source in scope.sources}
    columns = find_nodes(value, exp.Column)
    return not has_aggregate(value) and any(source_number(item) in numbers for item in columns)


def _group_key(item: exp.Expr, scope: Scope, expressions: Expressions) -> None:
    while isinstance(item, exp.Paren):
        item = item.replace(item.this)
    position = written_position(item, scope)
    if position is None and _is_bare(item) and not expressions.columns.is_column(item, scope):
        position = alias_position(item.name, scope)
    if position is not None:
        value = scope.select.expressions[position - 1].this
        item.replace(exp.Literal.number(position))
        _check_key(value, item)
        _record_key(value, scope, expressions)
        return
    value = expressions.put(item, scope, Place.GROUP if _is_column(item) else Place.OTHER)
    _check_key(value, item)
    if not value.find(exp.Column):
        message = "a key of GROUP BY must name a column, an alias or a position"
        raise syntax_refusal(message, item)
    if _is_column(value):
        scope.keys.add((source_number(value), value.name.lower()))


def _check_key(value: exp.Expr, item: exp.Expr) -> None:
    refuse_window(value, "a key of GROUP BY")
    if has_aggregate(value):
        message = "a key of GROUP BY cannot hold an aggregate"
        raise syntax_refusal(message, item)


def _record_key(value: exp.Expr, scope: Scope, expressions: Expressions) -> None:
    """Record that a projection is a key."""
    if _is_column(value):
        source = expressions.columns.sources[source_number(value)]
        expressions.columns.record(source, value.name, Place.GROUP, node=value)
        scope.keys.add((source.number, value.name.lower()))


def _having(scope: Scope, expressions: Expressions) -> None:
    clause = scope.select.args.get("having")
    if clause is not None:
        refuse_window(expressions.put(clause.this, scope, Place.FILTER, having=True), "HAVING")


def _qualify(scope: Scope, expressions: Expressions) -> None:
    clause = scope.select.args.get("qualify")
    if clause is None:
        return
    value = expressions.put(clause.this, scope, Place.FILTER)
    if not any(has_window(item) for item in (value, *scope.select.expressions)):
        message = "QUALIFY needs a window function"
        raise syntax_refusal(message, clause, hint="use WHERE or HAVING")


def _distinct_on(scope: Scope, expressions: Expressions) -> None:
    """Look up what each row that stays is the first of."""
    clause = scope.select.args.get("distinct")
    keys = clause.args.get("on") if clause is not None else None
    for item in list(keys.expressions) if keys is not None else ():
        place = Place.GROUP if _is_column(item) else Place.OTHER
        refuse_window(_by(item, scope, expressions, place=place), "DISTINCT ON")


def _order(scope: Scope, expressions: Expressions) -> None:
    clause = scope.select.args.get("order")
    write_all(clause, len(scope.select.expressions))
    for item in clause.expressions if clause is not None else ():
        _by(item.this, scope, expressions, place=Place.ORDER)


def _by(value: exp.Expr, scope: Scope, expressions: Expressions, *, place: Place) -> exp.Expr:
    """Look up a key that is an output by its position, or by its alias before a column."""
    position = written_position(value, scope)
    if position is None and _is_bare(value):
        position = alias_position(value.name, scope)
    if position is not None:
        number = exp.Literal.number(position)
        value.replace(number)
        return number
    if isinstance(value, exp.Literal | exp.Boolean | exp.Null | exp.Var):
        message = "ORDER BY and DISTINCT ON take columns, expressions over them, or positions"
        raise syntax_refusal(message, value)
    return expressions.put(value, scope, place)


def _mark_keys(scope: Scope, expressions: Expressions) -> None:
    """Say of each column that stands alone in the SELECT list whether it is a key."""
    bare = {
        id(item.this)
        for item in scope.select.expressions
        if _is_column(item.this)
        and (source_number(item.this), item.this.name.lower()) in scope.keys
    }
    columns = expressions.columns
    columns.references = [
        Reference(source=ref.source, column=ref.column, place=Place.KEY, node=ref.node)
        if id(ref.node) in bare and ref.place is Place.PROJECTION
        else ref
        for ref in columns.references
    ]


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column)


def _is_bare(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and not node.args.get("table")
