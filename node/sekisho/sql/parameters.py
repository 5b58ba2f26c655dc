"""Parameters: `$day` and `?` in a query, which stand in a plan as a cast of what is bound there.

A plan says each parameter's type in so many words, `CAST($v_day AS DATE)`: what a query means does
not depend on how an engine guesses types. The names in a plan are the gate's own, so that no caller
can name the plan's text literals or keys.
"""

from collections.abc import Mapping

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.sql.places import place_of, shown, syntax_refusal
from sekisho.sql.trees import find_nodes

PREFIX = "v_"
"""Before a parameter's name in a plan."""


def type_parameters(tree: exp.Expr, types: Mapping[str, str]) -> None:
    """Write each parameter as a cast to its stated type, in place.

    Args:
        tree: As it was read.
        types: DuckDB's type by the parameter's name.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for a parameter without a type, or a type without a parameter.
    """
    used = set()
    for node in find_nodes(tree, exp.Placeholder):
        if node.name not in types:
            raise _without_value(node, types)
        used.add(node.name)
        to = exp.DataType.build(types[node.name], dialect="duckdb")
        node.replace(exp.Cast(this=exp.Placeholder(this=PREFIX + node.name), to=to))
    for name in types:
        if name not in used:
            message = f"the parameter {shown(name)} does not stand in the query"
            raise syntax_refusal(message, hint=f"write ${name} where its value belongs")


def is_parameter(node: exp.Expr) -> bool:
    """Tell whether a node is a parameter with its cast."""
    return isinstance(node, exp.Cast) and isinstance(node.this, exp.Placeholder)


def parameters_of(tree: exp.Expr) -> tuple[str, ...]:
    """Name the query's parameters that a tree still holds."""
    found = (node.name for node in find_nodes(tree, exp.Placeholder))
    names = (name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX))
    return tuple(dict.fromkeys(names))


def as_written(tree: exp.Expr) -> exp.Expr:
    """Write parameters as a query does, `$day`, in place; give the tree."""
    for node in find_nodes(tree, exp.Cast):
        if is_parameter(node):
            written = exp.Placeholder(this=node.this.name.removeprefix(PREFIX))
            if node is tree:
                return written
            node.replace(written)
    return tree


def _without_value(node: exp.Expr, types: Mapping[str, str]) -> Refusal:
    line, column = place_of(node)
    return Refusal(
        RefusalReason.SYNTAX_NOT_ALLOWED,
        f"the parameter {shown(node.name or '?')} has no value",
        line=line,
        column=column,
        allowed=tuple(types),
        hint="give it one, such as --parameter NAME=VALUE",
    )
