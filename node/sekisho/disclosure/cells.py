"""From what an engine says of a block's cells to populations, and back to the rows of a query."""

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.disclosure.figures import Number, Totals, publish
from sekisho.disclosure.release import Population, Question, figures_of
from sekisho.disclosure.rules import Facts
from sekisho.disclosure.sketches import Sketch
from sekisho.model.plan import ProtectedBlock, Terms

Keys = tuple[str | None, ...]
Described = Mapping[str, Mapping[str, Any]]
"""The answers to `steps.outputs_of`, by name and column."""
_SUMS = ("sum", "square", "low", "high")


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
    cells = described["cells"]
    units = range(len(block.units))
    entries = [_Entries(described, unit, tag) for unit in units]
    for at in range(len(cells["cell"])):
        sketches = tuple(item.next(at) for item in entries)
        # A cell may hold no value of a measure at all; there is nothing to publish of it then.
        if cells[f"n{tag}"][at]:
            yield Population(
                keys=tuple(cells[f"k{key}"][at] for key in range(len(block.keys))),
                totals=Totals(
                    count=cells[f"n{tag}"][at],
                    units=tuple(cells[f"units_{unit}_{tag}"][at] for unit in units),
                    **({name: cells[f"{name}{tag}"][at] for name in _SUMS} if tag else {}),
                ),
                facts=tuple(_facts(cells, f"{unit}_{tag}", at) for unit in units),
                sketches=sketches,
            )


def _facts(cells: Mapping[str, Any], end: str, at: int) -> Facts:
    return Facts(
        units=cells[f"units_{end}"][at],
        largest=cells[f"largest_{end}"][at],
        second=cells[f"second_{end}"][at],
        size=cells[f"size_{end}"][at],
        apart=cells[f"apart_{end}"][at],
    )


class _Entries:
    """Cuts the slots of all cells into sketches, in the order of the cells."""

    def __init__(self, described: Described, unit: int, tag: str) -> None:
        self._cells = described["cells"]
        self._unit = unit
        self._tag = tag
        self._all = described[f"entries_{unit}_"]
        self._own = described[f"entries_{unit}_{tag}"]
        self._place = self._own_place = 0

    def next(self, at: int) -> Sketch:
        """Give the next cell's sketch; of a measure that every row has, the rows' own."""
        count = self._cells[f"units_{self._unit}_"][at]
        start, self._place = self._place, self._place + count
        if not self._tag or self._cells[f"n{self._tag}"][at] == self._cells["n"][at]:
            return self._cut(self._all, start, count, at=at)
        count = self._cells[f"units_{self._unit}_{self._tag}"][at]
        start, self._own_place = self._own_place, self._own_place + count
        return self._cut(self._own, start, count, at=at)

    def _cut(self, entries: Mapping[str, bytes], start: int, count: int, *, at: int) -> Sketch:
        part = slice(8 * start, 8 * (start + count))
        return Sketch(
            slots=self._cells[f"slots_{self._unit}"][at],
            places=array("Q", entries["place"][part]),
            sums=array("Q", entries["total"][part]),
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
