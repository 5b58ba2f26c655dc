"""Rules that ask for less by what a query implies: EXISTS needs no columns, OR bounds each side.

`(a.x = 1 AND b.y = 2) OR (a.x = 3 AND b.y = 4)` holds for no row of `a` but those with x of 1 or 3.
That much is asked of the providers of `a`; the condition itself stays.
"""

from dataclasses import replace

from sqlglot import exp

from sekisho.federation.draft import Draft, Reading
from sekisho.federation.exactness import is_exact_condition
from sekisho.federation.pushing import conjunction, conjuncts, is_pushed, made_null, only_source
from sekisho.sql.scopes import SelectFacts, identifier

ONE = "one"


def trim_exists(draft: Draft) -> Draft:
    """Leave out what a SELECT in EXISTS returns, where only its rows matter."""
    for node in draft.tree.find_all(exp.Exists):
        select = node.this
        parts = {name for name, value in select.args.items() if value}
        if isinstance(select, exp.Select) and parts <= {"expressions", "from_", "joins", "where"}:
            facts = next(item for item in draft.settled().selects if item.node is select)
            if not facts.is_aggregated:
                value = exp.Alias(this=exp.Literal.number(1), alias=identifier(ONE))
                select.set("expressions", [value])
    return draft


def push_implied_filters(draft: Draft) -> Draft:
    """Ask providers for the rows that an alternative over several relations leaves possible."""
    readings = {item.source.number: item for item in draft.readings}
    for facts in draft.settled().selects:
        for number, condition in _implied(facts, readings):
            reading = readings[number]
            conditions = (*reading.conditions, condition)
            readings[number] = replace(reading, conditions=conditions)
    return replace(draft, readings=tuple(readings.values()))


def _implied(facts: SelectFacts, readings: dict[int, Reading]) -> list[tuple[int, exp.Expr]]:
    where = facts.node.args.get("where")
    free = {item.number for item in facts.sources} - made_null(facts)
    found = []
    for condition in conjuncts(where.this if where is not None else None):
        if not isinstance(condition, exp.Or):
            continue
        for source in facts.sources:
            reading = readings.get(source.number)
            if reading is None or source.number not in free:
                continue
            bound = _bound(condition, reading)
            if bound is not None:
                found.append((source.number, bound))
    return found


def _bound(condition: exp.Expr, reading: Reading) -> exp.Expr | None:
    """Write what every alternative asks of one reference; None where one asks nothing."""
    alternatives = []
    for branch in _alternatives(condition):
        own = [
            item.copy()
            for item in conjuncts(branch)
            if only_source(item, [reading.source]) is reading.source and is_pushed(reading, item)
        ]
        if not own:
            return None
        alternatives.append(conjunction(tuple(own)))
    found = alternatives[0]
    for item in alternatives[1:]:
        found = exp.Or(this=found, expression=item)
    return found if is_exact_condition(found, reading.parts) else None


def _alternatives(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Or):
        return [*_alternatives(node.this), *_alternatives(node.expression)]
    if isinstance(node, exp.Paren) and isinstance(node.unnest(), exp.Or):
        return _alternatives(node.unnest())
    return [node]
