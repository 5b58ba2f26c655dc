"""Row filters as texts: which conditions are joined by AND, in one spelling."""

import pytest

from sekisho.model.row_filters import conditions_of, filter_covers


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (None, set()),
        ("NOT cancelled", {"not cancelled"}),
        ("a > 1 AND b = 'X and Y'", {"a > 1", "b = 'X and Y'"}),
        ("a>1  and\n(b = 2 AND (c))", {"a > 1", "b = 2", "c"}),
        ("a BETWEEN 1 AND 5 AND b", {"a between 1 and 5", "b"}),
        (
            "a NOT BETWEEN 1 AND b AND c BETWEEN 2 AND 3",
            {"a not between 1 and b", "c between 2 and 3"},
        ),
        ("a OR b AND c", {"a or b and c"}),
        ("(a OR b) AND c", {"a or b", "c"}),
        ("(a) = (b)", {"( a ) = ( b )"}),
        ("CASE WHEN a AND b THEN c END AND d", {"case when a and b then c end", "d"}),
        ('"AND" = 1 AND "Or"', {'"AND" = 1', '"Or"'}),
        ("x = -1 AND y <> .5e3", {"x = - 1", "y <> .5e3"}),
        ("straße = 1 AND ÄÖ", {"straße = 1", "ÄÖ"}),
        # What is not plain is one condition, as it stands.
        ("a = E'\\' AND b' AND c", {"a = E'\\' AND b' AND c"}),
        ("a -- AND b\nAND c", {"a -- AND b\nAND c"}),
        ("a /* AND b */ AND c", {"a /* AND b */ AND c"}),
        ("a[1] AND b", {"a[1] AND b"}),
        ("f(x -> x) AND b", {"f(x -> x) AND b"}),
        ("a = $$ AND $$ AND b", {"a = $$ AND $$ AND b"}),
        (") AND a (", {") and a ("}),
    ],
)
def test_conditions_are_told_apart(text, conditions):
    assert conditions_of(text) == conditions


@pytest.mark.parametrize(
    ("first", "second", "covers"),
    [
        (None, "a", True),
        ("a", None, False),
        ("a AND b", "b AND c AND a", True),
        ("a AND b", "a", False),
        ("a", "a OR b", False),
        ("a > 1", "a > 2", False),
        ("a between 1 and 2", "1 AND a BETWEEN 1 AND 3", False),
    ],
)
def test_a_filter_covers_one_with_more_conditions(first, second, covers):
    assert filter_covers(first, second) is covers


def test_deep_brackets_are_no_recursion():
    text = "(" * 4000 + "a AND b" + ")" * 4000
    assert conditions_of(text) == {"a", "b"}
