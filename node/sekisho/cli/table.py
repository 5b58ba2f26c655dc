"""Shows rows to people: an aligned table or one JSON document."""

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO


def show(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, out: TextIO
) -> None:
    """Print rows as JSON or as a table of the named columns."""
    if as_json:
        json.dump([dict(row) for row in rows], out, ensure_ascii=False, indent=1)
        out.write("\n")
        return
    cells = [[cell_text(row.get(column)) for column in columns] for row in rows]
    write_table(columns, cells, out)


class TakesText(Protocol):
    """Where a table is printed to."""

    def write(self, text: str, /) -> object:
        """Take a text."""


def write_table(columns: Sequence[str], cells: Sequence[Sequence[str]], out: TakesText) -> None:
    """Print cells in columns as wide as their widest; numbers to the right."""
    widths = [
        max([_width(column), *(_width(row[index]) for row in cells)])
        for index, column in enumerate(columns)
    ]
    right = [
        bool(cells) and all(_is_number(row[index]) for row in cells)
        for index in range(len(columns))
    ]
    for row in (columns, ["-" * width for width in widths], *cells):
        line = "  ".join(
            _padded(text, width, right=on_right)
            for text, width, on_right in zip(row, widths, right, strict=True)
        )
        out.write(line.rstrip() + "\n")


def say(text: str) -> None:
    """Tell the person something that is not data."""
    print(text, file=sys.stderr)


def cell_text(value: object) -> str:
    """Show one value in a table: control characters as escapes, NULL as nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e15 else repr(value)  # noqa: PLR2004  as repr does
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(value)
    )


def _padded(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if right else text + blank


def _width(text: str) -> int:
    """Count terminal cells: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _is_number(text: str) -> bool:
    return not text or text.replace("-", "", 1).replace(".", "", 1).replace("e+", "", 1).isdigit()
