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
from dataclasses import dataclass
from enum import Enum, auto

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
    schema: str
    """Sketches of another schema cannot be compared."""


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
    minimum_units: int
    """Under the contract by which they were."""


class Verdict(Enum):
    """What becomes of a figure."""

    NEW = auto()
    """Published, and remembered."""
    EARLIER = auto()
    """Published as it was before."""
    WITHHELD = auto()


def questions_of(block: ProtectedBlock, lookups: Mapping[str, str]) -> tuple[Question, ...]:
    """List the kinds of figures that a block asks for, of rows and of each measure.

    Args:
        block: What is asked.
        lookups: Digests of the tables that the consumer brought, by name.
    """
    wanted = dict.fromkeys(part for item in block.figures for part in _parts(item))
    return tuple(
        _question(block, measure, tells_values=tells_values, lookups=lookups)
        for measure, tells_values in wanted or [(None, False)]
    )


def _parts(figure: Figure) -> Iterator[tuple[int | None, bool]]:
    """Say what a figure tells of: how many rows, what their values come to, or both."""
    if figure.kind in {FigureKind.COUNT, FigureKind.UNITS, FigureKind.SUM}:
        yield figure.measure, False
    if figure.kind in {FigureKind.MEAN, FigureKind.DEVIATION, FigureKind.SUM}:
        yield figure.measure, True


def _question(
    block: ProtectedBlock,
    measure: int | None,
    *,
    tells_values: bool,
    lookups: Mapping[str, str],
) -> Question:
    """Counts are compared with counts of all kinds, values with values of their column."""
    column = what = ROWS
    if measure is not None:
        what = block.measures[measure].definition
        column = block.measures[measure].column if tells_values else ROWS
    parts = {
        "values": tells_values,
        "rows": block.definition,
        "keys": [item.definition for item in block.keys],
        "lookups": {item.name: lookups[item.name] for item in block.lookups},
        "figure": what,
    }
    return Question(
        digest=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        scopes=tuple(
            Scope(dataset=unit.dataset, unit=unit.column, column=column, schema=unit.schema)
            for unit in block.units
        ),
        measure=measure,
        tells_values=tells_values,
    )


def judge(
    found: Population,
    *,
    earlier: Published | None,
    near: Iterable[Published],
    terms: Terms,
) -> Verdict:
    """Decide about the figures of one population.

    Args:
        found: As it is now.
        earlier: The population of the same question and cell that was published last.
        near: Published populations of the same scopes; at least all those that differ in fewer
            units than is asked for.
        terms: Of the contract.
    """
    if earlier is not None and _differ_in_few(found.sketches, earlier, terms, or_none=True):
        return Verdict.EARLIER
    if not all(may_be_published(item, terms) for item in found.facts):
        return Verdict.WITHHELD
    if any(_differ_in_few(found.sketches, item, terms, or_none=False) for item in near):
        return Verdict.WITHHELD
    return Verdict.NEW


def _differ_in_few(
    sketches: Sequence[Sketch], other: Published, terms: Terms, *, or_none: bool
) -> bool:
    """Whether two populations differ in too few units, by any of their privacy units."""
    least = max(terms.minimum_units, other.minimum_units)
    apart = [differing(left, right) for left, right in zip(sketches, other.sketches, strict=True)]
    return any((or_none or count > 0) and count < least for count in apart)
