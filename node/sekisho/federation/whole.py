"""The rule that sends a whole query to the one provider whose datasets it reads."""

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER, Part
from sekisho.federation.draft import Draft, Fragment, used_columns
from sekisho.federation.exactness import is_exact_query
from sekisho.federation.folding import fold
from sekisho.federation.names import resolve_in
from sekisho.sql.dialect import write_tree
from sekisho.sql.parameters import as_written, parameters_of
from sekisho.sql.scopes import identifier
from sekisho.sql.trees import find_nodes
from sekisho.sql.write import write_query

NAME = "fragment_0"


def send_whole(draft: Draft) -> Draft:
    """Let the provider aggregate, where it alone is asked and computes the same.

    What is left here is to order its answer. Nothing is left for the rules that follow.
    """
    parts = _parts_of_one_grant(draft)
    if not parts or not _is_reducing(draft) or not _is_served(draft, parts):
        return draft
    order = _order_of_outputs(draft.tree)
    if order is None or not _is_exact(draft):
        return draft
    asked = _write_for(draft)
    fragment = Fragment(
        name=NAME,
        party=parts[0].party,
        columns=draft.settled().names,
        parameters=parameters_of(asked),
        sql=write_query(as_written(asked)),
    )
    return replace(draft, tree=_reading(order), readings=(), fragments=(fragment,))


def _is_exact(draft: Draft) -> bool:
    resolved = resolve_in(draft.written.copy(), draft.catalog)
    fold(resolved)
    return is_exact_query(resolved)


def _parts_of_one_grant(draft: Draft) -> tuple[Part, ...]:
    """Find what every reference reads, if one provider shows it all and nothing else is asked.

    Grants are never combined there, so several datasets are sent for only where each is shown by
    the same one grant.
    """
    if draft.fragments or not draft.readings:
        return ()
    if any(len(reading.parts) != 1 for reading in draft.readings):
        return ()
    parts = tuple(reading.parts[0] for reading in draft.readings)
    if len({part.party for part in parts}) != 1:
        return ()
    is_one_dataset = len({part.dataset for part in parts}) == 1
    grants = {tuple(grant.grant for grant in part.grants) for part in parts}
    is_one_grant = len(grants) == 1 and len(parts[0].grants) == 1
    return parts if is_one_dataset or is_one_grant else ()


def _is_reducing(draft: Draft) -> bool:
    """Whether a provider would send less than the rows that the query reads."""
    tree = draft.tree
    is_cut = tree.args.get("order") is not None and tree.args.get("limit") is not None
    return is_cut or any(
        facts.is_aggregated or facts.node.args.get("distinct") or facts.node.args.get("qualify")
        for facts in draft.settled().selects
    )


def _is_served(draft: Draft, parts: tuple[Part, ...]) -> bool:
    """Whether the provider's gate reads the query, and gives each output under its name."""
    names = [name.lower() for name in draft.settled().names]
    hidden = any(
        reading.relation.has_provider and PROVIDER in used_columns(draft.tree, reading)
        for reading in draft.readings
    )
    return (
        not hidden
        and len(set(names)) == len(names)
        and {part.dataset.lower() for part in parts}.isdisjoint(
            cte.alias.lower() for cte in find_nodes(draft.tree, exp.CTE)
        )
    )


def _order_of_outputs(tree: exp.Query) -> exp.Order | None:
    """Write the query's ORDER BY over the positions of its outputs; None where that cannot be."""
    outputs = [write_tree(item.this) for item in tree.expressions]
    order = tree.args.get("order")
    items = list(_positions(order, outputs)) if order is not None else []
    return None if None in items else exp.Order(expressions=items)


def _positions(order: exp.Expr, outputs: list[str]) -> Iterator[exp.Expr | None]:
    for item in order.expressions:
        ordered = item.copy()
        if not isinstance(item.this, exp.Literal):
            text = write_tree(item.this)
            if text not in outputs:
                yield None
                continue
            ordered.set("this", exp.Literal.number(outputs.index(text) + 1))
        yield ordered


def _write_for(draft: Draft) -> exp.Query:
    """Write the query over the provider's own names of its datasets."""
    for reading in draft.readings:
        alias = exp.TableAlias(this=identifier(reading.source.label))
        name = identifier(reading.parts[0].dataset)
        reading.source.node.replace(exp.Table(this=name, alias=alias))
    if not _decides_by_order(draft.tree):
        draft.tree.set("order", None)
    return draft.tree


def _decides_by_order(tree: exp.Query) -> bool:
    """Tell whether ORDER BY chooses rows, besides putting them in order."""
    distinct = tree.args.get("distinct")
    is_first = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
    return is_first or any(tree.args.get(part) is not None for part in ("limit", "offset"))


def _reading(order: exp.Order) -> exp.Select:
    select = exp.Select(
        expressions=[exp.Star()], from_=exp.From(this=exp.Table(this=identifier(NAME)))
    )
    if order.expressions:
        select.set("order", order)
    return select
