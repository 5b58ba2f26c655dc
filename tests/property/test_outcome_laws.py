"""What is told of a condition without data holds for every row."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.outcomes import outcomes
from sekisho.sql.read import read_condition
from support.second_parser import DuckDBParser

PARSER = DuckDBParser()
ATOMS = """
    a = 1|a <> 1|a > 1|a < 1|a >= 2|a <= 0|a BETWEEN 0 AND 1|a IN (0, 2)|a IN (1, NULL)|a = NULL
    a IS NULL|a = a|a < a|TRUE|FALSE|NULL|b = 1|b <> a|w = 'x'|w = 'y'|w <> 'x'|1 < a|a = -1
    d = DATE '2026-01-01'|d > DATE '2026-01-01'|d < DATE '2026-01-03'|flag|flag = FALSE|2 > 1
""".replace("\n", "|").split("|")
conditions = st.recursive(
    st.sampled_from([item.strip() for item in ATOMS if item.strip()]),
    lambda inner: (
        st.tuples(inner, inner).map(" AND ".join)
        | st.tuples(inner, inner).map(" OR ".join)
        | inner.map("({})".format)
        | inner.map("NOT ({})".format)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def rows():
    connection = duckdb.connect(":memory:")
    connection.execute(
        """
        CREATE TABLE t AS SELECT * FROM
          (VALUES (-1), (0), (1), (2), (NULL)) AS a(a), (VALUES (1), (NULL)) AS b(b),
          (VALUES ('x'), ('y'), (NULL)) AS w(w),
          (VALUES (DATE '2026-01-01'), (DATE '2026-01-02'), (NULL)) AS d(d),
          (VALUES (TRUE), (FALSE), (NULL)) AS f(flag)
        """
    )

    def rows(text):
        return {item for (item,) in connection.execute(f"SELECT DISTINCT {text} FROM t").fetchall()}

    return rows


@given(text=conditions)
def test_no_row_comes_to_what_was_told_to_be_impossible(rows, text):
    assert rows(text) <= outcomes(read_condition(text, parser=PARSER, limits=DEFAULT_LIMITS))
