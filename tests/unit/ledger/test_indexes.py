"""Sets of indexes, and the one spelling that each has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.ledger.indexes import Indexes, parse_indexes


@given(st.sets(st.integers(0, 60)))
def test_a_set_is_read_back_as_it_was_written(numbers):
    found = Indexes(sorted(numbers))
    assert set(found) == numbers
    assert len(found) == len(numbers)
    assert {number for number in range(62) if number in found} == numbers
    assert list(parse_indexes(found.texts())) == sorted(numbers)


def test_stretches_are_written_with_both_ends():
    assert Indexes([0, 1, 2, 5, 7, 8]).texts() == ("0-2", "5", "7-8")


@pytest.mark.parametrize(
    "texts",
    [
        ("5", "4"),
        ("1", "2"),
        ("1-1",),
        ("2-1",),
        ("01",),
        ("-1",),
        ("1-",),
        ("a",),
        ("1-2-3",),
        ("٣",),
    ],
)
def test_other_spellings_are_refused(texts):
    with pytest.raises(ValueError, match="indexes"):
        parse_indexes(texts)


def test_the_same_index_is_not_added_twice():
    found = Indexes([3])
    with pytest.raises(ValueError, match="not in order"):
        found.add(3)
