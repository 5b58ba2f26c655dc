"""What the text of a row filter tells without an SQL parser: which conditions it joins by AND.

The gate reads a filter for what it means; here two filters are compared as texts, so that a person
sees at once whether a condition was added, taken away or rewritten. What is not understood for sure
is one condition: then two filters compare by being equal or not.
"""

import re
from collections.abc import Sequence

_TOKEN = re.compile(
    r"""
      (?P<space> \s+ )
    | (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<word> [^\W\d]\w* )
    | (?P<number> (?: \d+\.?\d* | \.\d+ ) (?: e[+-]?\d+ )? )
    | (?P<sign>
        <> | <= | >= | != | == | :: | // (?!\*) | \|\| | -(?![->]) | /(?!\*) | =(?!>) | [<>+*%,.()]
      )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OPENS, _CLOSES = frozenset({"(", "case"}), frozenset({")", "end"})


def conditions_of(text: str | None) -> frozenset[str]:
    """List the conditions of a row filter that must all hold, each in one spelling.

    Words without quotes are written small and blanks are evened out; brackets around a whole
    condition are dropped.

    Args:
        text: The `where` of a grant; None for every row.
    """
    if text is None:
        return frozenset()
    tokens = _tokens(text)
    if tokens is None:
        return frozenset({text.strip()})
    found: set[str] = set()
    waiting: list[Sequence[str]] = [tokens]
    while waiting:
        condition = _unbracketed(waiting.pop())
        parts = _split(condition)
        if len(parts) == 1:
            found.add(" ".join(condition))
        waiting += parts if len(parts) > 1 else ()
    return frozenset(found)


def filter_covers(first: str | None, second: str | None) -> bool:
    """Tell from the texts that every row of the second filter is one of the first."""
    return conditions_of(first) <= conditions_of(second)


def _tokens(text: str) -> tuple[str, ...] | None:
    """Cut a text into words and signs; None where a part is not plainly one."""
    found: list[str] = []
    at, before = 0, ""
    while at < len(text):
        match = _TOKEN.match(text, at)
        # A letter right before a quote changes what stands inside it.
        if match is None or (match.lastgroup == "quoted" and before in {"word", "quoted"}):
            return None
        at, before = match.end(), match.lastgroup or ""
        if before != "space":
            token = match.group()
            is_plain = before != "quoted" and token.isascii()
            found.append(token.lower() if is_plain else token)
    return tuple(found)


def _unbracketed(tokens: Sequence[str]) -> Sequence[str]:
    """Drop the brackets that stand around all of a condition."""
    closing = _closing(tokens)
    first, last = 0, len(tokens) - 1
    while tokens[first : first + 1] == ("(",) and closing.get(first) == last:
        first, last = first + 1, last - 1
    return tokens[first : last + 1]


def _closing(tokens: Sequence[str]) -> dict[int, int]:
    """Tell where each thing that is opened is closed."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for at, word in enumerate(tokens):
        if word in _OPENS:
            opened.append(at)
        elif word in _CLOSES and opened:
            found[opened.pop()] = at
    return found


def _split(tokens: Sequence[str]) -> list[Sequence[str]]:
    """Split at each AND that joins, or not at all where an OR stands beside it."""
    parts: list[Sequence[str]] = []
    depth = ranges = start = 0
    for at, word in enumerate(tokens):
        depth += (word in _OPENS) - (word in _CLOSES)
        if depth != 0:
            continue
        if word == "or":
            return [tokens]
        if word == "between":
            ranges += 1
        elif word == "and" and ranges:
            ranges -= 1
        elif word == "and":
            parts.append(tokens[start:at])
            start = at + 1
    return [*parts, tokens[start:]]
