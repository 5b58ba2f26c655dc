"""Sketches against plain sets of rows: how many units differ, and who is found by listings."""

import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sekisho.disclosure.sketches import (
    BASIC_SLOTS,
    KEPT_SLOTS,
    LISTED_SLOTS,
    MAX_KEPT_UNITS,
    Sketch,
    differing,
    kept,
    parse_sketch,
)
from sekisho.disclosure.steps import FULL_PERCENT
from support.plain_cells import differing as differing_plainly
from support.plain_cells import folded
from support.sketches import sketch

_word = random.Random(11).getrandbits
UNITS = [_word(64) for _ in range(4000)]
ROWS = [_word(64) for _ in range(4000)]

few_cells = st.dictionaries(st.sampled_from(UNITS[:30]), st.sampled_from(ROWS[:4]), max_size=30)
coarseness = st.sampled_from([None, 64, 128, 1024])


@given(few_cells, few_cells)
def test_exact_sketches_differ_in_the_units_that_do(left, right):
    assert differing(sketch(left), sketch(right)) == differing_plainly(left, right)


@given(few_cells, few_cells, coarseness, coarseness)
def test_coarse_sketches_differ_in_no_more_and_never_in_none_instead(left, right, one, other):
    found = differing(sketch(left, one), sketch(right, other))
    assert found <= differing_plainly(left, right)
    assert (found == 0) == (left == right)


@given(few_cells, coarseness)
def test_a_sketch_is_read_back_as_it_was_written(cell, slots):
    written = sketch(cell, slots)
    assert parse_sketch(written.to_bytes(), slots) == written


@st.composite
def neighbours(draw):
    """Draw two populations of many units that differ in few of them, or in many."""
    size = draw(st.sampled_from([10, 11, 24, 30, 60, 200, 900, MAX_KEPT_UNITS, 3000]))
    first = draw(st.integers(0, len(UNITS) - size))
    left = dict(zip(UNITS[first : first + size], ROWS[first : first + size], strict=True))
    right = dict(left)
    chance = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(0, 26))):
        unit = chance.choice(UNITS)
        match chance.choice(["go", "come", "change"]):
            case "go":
                right.pop(unit if unit in right and chance.random() < 0.2 else next(iter(right)))
            case "come":
                right[unit] = ROWS[0]
            case "change":
                right[chance.choice(list(right))] = chance.choice(ROWS)
        if not right:
            break
    return left, right


def described(cell, slots) -> Sketch:
    """Sketch a cell as the steps do: only with shared slots if a good part of them is taken."""
    found = sketch(cell, slots)
    is_full = slots is None or 100 * len(found.places) >= FULL_PERCENT * slots
    return found if is_full else sketch(cell)


@settings(max_examples=300)
@given(
    neighbours(),
    coarseness,
    coarseness,
    st.integers(2, LISTED_SLOTS),
    st.integers(2, LISTED_SLOTS),
)
def test_who_differs_in_too_few_units_is_found_by_a_listing(cells, one, other, asked, published):
    """Either side may be coarse; what was published is kept as a state file keeps it."""
    left, right = (described(cell, slots) for cell, slots in zip(cells, (one, other), strict=True))
    assume(len(left.places) >= asked)
    assume(len(right.places) >= published)
    remembered = kept(right)
    if differing(left, remembered) < max(asked, published):
        assert set(left.listing) & set(remembered.listing)


@given(neighbours())
def test_what_is_kept_coarse_differs_in_no_more(cells):
    left, right = map(sketch, cells)
    assert differing(left, kept(right)) <= differing(left, right)
    assert (differing(left, kept(right)) == 0) == (cells[0] == cells[1])
    if len(right.places) <= MAX_KEPT_UNITS:
        assert kept(right) is right
    else:
        assert kept(right).slots == KEPT_SLOTS


@given(few_cells)
def test_coarse_sketches_of_all_sizes_are_listed_alike(cell):
    listed = {sketch(cell, slots).listing for slots in (64, 128, 1024)}
    assert len(listed) == 1
    basic = folded(cell, BASIC_SLOTS)
    assert len(listed.pop()) == min(LISTED_SLOTS, len(basic))
