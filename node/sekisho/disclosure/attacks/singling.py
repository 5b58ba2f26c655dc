"""Singling out, where rows leave: whose row it is, from what is known of everybody."""

from collections import defaultdict

from sekisho.disclosure.attacks.attack import Aim, Ask, Brief, By, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Value
from sekisho.disclosure.attacks.writing import quoted


def singling_out(brief: Brief) -> Strategy:
    """Ask for all rows, and find each target's by the values that are known of it."""
    known = brief.known
    names = [quoted(item.name) for item in known.columns] + [quoted(brief.secret.column)]
    text = f"SELECT {', '.join(names)} FROM {known.relation}"  # noqa: S608  our own text
    reply = yield Ask(sql=text)
    found: dict[tuple[Value, ...], list[Value]] = defaultdict(list)
    for *values, secret in reply.rows:
        found[tuple(values)].append(secret)
    guesses: dict[Aim, float] = {}
    for target in brief.targets:
        value = _read(brief, found[target.values])
        if value is not None:
            guesses[target] = value
    return (Reading(by=By.FIGURES, guesses=guesses, tried=brief.targets),)


def _read(brief: Brief, secrets: list[Value]) -> float | None:
    """Read a person's secret out of their rows."""
    if isinstance(brief.secret, Asked):
        return float(brief.secret.value in secrets) if secrets else None
    numbers = [float(item) for item in secrets if item is not None]
    return sum(numbers) / len(numbers) if numbers else None
