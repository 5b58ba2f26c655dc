"""Singling out, where rows leave: whose row it is, from what is known of everybody."""

from collections import defaultdict

from sekisho.disclosure.attacks.attack import FIGURES, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Value
from sekisho.disclosure.attacks.writing import name


def singling_out(brief: Brief) -> Strategy:
    """Ask for all rows, and find each target's by the values that are known of it."""
    known = brief.known
    names = [name(item.name) for item in known.columns]
    text = f"SELECT {', '.join((*names, name(brief.secret.column)))} FROM {name(known.relation)}"
    reply = yield Ask(sql=text)
    found: dict[tuple[Value, ...], list[Value]] = defaultdict(list)
    for *values, secret in reply.rows:
        found[tuple(values)].append(secret)
    guesses: dict[Aim, float] = {}
    for target in brief.targets:
        guess = _guess(brief, found[target.values])
        if guess is not None:
            guesses[target] = guess
    return (Reading(by=FIGURES, guesses=guesses, tried=brief.targets),)


def _guess(brief: Brief, secrets: list[Value]) -> float | None:
    """Read a person's secret out of their rows."""
    if isinstance(brief.secret, Asked):
        return float(brief.secret.value in secrets) if secrets else None
    numbers = [float(item) for item in secrets if item is not None]
    return sum(numbers) / len(numbers) if numbers else None
