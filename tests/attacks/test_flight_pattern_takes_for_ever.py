"""A pattern over names that a backtracking matcher would chew on for ever.

expect: nothing refuses; the matcher tries the last `%` again, and no other (`server/patterns.py`)
effect: a thread of the node that is held for more than the product of both lengths
source: CWE-1333, inefficient regular expressions
"""

import sys

import pytest

from sekisho.server.patterns import is_like
from sekisho.wire.flight_sql import MAX_PATTERN

NAME = "a" * 63
STEPS = 40
"""Lines of the matcher that may run for each pair of a name's and a pattern's characters."""


@pytest.mark.parametrize(
    "pattern",
    [
        "%a" * (MAX_PATTERN // 2 - 1) + "b",
        "%_" * (MAX_PATTERN // 2 - 1) + "b",
        "%" * (MAX_PATTERN - 1) + "b",
        "%a%_" * (MAX_PATTERN // 4 - 1) + "%b",
    ],
)
def test_the_work_is_bounded_by_both_lengths(pattern):
    lines = 0

    def count(_frame, event, _value):
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        found = is_like(NAME, pattern)
    finally:
        sys.settrace(before)
    assert not found
    assert lines <= STEPS * len(NAME) * len(pattern)
