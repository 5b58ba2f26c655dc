"""From what an engine says of a block's cells to populations, and back to the rows of a query."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sekisho.disclosure.figures import Number, Totals, publish
from sekisho.disclosure.release import Population, Question, figures_of
from sekisho.disclosure.rules import Facts
from sekisho.disclosure.sketches import Sketch
from sekisho.model.plan import ProtectedBlock, Terms

Keys = tuple[str | None, ...]
Described = Mapping[str, Sequence[Any]]
"""The columns that `steps.cells_of` gives."""


def populations_of(
    described: Described, block: ProtectedBlock, question: Question
) -> Iterator[Population]:
    """Read the populations that one question counts, cell by cell.

    Args:
        described: What the engine said of every cell.
        block: Of which.
        question: Of rows, or of one measure.
    """
    tag = "" if question.measure is None else str(question.measure)
    for at in range(len(described["n"])):
        # A cell may hold no value of a measure at all; there is nothing to publish of it then.
        if described[f"n{tag}"][at]:
            yield _population(described, block, tag, at=at)


def _population(described: Described, block: ProtectedBlock, tag: str, *, at: int) -> Population:
    units = range(len(block.units))
    return Population(
        keys=tuple(described[f"k{key}"][at] for key in range(len(block.keys))),
        totals=Totals(
            count=described[f"n{tag}"][at],
            units=tuple(described[f"units_{unit}_{tag}"][at] for unit in units),
            **({name: described[f"{name}{tag}"][at] for name in _SUMS} if tag else {}),
        ),
        facts=tuple(
            Facts(
                units=described[f"units_{unit}_{tag}"][at],
                largest=described[f"largest_{unit}_{tag}"][at],
                second=described[f"second_{unit}_{tag}"][at],
                size=described[f"size_{unit}_{tag}"][at],
                apart=described[f"apart_{unit}_{tag}"][at],
            )
            for unit in units
        ),
        sketches=tuple(_sketch(described, unit, tag, at=at) for unit in units),
    )


_SUMS = ("sum", "square", "low", "high")


def _sketch(described: Described, unit: int, tag: str, *, at: int) -> Sketch:
    places, sums = described[f"places_{unit}_{tag}"][at], described[f"sums_{unit}_{tag}"][at]
    if places is None:
        # Every row of the cell has the measure: the rows' own sketch is said once.
        places, sums = described[f"places_{unit}_"][at], described[f"sums_{unit}_"][at]
    return Sketch(
        slots=described[f"slots_{unit}"][at], places=array("Q", places), sums=array("Q", sums)
    )


class Cells:
    """The rows that a block's cells become, as figure by figure is decided."""

    def __init__(self, block: ProtectedBlock) -> None:
        """Begin with none; without keys there is always one, of markers."""
        self._block = block
        self._rows: dict[Keys, list[Number | None]] = {}
        if not block.keys:
            self._rows[()] = self._markers()

    def publish(self, keys: Keys, question: Question, totals: Totals) -> None:
        """Let a question's figures of one cell be seen."""
        row = self._rows.setdefault(keys, self._markers())
        for at, figure in figures_of(self._block, question):
            row[at] = publish(figure, totals, self._block.terms)

    def rows(self) -> tuple[tuple[str | None, ...], ...]:
        """Give keys and figures as text; a figure that is withheld is NULL.

        A cell of which nothing is published is not there, as one that is empty is not.
        """
        return tuple((*keys, *map(_text, row)) for keys, row in self._rows.items())

    def _markers(self) -> list[Number | None]:
        return [None] * len(self._block.figures)


def _text(value: Number | None) -> str | None:
    return None if value is None else repr(value)


def terms_text(terms: Terms) -> str:
    """Say in one line what a cell must meet, for explanations."""
    return (
        f"at least {terms.minimum_units} units a cell; the largest at most"
        f" {terms.largest_percent} %, the two largest {terms.two_largest_percent} %, p"
        f" {terms.p_percent} %; counts rounded to {terms.round_counts_to}"
    )
