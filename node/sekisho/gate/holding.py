"""Holding an answer back until enough privacy units are in it: `minimum_units` in a grant of rows.

The query becomes one relation of its outputs, with the units of the rows that each of them came
from beside it, and the plan gives that relation's rows only if it holds enough units of every
dataset that the query joins: after WHERE, HAVING, QUALIFY and LIMIT, so that nothing a query leaves
out is counted. An engine keeps the relation, so that what is counted is what is given. One SELECT
has such units for every output; of a subquery, a set operation or a part of an aggregate this
cannot be said, and they are refused.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.gate.draft import Draft
from sekisho.gate.views import View
from sekisho.sql.functions import is_aggregate
from sekisho.sql.places import syntax_refusal
from sekisho.sql.scopes import Source, identifier

ANSWER = "answer"
"""The relation that is given or held back; nothing else stands beside it in the plan."""


def is_held(draft: Draft) -> bool:
    """Tell whether answers under the draft's grant are held back until enough units are in them."""
    return draft.grant.disclosure is not None


def check_countable(draft: Draft) -> Draft:
    """Refuse a form of which it cannot be said whose rows are in the answer.

    Source:
        `docs/spec/gate.md`, step 10.
    """
    selects = draft.settled().selects
    if not is_held(draft):
        return draft
    if len(selects) > 1:
        raise _not_counted(draft, "a subquery, WITH or a set operation", draft.tree)
    for node in draft.tree.walk():
        if isinstance(node, exp.Filter):
            raise _not_counted(draft, "FILTER", node, hint="filter in WHERE")
        if is_aggregate(node) and not all(_is_whole(item) for item in node.expressions):
            hint = "aggregate a column as it is"
            raise _not_counted(draft, "an expression inside an aggregate", node, hint=hint)
    if draft.tree.args.get("distinct") is not None and not _is_ordered_by_outputs(draft.tree):
        hint = "order by what is selected"
        raise _not_counted(
            draft, "DISTINCT in another order than its outputs'", draft.tree, hint=hint
        )
    return draft


def units_of(draft: Draft, view: View) -> dict[str, str]:
    """Name the columns that tell units, each with the name under which a held view shows it too."""
    if not is_held(draft):
        return {}
    named = (*draft.grant.privacy_units, *view.dataset.privacy_units)
    units = dict.fromkeys(item.lower() for item in named)
    return {unit: _free(f"unit_{number}", view) for number, unit in enumerate(units, 1)}


def hold_back(draft: Draft) -> Draft:
    """Give an answer only if it holds enough units of every dataset that it was joined from.

    For every database, the outcome is what the query gives over the views, or nothing.

    Source:
        `docs/spec/gate.md`, step 10.
    """
    names = draft.settled().names
    if draft.grant.disclosure is None:
        return draft
    writer = _Writer(draft)
    relation = writer.relation()
    outer = exp.Select(
        expressions=[
            exp.Alias(this=_column(f"c{number}"), alias=identifier(name))
            for number, name in enumerate(names, 1)
        ],
        from_=exp.From(this=exp.Table(this=identifier(ANSWER))),
        where=exp.Where(this=writer.condition(draft.grant.disclosure.minimum_units)),
    )
    if writer.order:
        outer.set("order", exp.Order(expressions=writer.order))
    cte = exp.CTE(this=relation, alias=exp.TableAlias(this=identifier(ANSWER)), materialized=True)
    outer.set("with_", exp.With(expressions=[cte]))
    clause = f"{draft.clause}.disclosure.minimum_units"
    return replace(draft, tree=outer, clauses=(*draft.clauses, clause))


