"""From what an engine says of a block's cells to populations, and back to the rows of a query."""

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.disclosure.figures import Number, Totals, publish
from sekisho.disclosure.release import Population, Question
from sekisho.disclosure.rules import Facts
from sekisho.disclosure.sketches import Sketch
from sekisho.disclosure.steps import tag_of
from sekisho.model.plan import Figure, ProtectedBlock, Terms

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
    measure = "" if question.measure is None else str(question.measure)
    tag = tag_of(question.measure, tells_values=question.tells_values)
    cells = described["cells"]
    units = range(len(block.units))
    is_shared = not question.tells_values
    entries = [_Entries(described, unit, tag, is_shared=is_shared) for unit in units]
    for at in range(len(cells["cell"])):
        sketches = tuple(item.next(at) for item in entries)
        # A cell may hold no value of a measure at all; there is nothing to publish of it then.
        if cells[f"n{tag}"][at]:
            yield Population(
                keys=tuple(cells[f"k{key}"][at] for key in range(len(block.keys))),
                totals=Totals(
                    count=cells[f"n{tag}"][at],
                    units=tuple(cells[f"units_{unit}_{tag}"][at] for unit in units),
                    **({name: cells[f"{name}{measure}"][at] for name in _SUMS} if measure else {}),
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

    def __init__(self, described: Described, unit: int, tag: str, *, is_shared: bool) -> None:
        self._is_shared = is_shared
        self._cells = described["cells"]
        self._unit = unit
        self._tag = tag
        self._all = described[f"entries_{unit}_"]
        self._own = described[f"entries_{unit}_{tag}"]
        self._place = self._own_place = 0

    def next(self, at: int) -> Sketch:
        """Give the next cell's sketch; of the count of a measure that every row has, the rows'."""
        count = self._cells[f"units_{self._unit}_"][at]
        start, self._place = self._place, self._place + count
        if self._is_shared and self._cells[f"n{self._tag}"][at] == self._cells["n"][at]:
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
    """The rows that a block's cells become, as question by question is decided."""

    def __init__(self, block: ProtectedBlock) -> None:
        """Begin with none; without keys there is always one, of markers."""
        self._block = block
        self._known: dict[Keys, dict[tuple[int | None, bool], Totals]] = {}
        if not block.keys:
            self._known[()] = {}

    def publish(self, keys: Keys, question: Question, totals: Totals) -> None:
        """Let what a question asks of one cell be seen."""
        known = self._known.setdefault(keys, {})
        known[question.measure, question.tells_values] = totals

    def rows(self) -> tuple[tuple[str | None, ...], ...]:
        """Give keys and figures as text; a figure that is withheld is NULL.

        A cell of which nothing is published is not there, as one that is empty is not. Their order
        tells neither what an engine came upon first nor what was published before.
        """
        figures = self._block.figures
        rows = (
            (*keys, *(_text(self._figure(item, self._known[keys])) for item in figures))
            for keys in sorted(self._known, key=_order)
        )
        return tuple(row for row in rows if self._is_seen(row))

    def _is_seen(self, row: tuple[str | None, ...]) -> bool:
        keys = len(self._block.keys)
        return not keys or not self._block.figures or any(item is not None for item in row[keys:])

    def _figure(
        self, figure: Figure, known: Mapping[tuple[int | None, bool], Totals]
    ) -> Number | None:
        return publish(
            figure,
            counted=known.get((figure.measure, False)),
            valued=known.get((figure.measure, True)),
            terms=self._block.terms,
        )


def _order(keys: Keys) -> tuple[tuple[bool, str], ...]:
    return tuple((item is None, item or "") for item in keys)


def _text(value: Number | None) -> str | None:
    return None if value is None else repr(value)


def terms_text(terms: Terms) -> str:
    """Say in one line what a cell must meet, for explanations."""
    return (
        f"at least {terms.minimum_units} units a cell; the largest at most"
        f" {terms.largest_percent} %, the two largest {terms.two_largest_percent} %, p"
        f" {terms.p_percent} %; counts rounded to {terms.round_counts_to}"
    )
