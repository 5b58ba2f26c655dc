"""The rule that sends a whole query to the one provider whose one dataset it reads."""

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER, Part
from sekisho.federation.draft import Draft, Fragment, used_columns
from sekisho.federation.exactness import is_exact_query
from sekisho.federation.names import resolve_in
from sekisho.sql.dialect import write_tree
from sekisho.sql.parameters import as_written, parameters_of
from sekisho.sql.scopes import identifier
from sekisho.sql.write import write_query

NAME = "fragment_0"


def send_whole(draft: Draft) -> Draft:
    """Let the provider aggregate, where it alone is asked and computes the same.

    What is left here is to order its answer. Nothing is left for the rules that follow.
    """
    part = _only_part(draft)
    if part is None or not _is_reducing(draft) or not _is_served(draft, part):
        return draft
    order = _order_of_outputs(draft.tree)
    if order is None or not is_exact_query(resolve_in(draft.written.copy(), draft.catalog), part):
        return draft
    asked = _write_for(draft, part)
    fragment = Fragment(
        name=NAME,
        party=part.party,
        columns=draft.settled().names,
        parameters=parameters_of(asked),
        sql=write_query(as_written(asked)),
    )
    return replace(draft, tree=_reading(order), readings=(), fragments=(fragment,))


def _only_part(draft: Draft) -> Part | None:
    """Find the one dataset of one provider that every reference reads, if nothing else is asked."""
    if draft.fragments:
        return None
    parts = [part for reading in draft.readings for part in reading.parts]
    if not parts or any(len(reading.parts) != 1 for reading in draft.readings):
        return None
    is_one = all((item.party, item.dataset) == (parts[0].party, parts[0].dataset) for item in parts)
    return parts[0] if is_one else None


def _is_reducing(draft: Draft) -> bool:
    """Whether a provider would send less than the rows that the query reads."""
    tree = draft.tree
    is_cut = tree.args.get("order") is not None and tree.args.get("limit") is not None
    return is_cut or any(
        facts.is_aggregated or facts.node.args.get("distinct") is not None
        for facts in draft.settled().selects
    )


def _is_served(draft: Draft, part: Part) -> bool:
    """Whether the provider's gate reads the query, and gives each output under its name."""
    names = [name.lower() for name in draft.settled().names]
    hidden = any(
        reading.relation.has_provider and PROVIDER in used_columns(draft.tree, reading)
        for reading in draft.readings
    )
    return (
        not hidden
        and len(set(names)) == len(names)
        and not any(facts.node.args.get("joins") for facts in draft.settled().selects)
        and part.dataset.lower() not in {cte.alias.lower() for cte in draft.tree.find_all(exp.CTE)}
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


def _write_for(draft: Draft, part: Part) -> exp.Query:
    """Write the query over the provider's own name of the dataset."""
    for reading in draft.readings:
        alias = exp.TableAlias(this=identifier(reading.source.label))
        reading.source.node.replace(exp.Table(this=identifier(part.dataset), alias=alias))
    if draft.tree.args.get("limit") is None and draft.tree.args.get("offset") is None:
        draft.tree.set("order", None)
    return draft.tree


def _reading(order: exp.Order) -> exp.Select:
    select = exp.Select(
        expressions=[exp.Star()], from_=exp.From(this=exp.Table(this=identifier(NAME)))
    )
    if order.expressions:
        select.set("order", order)
    return select
