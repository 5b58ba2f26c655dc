"""Averaging: the exact count behind a rounded one, from many ways to ask for it."""

from collections.abc import Iterator

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Game, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Cut, Measured
from sekisho.disclosure.attacks.writing import (
    ask_parts,
    ask_whole,
    conditions,
    literal,
    quoted,
)

SPELLINGS = 3


def averaging(brief: Brief) -> Strategy:
    """Ask for each cell in several spellings and as the sum of its parts, and take the mean.

    If rounding were drawn anew for each question, the mean would be the truth. The mean of a
    measure that is 0 or 1 gives its sum away at once, if it is written out far enough.
    """
    guesses: dict[Aim, float] = {}
    tried: list[Aim] = []
    left = brief.queries
    for cell in brief.cells:
        left -= SPELLINGS + len(_others(brief, cell))
        if left < 0:
            break
        tried.append(cell)
        found = yield from _heard(brief, cell)
        if found[0] is not None:
            heard = [item for item in found if item is not None]
            exact = isinstance(brief.secret, Measured)
            guesses[cell] = float(round(found[0] if exact else sum(heard) / len(heard)))
    return (Reading(by=By.FIGURES, guesses=guesses, tried=tuple(tried)),)


def _heard(brief: Brief, cell: Cut) -> Game[list[float | None]]:
    """Ask for a cell in every way."""
    rows = brief.known.count(cell)
    found = []
    for where in _spellings(brief, cell):
        heard = yield from ask_whole(brief, where, rows=rows)
        found.append(heard)
    for column in _others(brief, cell):
        parts = yield from ask_parts(brief, cell, by=column)
        there = [item for item in parts.values() if item is not None]
        found.append(sum(there) if len(there) == len(parts) else None)
    return found


def _spellings(brief: Brief, cell: Cut) -> Iterator[list[str]]:
    """Write one question in texts that mean the same."""
    where = conditions(brief.known, cell)
    column = quoted(brief.known.columns[cell.column].name)
    value = literal(cell.values[0])
    yield where
    yield [*where, f"{column} IN ({value}, {value})"]
    yield [*where, f"{column} >= {value}", f"{column} <= {value}"]


def _others(brief: Brief, cell: Cut) -> list[int]:
    """List columns by which the cell can be parted."""
    taken = {at for at, _ in cell.fixed} | {cell.column}
    return [at for at in brief.known.grouped if at not in taken]
