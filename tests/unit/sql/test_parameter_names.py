"""Which values a query wants, before it can be read."""

import pytest

from sekisho.sql.bounds import parameter_names


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", ()),
        ("SELECT ? + ?", ("1", "2")),
        ("SELECT $2, $1, $2", ("1", "2")),
        ("SELECT $10, $9", ("9", "10")),
        ("SELECT $b, $a, $b", ("b", "a")),
        ("SELECT '?$a' || \"$b\" -- ?\n || ? /* $c */", ("1",)),
        ("SELECT 'it''s $a' || $a", ("a",)),
        ("SELECT $Day", ("Day",)),
        ("SELECT a$b, $ c", ("b",)),
    ],
)
def test_marks_outside_quotes_and_comments_count(sql, names):
    assert parameter_names(sql) == names
