"""Which figures of which cells are published, in the light of all that was published before.

A figure counts rows: all of a cell, or those with a value of a measure. Those rows are a
**population**, and it is populations that are compared: a figure is withheld when its population
differs in fewer units than the contract asks for from one that was published before, to anybody,
over the same dataset and the same column. The same question gets the earlier answer for as long as
too few units have changed. Source: `docs/spec/aggregate.md`, steps 5 and 6.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.rules import Facts, may_be_published
from sekisho.disclosure.sketches import Sketch, differing
from sekisho.model.names import DatasetId
from sekisho.model.plan import Figure, ProtectedBlock, Terms

ROWS = "rows"
"""What is counted where no column is measured."""


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
    wanted = sorted({-1 if item.measure is None else item.measure for item in block.figures})
    return tuple(_question(block, None if at < 0 else at, lookups=lookups) for at in wanted or [-1])


def _question(
    block: ProtectedBlock, measure: int | None, *, lookups: Mapping[str, str]
) -> Question:
    column = ROWS if measure is None else block.measures[measure].column
    what = ROWS if measure is None else block.measures[measure].definition
    parts = {
        "rows": block.definition,
        "keys": [item.definition for item in block.keys],
        "lookups": {name: lookups[name] for name in block.lookups},
        "figure": what,
    }
    return Question(
        digest=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        scopes=tuple(
            Scope(dataset=unit.dataset, unit=unit.column, column=column, schema=unit.schema)
            for unit in block.units
        ),
        measure=measure,
    )


def figures_of(block: ProtectedBlock, question: Question) -> tuple[tuple[int, Figure], ...]:
    """List the outputs of a block that a question gives, by number."""
    return tuple(
        (at, item) for at, item in enumerate(block.figures) if item.measure == question.measure
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
