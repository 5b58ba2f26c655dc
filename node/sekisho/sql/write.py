"""From a checked tree to the text that runs: names quoted, text literals as parameters."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import DATE_PART_FUNCTIONS
from sekisho.sql.trees import find_nodes


def bind_literals(tree: exp.Expr) -> Mapping[str, str]:
    """Replace the text literals of a tree, in place, by parameters `$p0`, `$p1` and so on.

    The same text is one parameter, so that a key of GROUP BY still equals its projection. Numbers,
    date parts and intervals stay as they are: they come from closed lists, and a bound number
    would change the type of what is computed with it.

    Returns:
        The texts by their parameters' names, without the `$`.

    Source:
        `docs/spec/gate.md`, step 9.
    """
    names: dict[str, str] = {}
    for literal in find_nodes(tree, exp.Literal):
        if literal.is_string and not _stays(literal):
            name = names.setdefault(literal.name, f"p{len(names)}")
            literal.replace(exp.Placeholder(this=name))
    return MappingProxyType({name: text for text, name in names.items()})


def write_query(tree: exp.Expr) -> str:
    """Write a checked tree as the text that an engine runs."""
    return write_tree(tree, quote_names=True)


def _stays(literal: exp.Expr) -> bool:
    holder = literal.parent
    if isinstance(holder, exp.Interval):
        return re.fullmatch(r"-?\d+", literal.name) is not None
    return (
        isinstance(holder, exp.Anonymous)
        and str(holder.this).lower() in DATE_PART_FUNCTIONS
        and literal.index == 0
    )
