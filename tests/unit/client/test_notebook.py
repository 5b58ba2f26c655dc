"""What a notebook shows of an answer: its first rows, laid out, and never as script."""

import pyarrow as pa

from sekisho.client.notebook import SHOWN_ROWS, answer_html, notebook_progress
from sekisho.client.notes import Progress, progress_text


def html(rows: int, *, is_whole: bool = True, text: str = "JFK") -> str:
    table = pa.table({"origin": [text] * rows, "n": pa.array([None, *range(1, rows)][:rows])})
    return answer_html(table.schema, table.to_batches(max_chunksize=7), is_whole=is_whole)


def test_every_row_of_a_short_answer_is_shown():
    shown = html(3)
    assert shown.count("<tr>") == 4
    assert shown.count("JFK") == 3
    assert ">1</td>" in shown
    assert "None" not in shown
    assert "more rows" not in shown


def test_a_long_answer_is_cut_and_says_so():
    assert html(SHOWN_ROWS).count("JFK") == SHOWN_ROWS
    assert "more rows" not in html(SHOWN_ROWS)
    assert html(SHOWN_ROWS + 1).count("JFK") == SHOWN_ROWS
    assert "more rows follow" in html(SHOWN_ROWS + 1)
    assert "more rows follow" in html(3, is_whole=False)


def test_values_and_names_are_text():
    hostile = "<script>alert(1)</script>"
    table = pa.table({hostile: ['<img src=x onerror="x">']})
    shown = answer_html(table.schema, table.to_batches(), is_whole=True)
    assert "<script>" not in shown
    assert "<img" not in shown


def test_progress_is_one_line_a_provider():
    parts = [
        Progress(party="ua.example", state="answering", rows=1200, bytes=9),
        Progress(party="borea.example", state="asked", rows=0, bytes=0),
    ]
    assert progress_text(parts).splitlines() == [
        "ua.example     answering, 1,200 rows",
        "borea.example  asked, 0 rows",
    ]


def test_outside_a_notebook_nothing_shows_progress():
    assert notebook_progress() is None
