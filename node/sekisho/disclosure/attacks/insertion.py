"""Insertion: the same question before and after a person's rows have come into the data."""

from itertools import combinations

from sekisho.disclosure.attacks.attack import FIGURES, GAPS, Aim, Ask, Brief, Reading, Strategy, Turn
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Target
from sekisho.disclosure.attacks.writing import conditions, literal, name, select, single, value_of

QUERIES_PER_TARGET = 3
MAX_VALUES = 3
"""Values that a set of rows shares with the target, at most."""


def insertion(brief: Brief) -> Strategy:
    """Ask on the day before each target comes, on the day after, and then in other words.

    The same words get the earlier answer until enough has changed. Other words make a question of
    their own, which is withheld if it differs from the first by the one person.
    """
    guesses: dict[Aim, float] = {}
    gaps: dict[Aim, float] = {}
    targets = brief.targets[: brief.queries // QUERIES_PER_TARGET]
    used: set[Cut] = set()
    absent = frozenset(target.person for target in targets)
    for target in targets:
        cut = _around(brief.known, target, used)
        if cut is None:
            continue
        used.add(cut)
        rows = brief.known.count(cut)
        yield Turn(absent=absent)
        before = single(brief, (yield _ask(brief, cut)), rows=rows - target.rows)
        absent -= {target.person}
        yield Turn(absent=absent)
        after = single(brief, (yield _ask(brief, cut)), rows=rows)
        other = single(brief, (yield _ask(brief, cut, in_other_words=True)), rows=rows)
        if before is None:
            continue
        later = other if other is not None else after
        if later is not None:
            guesses[target] = value_of(brief, later - before, rows=target.rows)
        if isinstance(brief.secret, Asked):
            gaps[target] = 1.0 if other is None else 0.0
    return (
        Reading(by=FIGURES, guesses=guesses, tried=targets),
        Reading(by=GAPS, guesses=gaps, tried=targets),
    )


def _around(known: Knowledge, target: Target, used: set[Cut]) -> Cut | None:
    """Choose the most rows that share values with the target and were not asked about before."""
    columns = [at for at in known.filtered if target.values[at] is not None]
    cuts = [
        Cut(
            fixed=tuple((at, target.values[at]) for at in fixed),
            column=column,
            values=(target.values[column],),
        )
        for size in range(MAX_VALUES)
        for column, *fixed in combinations(columns, size + 1)
    ]
    return max((cut for cut in cuts if cut not in used), key=known.count, default=None)


def _ask(brief: Brief, cut: Cut, *, in_other_words: bool = False) -> Ask:
    where = list(conditions(brief.known, cut))
    if in_other_words:
        # True of every row that the cut holds, and another text.
        value = literal(cut.values[0])
        where.append(f"{name(brief.known.columns[cut.column].name)} IN ({value}, {value})")
    return Ask(sql=select(brief, where))
