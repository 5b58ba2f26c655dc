"""Solve the equations that many overlapping cells make for everybody's secret at once.

expect: cells of few patients, and those near to what was published, are withheld
effect: the values that fit best are as good as those of whoever asks nothing
source: database reconstruction of census tables
"""

import pytest

from sekisho.disclosure.attacks.attack import By


@pytest.mark.parametrize(("secret", "hidden"), [("positive", "result"), ("result=positive", "")])
def test_reconstruction_solves_for_nobody(attacked, secret, hidden):
    found = attacked.attack("reconstruction", secret, queries=40, hidden=hidden)[By.FIGURES]
    assert found.refused == 0
    assert found.score.of >= 20
    assert not found.score.is_beyond_chance
    assert found.unprotected == found.score.of
