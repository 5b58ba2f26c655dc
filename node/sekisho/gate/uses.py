"""What a grant lets a query do with each column, compared with what the query does."""

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.gate.views import View
from sekisho.model.contract import Use
from sekisho.sql.block_uses import use_refusal
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
    raise use_refusal(
        column.name,
        _DOING[reference.place],
        uses=column.uses,
        clause=f"grants.{view.grant.grant}",
        node=reference.node,
    )
