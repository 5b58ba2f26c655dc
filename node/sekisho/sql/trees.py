"""Walking a tree: every node, each before what it holds, in the order in which it is written.

sqlglot's own walks cost several times as much, and a decision walks a tree often.
"""

from collections.abc import Iterator
from typing import TypeVar

from sqlglot import exp

Node = TypeVar("Node", bound=exp.Expr)


def nodes_of(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield every node of a tree; a node that is changed is left alone until it is passed."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(children_of(node))


def outside_queries(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield every node of an expression, but not what stands in the queries inside it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, exp.Query):
            waiting += reversed(children_of(node))


def find_nodes(tree: exp.Expr, kind: type[Node]) -> list[Node]:
    """List the nodes of a class, before anything is changed."""
    return [node for node in nodes_of(tree) if isinstance(node, kind)]


def children_of(node: exp.Expr) -> list[exp.Expr]:
    """List what a node holds, in order."""
    children: list[exp.Expr] = []
    for value in node.args.values():
        if type(value) is list:
            children += [item for item in value if isinstance(item, exp.Expr)]
        elif isinstance(value, exp.Expr):
            children.append(value)
    return children
