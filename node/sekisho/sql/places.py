"""Where in a query's text a node stands, and the refusals that say so."""

from collections.abc import Iterable
from difflib import get_close_matches

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason


def place_of(node: exp.Expr) -> tuple[int, int]:
    """Give a node's line and column, both from 1; that of what surrounds it where it has none.

    (0, 0) when nothing around has a place either.
    """
    around: exp.Expr | None = node
    while around is not None:
        for candidate in around.walk(bfs=False):
            meta = candidate.meta
            if "line" in meta:
                width = meta["end"] - meta["start"]
                return meta["line"], max(1, meta["col"] - width)
        around = around.parent
    return 0, 0


def place_at(text: str, offset: int) -> tuple[int, int]:
    """Turn an offset in characters into a line and a column, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def nearest(name: str, among: Iterable[str], *, count: int = 5) -> tuple[str, ...]:
    """List the names that look most like one."""
    return tuple(get_close_matches(name.lower(), sorted(set(among)), n=count, cutoff=0.5))


def written_name(node: exp.Expr) -> str:
    """Give a column's or relation's name as it was written, with its qualifiers."""
    return ".".join((*qualifiers_of(node), node.name))


def qualifiers_of(node: exp.Expr) -> tuple[str, ...]:
    """List what stands before a column's or relation's own name."""
    parts = (node.args.get(key) for key in ("catalog", "db", "table"))
    return tuple(part.name for part in parts if isinstance(part, exp.Expr))


def shown(text: str, *, width: int = 60) -> str:
    """Quote what the caller wrote, cut short and on one line."""
    flat = " ".join(text.replace("`", "'").split())
    return f"`{flat if len(flat) <= width else flat[: width - 1] + '…'}`"


def syntax_refusal(message: str, node: exp.Expr | None = None, *, hint: str = "") -> Refusal:
    """Refuse a form that is not on the allow-list."""
    line, column = place_of(node) if node is not None else (0, 0)
    return Refusal(RefusalReason.SYNTAX_NOT_ALLOWED, message, line=line, column=column, hint=hint)
