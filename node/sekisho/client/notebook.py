"""Shows answers and their progress in a notebook; elsewhere nothing of it is used."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Any

import pyarrow as pa

from sekisho.client.notes import Progress, progress_text

SHOWN_ROWS = 20
"""Rows of an answer that a notebook shows."""
_STYLE = "text-align: left"


def answer_html(schema: pa.Schema, batches: Iterable[pa.RecordBatch], *, is_whole: bool) -> str:
    """Lay out the first rows of an answer.

    Args:
        schema: Of the answer.
        batches: Read so far.
        is_whole: Whether there are no others.
    """
    rows = list(islice(_rows(batches), SHOWN_ROWS + 1))
    head = "".join(f'<th style="{_STYLE}">{escape(item.name)}</th>' for item in schema)
    lines = "".join(f"<tr>{_cells(row)}</tr>" for row in rows[:SHOWN_ROWS])
    more = len(rows) > SHOWN_ROWS or not is_whole
    note = "<p>…, more rows follow</p>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>{note}"


def notebook_progress() -> Callable[[Sequence[Progress]], None] | None:
    """Give what shows progress below a notebook's cell; None where this is not a notebook."""
    ipython: Any = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        return None
    display: Any = ipython.display.display  # loaded with it, and a dependency of nobody here
    handle: list[Any] = []

    def show(parts: Sequence[Progress]) -> None:
        if not handle and all(item.state == "answered" for item in parts):
            return  # it was over before anybody could wonder
        shown = {"text/plain": progress_text(parts)}
        if handle:
            handle[0].update(shown, raw=True)
        else:
            handle.append(display(shown, raw=True, display_id=True))

    return show


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        part = batch.slice(0, SHOWN_ROWS + 1)
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)


def _cells(row: tuple[Any, ...]) -> str:
    return "".join(
        f'<td style="{_STYLE}">{"" if value is None else escape(str(value))}</td>' for value in row
    )
