"""Sketches at their edges: what is kept, what is listed, and how many slots there must be."""

import pytest

from sekisho.disclosure import sketches, steps
from sekisho.disclosure.sketches import (
    BASIC_SLOTS,
    KEPT_SLOTS,
    LISTED_SLOTS,
    MAX_KEPT_UNITS,
    differing,
    fold,
    kept,
)
from support.sketches import sketch


def people(count, *, apart=1):
    return {unit * apart: unit + 1 for unit in range(count)}


def test_a_unit_with_other_rows_differs_and_one_that_is_gone_too():
    left = sketch({1: 10, 2: 20, 3: 30})
    assert differing(left, sketch({1: 10, 2: 21, 4: 40})) == 3
    assert differing(left, left) == 0
    assert differing(left, sketch({1: 10, 2: 20, 3: 30})) == 0


def test_a_coarse_sketch_counts_units_that_share_a_slot_once():
    left, right = {1: 10, 65: 20, 129: 30}, {1: 11, 65: 21, 129: 30}
    assert differing(sketch(left), sketch(right)) == 2
    assert differing(sketch(left, 64), sketch(right)) == 1
    assert differing(sketch(left, 64), sketch(right, 128)) == 1


def test_sums_are_folded_modulo_two_to_the_sixty_fourth():
    assert fold(sketch({1: 2**64 - 1, 65: 3}), 64) == {1: 2}


@pytest.mark.parametrize(
    ("count", "apart", "slots"),
    [
        (MAX_KEPT_UNITS, 1, None),
        (MAX_KEPT_UNITS + 1, 1, KEPT_SLOTS),
        # Units whose hashes share a few slots would be listed by too few.
        (MAX_KEPT_UNITS + 1, KEPT_SLOTS // 2, None),
    ],
)
def test_what_is_kept_of_a_sketch_of_many_units(count, apart, slots):
    found = kept(sketch(people(count, apart=apart)))
    assert found.slots == slots
    assert len(found.places) == (count if slots is None else slots)


@pytest.mark.parametrize(("taken", "slots"), [(767, None), (768, KEPT_SLOTS)])
def test_a_sketch_is_kept_coarse_if_three_quarters_of_its_slots_are_taken(taken, slots):
    units = (at % taken + at // taken * KEPT_SLOTS for at in range(3 * taken))
    assert kept(sketch({unit: unit + 1 for unit in units})).slots == slots


def test_a_coarse_sketch_is_kept_as_it_is():
    coarse = sketch(people(4000), 2048)
    assert kept(coarse) is coarse


def test_an_exact_sketch_of_few_units_is_listed_by_its_own_slots_alone():
    assert len(sketch(people(LISTED_SLOTS - 1)).listing) == LISTED_SLOTS - 1
    assert len(sketch(people(LISTED_SLOTS)).listing) == 2 * LISTED_SLOTS
    assert len(sketch(people(4000)).listing) == 2 * LISTED_SLOTS
    assert len(sketch(people(4000), 64).listing) == LISTED_SLOTS


def test_listed_numbers_fit_a_signed_column_and_tell_kinds_apart():
    numbers = sketch(people(4000)).listing
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert not set(sketch({5: 7}).listing) & set(sketch({5: 7}, 64).listing)


def test_listed_numbers_are_those_that_earlier_releases_remembered():
    """They lie in a node's memory: with other numbers what was published would not be found."""
    cell = sketch({2**64 - 1: 2**64 - 3, 7: 2**40 + 5})
    assert cell.listing == (8497459358779158333, -7372256732594758265)
    assert sketch({7: 5}, 64).listing == (-6844984052353849540,)


def test_slots_of_steps_are_those_that_listings_rest_on():
    """A coarse sketch takes so many basic slots that one of fewer differs from it in enough."""
    assert steps.MIN_SLOTS == BASIC_SLOTS
    taken = BASIC_SLOTS * steps.FULL_PERCENT // 100
    assert taken - LISTED_SLOTS >= LISTED_SLOTS
    assert sketches._FULL * 100 == KEPT_SLOTS * steps.FULL_PERCENT
    assert KEPT_SLOTS % BASIC_SLOTS == 0
