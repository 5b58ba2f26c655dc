"""LIKE over names, compared with DuckDB's own."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.server.patterns import is_like

TEXTS = st.text("ab%_", max_size=6)


@given(name=TEXTS, pattern=TEXTS)
def test_patterns_mean_what_they_mean_in_sql(name, pattern):
    with duckdb.connect() as database:
        (row,) = database.execute("SELECT $n LIKE $p", {"n": name, "p": pattern}).fetchall()
    assert is_like(name, pattern) is row[0]


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("Flights", "fl%", True),
        ("flight_log", r"flight\_log", True),
        ("flights log", r"flight\_log", False),
        ("a%", r"a\%", True),
        ("ab", r"a\%", False),
        ("a\\", r"a\\", True),
        ("", "", True),
        ("a", "", False),
    ],
)
def test_capitals_do_not_matter_and_a_backslash_escapes(name, pattern, fits):
    assert is_like(name, pattern) is fits
