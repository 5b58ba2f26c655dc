"""Dominance: a total of which most is one contributor's tells that one's own part."""

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Reading, Strategy
from sekisho.disclosure.attacks.writing import ask_whole, conditions


def dominance(brief: Brief) -> Strategy:
    """Ask for the total of cells that one contributor dominates, and take it for that one's."""
    guesses: dict[Aim, float] = {}
    cells = brief.cells[: brief.queries]
    for cell in cells:
        where, rows = conditions(brief.known, cell), brief.known.count(cell)
        found = yield from ask_whole(brief, where, rows=rows)
        if found is not None:
            guesses[cell] = found
    return (Reading(by=By.FIGURES, guesses=guesses, tried=cells),)
