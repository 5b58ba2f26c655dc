"""The rule that asks for no more rows than a query returns: any few, or the first few in order.

The first rows of all are among the first of each provider. The residual orders and cuts once more.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER
from sekisho.federation.draft import Draft, Reading, columns_of, is_shared_out, used_columns
from sekisho.federation.exactness import are_same, is_exact_value
from sekisho.sql.functions import has_window

_CLAUSES = frozenset({"expressions", "from_", "limit", "offset", "order", "distinct"})


def push_limit(draft: Draft) -> Draft:
    """Ask for no more rows than the query returns, where each is a row of one relation.

    Source:
        `docs/spec/federation.md`, section 9.
    """
    limit = draft.tree.args.get("limit")
    if limit is None or len(draft.readings) != 1 or not _is_plain(draft):
        return draft
    reading = draft.readings[0]
    order = list(_order(draft.tree, reading))
    if None in order or (order and not is_shared_out(reading)):
        return draft
    offset = draft.tree.args.get("offset")
    rows = int(limit.expression.name) + (int(offset.expression.name) if offset is not None else 0)
    keys = tuple(item for item in order if item is not None)
    return replace(draft, readings=(replace(reading, limit_rows=rows, order=keys),))


def _is_plain(draft: Draft) -> bool:
    """Whether each row of the one relation is one row of the outcome."""
    tree, reading = draft.tree, draft.readings[0]
    clauses = {name for name, value in tree.args.items() if value}
    facts = draft.settled().selects
    return (
        len(facts) == 1
        and not facts[0].is_aggregated
        and clauses <= _CLAUSES
        and not any(has_window(item) for item in tree.expressions)
        and not reading.relation.is_local
        and ("distinct" not in clauses or _is_each_once(tree, reading))
    )


def _is_each_once(tree: exp.Expr, reading: Reading) -> bool:
    """Whether DISTINCT leaves one row of each that a provider gives once."""
    columns = {item.this.name.lower() for item in tree.expressions if _is_column(item.this)}
    is_plain = all(_is_column(item.this) for item in tree.expressions)
    has_on = tree.args["distinct"].args.get("on") is not None
    return is_plain and not has_on and reading.is_grouped and columns == used_columns(tree, reading)


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column)


def _order(tree: exp.Expr, reading: Reading) -> Iterator[exp.Expr | None]:
    """Write ORDER BY as a provider reads it; None for what it would not order by alike."""
    order = tree.args.get("order")
    for item in order.expressions if order is not None else ():
        ordered = item.copy()
        key = item.this
        if isinstance(key, exp.Literal) and not key.is_string:
            key = tree.expressions[int(key.name) - 1].this
        names = {column.name.lower() for column in columns_of(key)}
        if not names or (reading.relation.has_provider and names == {PROVIDER}):
            # The same for all rows of one provider.
            continue
        is_own = not reading.relation.has_provider or PROVIDER not in names
        if (
            not is_own
            or not is_exact_value(key, reading.parts)
            or not are_same(reading.parts, names)
        ):
            yield None
            continue
        ordered.set("this", key.copy())
        yield ordered