class _Writer:
    """Rewrites one SELECT into the relation that is counted."""

    def __init__(self, draft: Draft) -> None:
        self._tree = draft.tree
        (facts,) = draft.settled().selects
        self._is_grouped = facts.is_aggregated
        distinct = self._tree.args.get("distinct")
        self._is_distinct = distinct is not None and distinct.args.get("on") is None
        self._units = list(_units(draft))
        self.order: list[exp.Expr] = []

    def relation(self) -> exp.Query:
        """Write the relation, and keep the order in which it is to be given."""
        outputs = self._tree.expressions
        for number, item in enumerate(outputs, 1):
            item.set("alias", identifier(f"c{number}"))
        keys = list(self._keys())
        self._tree.set("expressions", [*outputs, *keys, *self._unit_outputs()])
        return self._without_doubles(len(outputs)) if self._is_distinct else self._tree

    def condition(self, least: int) -> exp.Expr:
        """Ask for enough units, of each column that tells them."""
        tests = [self._enough(f"u{number}", least) for number in range(1, len(self._units) + 1)]
        result: exp.Expr = exp.and_(*tests, copy=False)
        return result

    def _keys(self) -> Iterator[exp.Expr]:
        """Yield the keys of ORDER BY that are no outputs, and note in which order to give rows."""
        clause = self._tree.args.get("order")
        for number, item in enumerate(clause.expressions if clause is not None else (), 1):
            ordered = item.copy()
            self.order.append(ordered)
            if isinstance(item.this, exp.Literal):
                ordered.set("this", _column(f"c{item.this.name}"))
                continue
            ordered.set("this", _column(f"k{number}"))
            yield exp.Alias(this=item.this.copy(), alias=identifier(f"k{number}"))

    def _unit_outputs(self) -> Iterator[exp.Expr]:
        for number, (source, unit) in enumerate(self._units, 1):
            column: exp.Expr = exp.Column(this=identifier(unit), table=identifier(source.label))
            if self._is_grouped:
                column = _call("list", exp.Distinct(expressions=[column]))
            yield exp.Alias(this=column, alias=identifier(f"u{number}"))

    def _without_doubles(self, width: int) -> exp.Select:
        """Make DISTINCT a grouping that keeps the units of every row it brings together."""
        tree = self._tree
        outputs: list[exp.Expr] = [_named(f"c{number}") for number in range(1, width + 1)]
        for number in range(1, len(self._units) + 1):
            units = _call("list", _column(f"u{number}"))
            value = _call("flatten", units) if self._is_grouped else units
            outputs.append(exp.Alias(this=value, alias=identifier(f"u{number}")))
        rest = {part: tree.args.pop(part, None) for part in ("order", "limit", "offset")}
        tree.set("distinct", None)
        inner = exp.Subquery(this=tree, alias=exp.TableAlias(this=identifier("doubled")))
        keys = [exp.Literal.number(number) for number in range(1, width + 1)]
        return exp.Select(
            expressions=outputs,
            from_=exp.From(this=inner),
            group=exp.Group(expressions=keys),
            **{part: value for part, value in rest.items() if value is not None},
        )

    def _enough(self, name: str, least: int) -> exp.Expr:
        counted: exp.Expr = exp.Table(this=identifier(ANSWER))
        if self._is_grouped or self._is_distinct:
            spread = exp.Alias(this=_call("unnest", _column(name)), alias=identifier(name))
            inner = exp.Select(expressions=[spread], from_=exp.From(this=counted))
            counted = exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier("units")))
        count = _call("count", exp.Distinct(expressions=[_column(name)]))
        enough = exp.GTE(this=count, expression=exp.Literal.number(least))
        return exp.Subquery(this=exp.Select(expressions=[enough], from_=exp.From(this=counted)))


def _units(draft: Draft) -> Iterator[tuple[Source, str]]:
    for source in draft.settled().relations:
        for shown in units_of(draft, draft.view_of(source)).values():
            yield source, shown


def _is_whole(argument: exp.Expr) -> bool:
    """Tell whether an argument is every row's own value: a column, `*`, or a fraction."""
    while isinstance(argument, exp.Paren):
        argument = argument.this
    if isinstance(argument, exp.Distinct):
        return all(_is_whole(item) for item in argument.expressions)
    return isinstance(argument, exp.Column | exp.Star | exp.Literal)


def _is_ordered_by_outputs(tree: exp.Query) -> bool:
    distinct = tree.args["distinct"]
    order = tree.args.get("order")
    if distinct.args.get("on") is not None or order is None:
        return True
    return all(isinstance(item.this, exp.Literal) for item in order.expressions)


def _free(name: str, view: View) -> str:
    """Make a name that no column of a view bears."""
    while name in view.columns:
        name += "_"
    return name


def _column(name: str) -> exp.Column:
    return exp.Column(this=identifier(name))


def _named(name: str) -> exp.Alias:
    return exp.Alias(this=_column(name), alias=identifier(name))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _not_counted(draft: Draft, what: str, node: exp.Expr, *, hint: str = "") -> Refusal:
    message = f"{what} cannot be counted under `minimum_units`"
    plain = syntax_refusal(
        message, node, hint=hint or "ask one SELECT over the datasets themselves"
    )
    return Refusal(
        plain.reason,
        plain.message,
        clause=f"{draft.clause}.disclosure.minimum_units",
        line=plain.line,
        column=plain.column,
        hint=plain.hint,
    )
