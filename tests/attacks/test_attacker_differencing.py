"""Ask of many patients with one of them and of the same ones without, and subtract.

expect: the second figure is withheld (overlap, `docs/spec/aggregate.md`, section 6)
effect: nothing is learnt of what is measured; exact figures give every target away
source: the oldest attack on statistical databases
"""

from sekisho.disclosure.attacks.attack import By


def test_differencing_learns_nothing_of_what_is_measured(attacked):
    found = attacked.attack("differencing", "positive", hidden="result")[By.FIGURES]
    assert found.refused == 0
    assert found.withheld >= found.score.of > 10
    assert (found.score.stated, found.score.recovered) == (0, 0)
    assert found.unprotected == found.score.of
