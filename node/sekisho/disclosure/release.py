"""Which figures of which cells are published, in the light of all that was published before.

A figure counts rows: all of a cell, or those with a value of a measure. Those rows are a
**population**, and it is populations that are compared: a figure is withheld when its population
differs in fewer units than the contract asks for from one that was published before, to anybody,
over the same dataset and the same column. The same question gets the earlier answer for as long as
too few units have changed. Source: `docs/spec/aggregate.md`, steps 5 and 6.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.rules import Facts, may_be_published
from sekisho.disclosure.sketches import Sketch, differing
from sekisho.model.names import DatasetId
from sekisho.model.plan import Figure, FigureKind, ProtectedBlock, Terms

ROWS = "rows"
"""Stands for a column where rows are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a population is compared with: populations of one dataset, unit and column."""

    dataset: DatasetId
    unit: str
    column: str
    """`DATASET.COLUMN`, or `rows`."""
    type: str
    """Of the unit: sketches of another type of units cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one kind of figure over one block asks, whatever the cell."""

    digest: str
    scopes: tuple[Scope, ...]
    """One a privacy unit."""
    measure: int | None
    tells_values: bool
    """Whether figures come of the measure's values, and not of how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The rows of one cell that one kind of figure counts, as they are now."""

    keys: tuple[str | None, ...]
    totals: Totals
    facts: tuple[Facts, ...]
    """One a privacy unit."""
    sketches: tuple[Sketch, ...]
    """One a privacy unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A population of which figures were published."""

    totals: Totals
    sketches: tuple[Sketch, ...]
    """One a privacy unit of its question."""
    minimum_units: int
    """Under the contract by which they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """What one privacy unit's rows came to in a population that was published."""

    sketch: Sketch
    minimum_units: int
    """The largest of the contracts by which it was."""


def questions_of(
    block: ProtectedBlock, lookups: Mapping[str, str], values: Mapping[str, str]
) -> tuple[Question, ...]:
    """List the kinds of figures that a block asks for, of rows and of each measure.

    Args:
        block: What is asked.
        lookups: Digests of the tables that the consumer brought, by name.
        values: Of the parameters that stand in the block's text, by their names in it.
    """
    given = {
        "lookups": {item.name: lookups[item.name] for item in block.lookups},
        "values": dict(values),
    }
    wanted = dict.fromkeys(part for item in block.figures for part in _parts(item))
    return tuple(
        _question(block, measure, tells_values=tells_values, given=given)
        for measure, tells_values in wanted or [(None, False)]
    )


def _parts(figure: Figure) -> Iterator[tuple[int | None, bool]]:
    """Say what a figure tells of: how many rows, what their values come to, or both."""
    if figure.kind.is_count:
        yield figure.measure, False
    if figure.kind.is_value:
        yield figure.measure, True


def _question(
    block: ProtectedBlock,
    measure: int | None,
    *,
    tells_values: bool,
    given: Mapping[str, Mapping[str, str]],
) -> Question:
    """Counts are compared with counts of all kinds, values with values of their column.

    Terms and units are part of a question: what was published under others may not be published
    under these.
    """
    column = what = ROWS
    if measure is not None:
        what = block.measures[measure].definition
        column = block.measures[measure].column if tells_values else ROWS
    parts = {
        "tells_values": tells_values,
        "given": given,
        "rows": block.definition,
        "keys": [item.definition for item in block.keys],
        "figure": what,
        "counts_units": measure is None and _counts_units(block),
        "terms": asdict(block.terms),
        "units": [(unit.dataset, unit.column) for unit in block.units],
    }
    return Question(
        digest=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        scopes=tuple(
            Scope(dataset=unit.dataset, unit=unit.column, column=column, type=unit.type)
            for unit in block.units
        ),
        measure=measure,
        tells_values=tells_values,
    )


def _counts_units(block: ProtectedBlock) -> bool:
    """Whether units are counted one by one; where rows alone are asked for, they may not be."""
    return any(item.kind is FigureKind.UNITS for item in block.figures)


def is_earlier(found: Population, earlier: Published | None, terms: Terms) -> bool:
    """Whether too few units have changed since the same question was answered for the same cell.

    Args:
        found: As it is now.
        earlier: What was published last for them, if anything was.
        terms: Of the contract.
    """
    if earlier is None:
        return False
    least = max(terms.minimum_units, earlier.minimum_units)
    pairs = zip(found.sketches, earlier.sketches, strict=True)
    return any(differing(now, before) < least for now, before in pairs)


def may_be_new(found: Population, near: Sequence[Iterable[Neighbour]], terms: Terms) -> bool:
    """Whether figures of a population may be published that were not before.

    Args:
        found: As it is now.
        near: What was published before in each of its scopes; at least all that differs in fewer
            units than is asked for.
        terms: Of the contract.
    """
    if not all(may_be_published(item, terms) for item in found.facts):
        return False
    return not any(
        0 < differing(sketch, other.sketch) < max(terms.minimum_units, other.minimum_units)
        for sketch, others in zip(found.sketches, near, strict=True)
        for other in others
    )
