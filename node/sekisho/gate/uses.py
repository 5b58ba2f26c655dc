"""What a grant lets a query do with each column, compared with what the query does."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.views import View, ViewColumn
from sekisho.model.contract import Use
from sekisho.sql.blocks import BlockColumn
from sekisho.sql.places import place_of
from sekisho.sql.scopes import Place, Reference

NEEDED: Mapping[Place, Use] = MappingProxyType(
    {
        Place.PROJECTION: Use.RETURN,
        Place.KEY: Use.GROUP,
        Place.GROUP: Use.GROUP,
        Place.FILTER: Use.FILTER,
        Place.MEASURE: Use.MEASURE,
        Place.JOIN: Use.JOIN,
        Place.ORDER: Use.RETURN,
        Place.INNER: Use.RETURN,
        Place.WINDOW: Use.RETURN,
        Place.OTHER: Use.RETURN,
    }
)
"""The use that a place needs; `return` stands for every place that could hand a value on."""

_DOING: Mapping[Place, str] = MappingProxyType(
    {
        Place.PROJECTION: "returned",
        Place.KEY: "grouped by",
        Place.GROUP: "grouped by",
        Place.FILTER: "filtered on",
        Place.MEASURE: "aggregated",
        Place.JOIN: "joined on",
        Place.ORDER: "used to order rows",
        Place.INNER: "used inside a subquery",
        Place.WINDOW: "used in a window function",
        Place.OTHER: "computed on here",
    }
)


DOING: Mapping[Use, str] = MappingProxyType(
    {
        Use.RETURN: "returned",
        Use.FILTER: "filtered on",
        Use.JOIN: "joined on",
        Use.GROUP: "grouped by",
        Use.MEASURE: "measured",
    }
)
"""What a use is called where it is refused."""


def check_use(reference: Reference, view: View) -> None:
    """Refuse a use of a column that its grant does not list.

    Raises:
        Refusal: `USE_NOT_GRANTED`.

    Source:
        `docs/spec/gate.md`, step 6.
    """
    column = view.columns[reference.column.lower()]
    if NEEDED[reference.place] in column.uses:
        return
    raise _refusal(column, _DOING[reference.place], view, node=reference.node)


def check_wanted(column: BlockColumn, wanted: Use, view: View) -> None:
    """Refuse a use in a query of statistics that the column's grant does not list.

    Raises:
        Refusal: `USE_NOT_GRANTED`.

    Source:
        `docs/spec/aggregate.md`, step 2.
    """
    granted = view.columns[column.name.lower()]
    if wanted not in granted.uses:
        raise _refusal(granted, DOING[wanted], view, node=column.node)


def _refusal(column: ViewColumn, doing: str, view: View, *, node: exp.Expr) -> Refusal:
    line, place = place_of(node)
    return Refusal(
        RefusalReason.USE_NOT_GRANTED,
        f"the column `{column.name}` may not be {doing}",
        clause=f"grants.{view.grant.grant}.columns.{column.name}.use",
        line=line,
        column=place,
        allowed=_listed(column),
        hint=_hint(column),
    )


def _listed(column: ViewColumn) -> tuple[str, ...]:
    return tuple(use.value for use in Use if use in column.uses)


def _hint(column: ViewColumn) -> str:
    words = {
        Use.FILTER: "compare it in WHERE",
        Use.GROUP: "name it alone in GROUP BY",
        Use.MEASURE: "aggregate it, such as count(DISTINCT …)",
    }
    possible = [text for use, text in words.items() if use in column.uses]
    return " or ".join(possible) or "ask the provider to grant more in an amendment"
