"""Writes from the allow-lists what people look up: the page of functions, types and units.

The committed file `docs/reference/functions.md` is what `functions_page` returns; a test compares.
"""

from collections.abc import Iterable, Iterator

from sekisho.sql.functions import (
    DATE_PARTS,
    FUNCTIONS,
    INTERVAL_UNITS,
    Function,
    FunctionClass,
)

_HEAD = """\
# Functions

Generated from the allow-list (`node/sekisho/sql/listed.py`); do not edit. What is not here is
refused with `FUNCTION_NOT_ALLOWED`. Names are DuckDB's, without regard to case.

A value of another type than a function takes must be cast, such as `CAST(x AS VARCHAR)`. A
function that can fail gives NULL where it does, and so does a cast.
"""
_WORDS = {
    "t": "text",
    "n": "number",
    "i": "whole number",
    "b": "boolean",
    "v": "interval",
    "d": "date or timestamp",
    "D": "date or timestamp",
    "k": "date or timestamp",
    "h": "date, time or interval",
    "a": "number, date or timestamp",
    "m": "number, date or timestamp",
    "p": "any plain value",
    "=": "values of one type",
    "u": "part",
    "q": "fraction",
    "c": "number of rows",
    "w": "width up to 1000",
    "I": "whole number",
    "f": "float",
    "s": "value like the first",
    "*": "any",
}
_TITLES = {
    FunctionClass.SCALAR: ("Over one row", "can fail"),
    FunctionClass.AGGREGATE: ("Over many rows; with OVER, over a window", "can fail"),
    FunctionClass.WINDOW: ("With OVER alone", "can fail"),
}


def functions_page() -> str:
    """Write the page of all functions on the list, in Markdown."""
    parts = [_HEAD]
    for function_class, (title, last) in _TITLES.items():
        listed = [item for item in FUNCTIONS.values() if item.function_class is function_class]
        parts.append(f"## {title}\n\n{_table(listed, last)}")
    parts.append(f"## Parts of a date\n\n{_list(DATE_PARTS)}")
    parts.append(f"## Units of an interval\n\n{_list(INTERVAL_UNITS)}")
    return "\n".join(parts)


def _table(functions: Iterable[Function], last: str) -> str:
    lines = [
        f"| function | takes | {last} | engines | why it is offered |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(item) for item in sorted(functions, key=lambda item: item.name)]
    return "\n".join(lines) + "\n"


def _row(item: Function) -> str:
    fails = "yes" if item.can_fail else "no"
    takes = ", ".join(_arguments(item)) or "nothing"
    engines = ", ".join(sorted(item.engines))
    return f"| `{item.name}` | {takes} | {fails} | {engines} | {item.why} |"


def _arguments(item: Function) -> Iterator[str]:
    """Say each argument; those past the fewest stand in brackets."""
    shown = min(item.most, max(len(item.takes), item.least))
    for at in range(shown):
        words = _WORDS[item.letter(at)]
        yield words if at < item.least else f"[{words}]"
    if item.most > shown:
        yield "…"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) + "\n"
