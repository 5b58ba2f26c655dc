"""Ask on the day before a patient's tests come into the data, on the day after, in other words.

expect: the same question gets the earlier answer, another one is withheld (overlap)
effect: guesses of what is measured are as good as those of whoever asks nothing
source: "insert one patient and ask again"
"""

from sekisho.disclosure.attacks.attack import By


def test_insertion_learns_nothing_of_what_is_measured(attacked):
    found = attacked.attack("insertion", "positive", queries=24, hidden="result")[By.FIGURES]
    assert found.refused == 0
    assert found.score.of == 8
    assert not found.score.is_beyond_chance
    assert found.unprotected == found.score.of
