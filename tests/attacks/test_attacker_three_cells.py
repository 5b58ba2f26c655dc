"""Ask for a set of patients and for the two large parts that all but one of them are in.

Each of the three cells differs from the others in many patients, so all are published; their means
have four digits, and who knows how many patients there are gets the sums almost whole. The mean of
a measure that is 0 or 1 gives away how many are 1, which `round_counts_to` is meant to hide.

expect: three figures tell nothing of the one patient that they leave over
effect: people are recovered one by one, each with three queries
source: trackers; linear systems over published means
"""

import pytest

from sekisho.disclosure.attacks.attack import By

TELLS = "means are cut to four digits and not rounded as counts are; few cells make a system too"


@pytest.mark.xfail(strict=True, reason=TELLS)
def test_three_cells_tell_nothing_of_the_patient_between(attacked):
    found = attacked.attack("tracker", "positive", queries=60, hidden="result")[By.FIGURES]
    assert not found.score.is_beyond_chance


@pytest.mark.xfail(strict=True, reason=TELLS)
def test_mean_of_0_and_1_does_not_give_its_count_away(attacked):
    found = attacked.attack("averaging", "positive", queries=40, hidden="result")[By.FIGURES]
    assert not found.score.is_beyond_chance
