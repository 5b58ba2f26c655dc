"""UNION, INTERSECT and EXCEPT: sides of one width whose types meet, ordered by outputs alone."""

from collections.abc import Sequence

from sqlglot import exp

from sekisho.sql.outputs import write_all
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import SelectFacts
from sekisho.sql.settling import Fact, unlike
from sekisho.sql.types import PRINTABLE, TEXT, Type, meet_as_values


def check_sides(node: exp.SetOperation, sides: Sequence[SelectFacts]) -> None:
    """Refuse sides of different widths.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED`.
    """
    widths = [len(side.names) for side in sides]
    if len(set(widths)) > 1:
        words = node.key.upper()
        message = f"{words} stands between {widths[0]} and {widths[1]} columns"
        raise syntax_refusal(message, node, hint="give both sides the same columns")


def order_by_outputs(node: exp.SetOperation, names: tuple[str, ...]) -> None:
    """Write ORDER BY over the positions of the outputs, in place.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for anything but the name or position of an output.
    """
    order = node.args.get("order")
    write_all(order, len(names))
    for item in order.expressions if order is not None else ():
        position = _position(item.this, names)
        if position is None:
            message = f"ORDER BY after {node.key.upper()} takes outputs, by name or position"
            raise syntax_refusal(message, item, hint="put the rest into an inner SELECT")
        item.set("this", exp.Literal.number(position))


def meet_sides(node: exp.Expr, sides: Sequence[tuple[Type, ...]]) -> tuple[Type, ...]:
    """Tell the types of what a set operation gives.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` where an engine would cast a side and the cast can fail.
    """
    return tuple(_meet(node, pair) for pair in zip(*sides, strict=True))


def _meet(node: exp.Expr, pair: tuple[Type, ...]) -> Type:
    types = [TEXT if item.kind == "literal" else item for item in pair]
    if all(item == types[0] for item in types):
        return types[0]
    if any(item.kind == "text" for item in types) and all(item.kind in PRINTABLE for item in types):
        return TEXT
    meeting = meet_as_values(types)
    if meeting is None or meeting.casts:
        raise unlike(node, [Fact(type=item) for item in types])
    return meeting.type


def _position(value: exp.Expr, names: tuple[str, ...]) -> int | None:
    if isinstance(value, exp.Literal) and not value.is_string and value.name.isdigit():
        return int(value.name) if 1 <= int(value.name) <= len(names) else None
    if not isinstance(value, exp.Column) or value.args.get("table"):
        return None
    lowered = [item.lower() for item in names]
    if lowered.count(value.name.lower()) > 1:
        message = f"{shown(value.name)} names two columns of the output"
        raise syntax_refusal(message, value, hint="give each an alias of its own")
    return lowered.index(value.name.lower()) + 1 if value.name.lower() in lowered else None
