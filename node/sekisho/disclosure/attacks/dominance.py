"""Dominance: a total of which most is one contributor's tells that one's own part."""

from sekisho.disclosure.attacks.attack import FIGURES, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.writing import conditions, select, single


def dominance(brief: Brief) -> Strategy:
    """Ask for the total of cells that one contributor dominates, and take it for that one's."""
    guesses: dict[Aim, float] = {}
    for cell in brief.cells[: brief.queries]:
        reply = yield Ask(sql=select(brief, list(conditions(brief.known, cell))))
        found = single(brief, reply, rows=brief.known.count(cell))
        if found is not None:
            guesses[cell] = found
    return (Reading(by=FIGURES, guesses=guesses, tried=brief.cells[: brief.queries]),)
