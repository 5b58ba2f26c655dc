"""Insertion: the same question before and after a person's rows have come into the data."""

from itertools import combinations

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Reading, Strategy, Turn
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Target
from sekisho.disclosure.attacks.writing import ask_whole, conditions, guess, literal, quoted

QUERIES_PER_TARGET = 3
MAX_VALUES = 3
"""Values that a set of rows shares with the target, at most."""


def insertion(brief: Brief) -> Strategy:
    """Ask on the day before each target comes, on the day after, and then in other words.

    The same words get the earlier answer until enough has changed. Other words make a question of
    their own, which is withheld if it differs from the first by one person.
    """
    guesses: dict[Aim, float] = {}
    told: dict[Aim, float] = {}
    used: set[Cut] = set()
    targets = _newcomers(brief)
    absent = frozenset(target.person for target in targets)
    for target in targets:
        cut = _shared(brief.known, target, used)
        if cut is None:
            continue
        used.add(cut)
        where, rows = conditions(brief.known, cut), brief.known.count(cut)
        yield Turn(absent=absent)
        before = yield from ask_whole(brief, where, rows=rows - target.rows)
        absent -= {target.person}
        yield Turn(absent=absent)
        after = yield from ask_whole(brief, where, rows=rows)
        other = yield from ask_whole(brief, [*where, _once_more(brief.known, cut)], rows=rows)
        later = after if other is None else other
        if before is not None and later is not None:
            guesses[target] = guess(brief, later - before, rows=target.rows)
        if before is not None and isinstance(brief.secret, Asked):
            told[target] = float(other is None)
    return (
        Reading(by=By.FIGURES, guesses=guesses, tried=targets),
        Reading(by=By.WITHHELD, guesses=told, tried=targets),
    )


def _newcomers(brief: Brief) -> tuple[Target, ...]:
    """Choose targets who have no other rows: they come on one day."""
    counted: dict[int, int] = {}
    for person in brief.known.people:
        counted[person] = counted.get(person, 0) + 1
    alone = [target for target in brief.targets if counted[target.person] == target.rows]
    return tuple(alone[: brief.queries // QUERIES_PER_TARGET])


def _shared(known: Knowledge, target: Target, used: set[Cut]) -> Cut | None:
    """Choose the most rows that share values with the target and were not asked about before."""
    columns = [at for at in known.filtered if target.values[at] is not None]
    cuts = [
        Cut(
            fixed=tuple((at, target.values[at]) for at in fixed),
            column=column,
            values=(target.values[column],),
        )
        for size in range(1, MAX_VALUES + 1)
        for column, *fixed in combinations(columns, size)
    ]
    return max((cut for cut in cuts if cut not in used), key=known.count, default=None)


def _once_more(known: Knowledge, cut: Cut) -> str:
    """Write what is true of every row that a cut holds already, to make another text."""
    value = literal(cut.values[0])
    return f"{quoted(known.columns[cut.column].name)} IN ({value}, {value})"
