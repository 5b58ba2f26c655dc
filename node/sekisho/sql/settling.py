"""What rules about operations share: facts of operands, and bringing operands to one type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.sql.places import syntax_refusal
from sekisho.sql.types import UNKNOWN, Meeting, Type, meet_to_compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of an expression."""

    type: Type
    is_late: bool = False
    """Whether it stands over an aggregate or a window: then it is computed after the row filter,
    and may be left as it is."""
    is_sealed: bool = False
    """Whether it stands over a subquery, or over what is late where that may not fail: TRY cannot
    hold it, and an operation over it that can fail is refused."""
    can_fail: bool = False
    """Whether the operation itself can; its operands are settled by then."""


class Settling(Protocol):
    """What a rule asks for: its operands settled, and the types of names."""

    def settled(self, node: exp.Expr) -> Fact:
        """Learn of an operand, after wrapping it where it can fail."""

    def children(self, node: exp.Expr) -> list[Fact]:
        """Settle all operands, in order."""

    def condition(self, holder: exp.Expr, *, part: str = "this") -> Fact:
        """Settle an operand that is read as a boolean."""

    def column(self, node: exp.Expr) -> Type:
        """Tell a column's type."""

    def output(self, node: exp.Expr) -> Type:
        """Tell the type of a subquery that stands as a value."""

    @property
    def late_may_fail(self) -> bool:
        """Whether what is computed after the row filter may fail."""


Rule = Callable[[Settling, exp.Expr], Fact]
"""Learns of one operation, after its operands."""


def read_as(node: exp.Expr, type_name: str) -> None:
    """Cast an operand, in its place, to a type; what does not fit becomes NULL."""
    cast = exp.TryCast(to=exp.DataType.build(type_name, dialect="duckdb"), safe=True)
    node.replace(cast)
    cast.set("this", node)


def joined(facts: Sequence[Fact], kind: Type, *, can_fail: bool = False) -> Fact:
    """Say of an operation what its operands say, and what is its own."""
    return Fact(
        type=kind,
        is_late=any(item.is_late for item in facts),
        is_sealed=any(item.is_sealed for item in facts),
        can_fail=can_fail,
    )


def late(settling: Settling, kind: Type) -> Fact:
    """Say of an aggregate or a window what it gives."""
    return Fact(type=kind, is_late=settling.late_may_fail, is_sealed=not settling.late_may_fail)


def operands_of(node: exp.Expr) -> list[exp.Expr]:
    """List what an operation stands over, as it is now."""
    return list(node.iter_expressions())


def unlike(node: exp.Expr, facts: Sequence[Fact]) -> Refusal:
    """Refuse values of types that cannot be brought together."""
    words = " and ".join(dict.fromkeys(item.type.words for item in facts if item.type.words))
    message = f"values of types that do not meet stand together: {words or 'unknown'}"
    return syntax_refusal(message, node, hint="cast one side, such as CAST(x AS VARCHAR)")


def meet(
    node: exp.Expr,
    facts: Sequence[Fact],
    operands: Sequence[exp.Expr],
    *,
    how: Callable[[Sequence[Type]], Meeting | None] = meet_to_compare,
) -> Type:
    """Bring operands to one type, writing out the casts that could fail."""
    if any(item.is_late for item in facts):
        meeting = how([item.type for item in facts])
        return meeting.type if meeting is not None else UNKNOWN
    meeting = how([item.type for item in facts])
    if meeting is None:
        raise unlike(node, facts)
    for at, name in meeting.casts.items():
        read_as(operands[at], name)
    return meeting.type
