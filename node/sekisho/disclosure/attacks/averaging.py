"""Averaging: the exact count behind a rounded one, from many ways to ask for it."""

from collections.abc import Iterator

from sekisho.disclosure.attacks.attack import FIGURES, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Cut, Measured
from sekisho.disclosure.attacks.writing import conditions, literal, name, select, single, total


def averaging(brief: Brief) -> Strategy:
    """Ask for each cell in several spellings and as the sum of its parts, and take the mean.

    If rounding were drawn anew for each question, the mean would be the truth. A mean of a measure
    that is 0 or 1 gives its sum away at once, if it is written out far enough.
    """
    guesses: dict[Aim, float] = {}
    left = brief.queries
    tried: list[Aim] = []
    for cell in brief.cells:
        tried.append(cell)
        rows = brief.known.count(cell)
        found = []
        for text in _spellings(brief, cell):
            left -= 1
            found.append(single(brief, (yield Ask(sql=text)), rows=rows))
        for column in _others(brief, cell):
            left -= 1
            found.append((yield from _summed(brief, cell, column)))
        heard = [item for item in found if item is not None]
        if found[0] is not None:
            whole = found[0] if isinstance(brief.secret, Measured) else sum(heard) / len(heard)
            guesses[cell] = float(round(whole))
        if left < len(found):
            break
    return (Reading(by=FIGURES, guesses=guesses, tried=tuple(tried)),)


def _spellings(brief: Brief, cell: Cut) -> Iterator[str]:
    """Write one question in texts that mean the same."""
    where = list(conditions(brief.known, cell))
    column = name(brief.known.columns[cell.column].name)
    value = literal(cell.values[0])
    yield select(brief, where)
    yield select(brief, [*where, f"{column} IN ({value}, {value})"])
    yield select(brief, [*where, f"{column} >= {value}", f"{column} <= {value}"])


def _others(brief: Brief, cell: Cut) -> Iterator[int]:
    """List columns by which the cell can be parted."""
    taken = {at for at, _ in cell.fixed} | {cell.column}
    return (at for at in brief.known.grouped if at not in taken)


def _summed(brief: Brief, cell: Cut, column: int) -> Strategy:
    """Add up a cell's parts; None where one of them is missing."""
    reply = yield Ask(sql=select(brief, list(conditions(brief.known, cell)), by=(column,)))
    fixed = (*cell.fixed, (cell.column, cell.values[0]))
    spread = brief.known.spread(fixed, column)
    parts = [
        total(brief, row, rows=spread[row[0]].rows) for row in reply.rows if row[0] in spread
    ]
    is_whole = brief.rules.is_exact or len(parts) == len(spread)
    return sum(parts) if is_whole and parts and None not in parts else None
