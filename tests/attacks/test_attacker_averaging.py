"""Ask for one count in many spellings and as the sum of its parts, and take the mean.

expect: rounding is the same for the same rows, however they are asked for
effect: the exact count is found as often as by drawing one of those that round alike
source: averaging 10,000 equivalent queries
"""

from sekisho.disclosure.attacks.attack import By


def test_averaging_does_not_undo_rounding(attacked):
    found = attacked.attack("averaging", "result=positive", queries=60, hidden="positive")
    score = found[By.FIGURES].score
    assert found[By.FIGURES].refused == 0
    assert score.stated >= 5
    assert not score.is_beyond_chance
    assert found[By.FIGURES].unprotected == score.of
