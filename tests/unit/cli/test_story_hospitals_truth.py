"""The hospitals' story tells how near published figures are, and does not call a leak near."""

import pytest

from sekisho.cli.story_hospitals_truth import Farthest, compare, truth_of

# Week, age group, hospital; patients, tests and positive ones.
HELD = [
    (7, 0, "a", 90, 101, 11),
    (7, 0, "b", 40, 49, 4),
    (7, 18, "a", 50, 52, 6),
    (7, 18, "b", 12, 12, 6),
    (14, 0, "a", 9, 12, 5),
]
PARTS = [
    (7, 0, "a", 100, 0.1089),
    (7, 0, "b", 50, 0.08163),
    (7, 18, "a", 50, 0.1154),
    (7, 18, "b", 10, None),
]
MERGED = [(7, 0, 150, 0.09981), (7, 18, 60, 0.1154)]


def near(*, merged=MERGED, parts=PARTS):
    return compare(merged, parts, truth_of(HELD))


def test_what_is_published_is_counted_beside_what_is_held():
    found = near()
    assert (found.cells, found.true_cells, found.parts, found.true_parts) == (2, 3, 4, 5)
    assert found.fewest == 12
    assert found.is_near


def test_cells_that_all_gave_are_told_from_those_that_miss_a_part():
    found = near()
    assert found.counts == Farthest(cells=2, error=4)
    assert (found.rates.cells, found.other_rates.cells) == (1, 1)
    assert found.rates.error == pytest.approx(0.00019, abs=1e-5)
    assert found.other_rates.error == pytest.approx(12 / 64 - 0.1154)


def test_a_cell_of_few_patients_is_never_near():
    few = (14, 0, "a", 10, None)
    found = near(merged=[*MERGED, (14, 0, 10, None)], parts=[*PARTS, few])
    assert found.fewest == 9
    assert not found.is_near


@pytest.mark.parametrize("wrong", [(7, 0, 160, 0.09981), (7, 0, 150, 0.2)])
def test_a_figure_that_is_off_by_more_than_its_rounding_is_not_near(wrong):
    assert not near(merged=[wrong, MERGED[1]]).is_near


def test_nothing_whole_is_not_near():
    assert not near(merged=[(7, 18, 60, 0.1154)]).is_near
