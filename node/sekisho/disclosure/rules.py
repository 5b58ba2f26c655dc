"""What a cell must meet before a figure of it is published: enough units, none of them dominating.

Every rule is asked of every privacy unit of every dataset that the figure stands on, over the rows
that the figure counts. Source: `docs/spec/aggregate.md`, step 5.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sekisho.model.plan import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a cell by one privacy unit."""

    units: int
    """Distinct units, or fewer."""
    largest: float
    """Absolute total of the largest unit, or more."""
    second: float
    """Of the second largest, likewise."""
    size: float
    """Absolute total of all."""
    apart: int | None
    """In how many units the cell differs from the parent that it differs least from, or fewer; None
    where it differs from none."""


def has_enough_units(facts: Facts, terms: Terms) -> bool:
    """Whether no one can be singled out by belonging to the cell."""
    return facts.units >= terms.minimum_units


def has_enough_beside(facts: Facts, terms: Terms) -> bool:
    """Whether taking the cell from what it was cut from leaves nobody, or enough."""
    return facts.apart is None or facts.apart >= terms.minimum_units


def has_no_dominant(facts: Facts, terms: Terms) -> bool:
    """Whether no unit makes up so much of a total that the total tells its own part.

    The last rule is the p%-rule: the second largest, who knows its own part, must not come within
    so many percent of the largest one's.
    """
    both = facts.largest + facts.second
    return (
        facts.largest * 100 <= facts.size * terms.largest_percent
        and both * 100 <= facts.size * terms.two_largest_percent
        and (facts.size - both) * 100 >= facts.largest * terms.p_percent
    )


RULES: tuple[Callable[[Facts, Terms], bool], ...] = (
    has_enough_units,
    has_enough_beside,
    has_no_dominant,
)


def may_be_published(facts: Facts, terms: Terms) -> bool:
    """Whether every rule holds of a cell by one unit."""
    return all(rule(facts, terms) for rule in RULES)
