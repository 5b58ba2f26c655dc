"""Read what is withheld: two sets of patients that differ by one who is healthy are one set of ill.

Where a query may filter on a secret or group by it, who is in a cell depends on the secret, and so
does whether a second cell is too near to the first. Then that it is withheld is the answer. What is
measured does not change who is in a cell, and nothing of it is told.

expect: whether a figure is withheld tells nothing of one patient
effect: people are recovered one by one, each with two or three queries
source: auditing of queries that denies by the data leaks by its denials
"""

import pytest

from sekisho.disclosure.attacks.attack import By

TELLS = (
    "a population that equals a published one is published, one that differs by a patient is not"
)

OPEN = pytest.mark.xfail(strict=True, reason=TELLS)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("differencing", marks=OPEN),
        pytest.param("insertion", marks=OPEN),
        "tracker",
    ],
)
def test_withheld_figure_tells_nothing_of_a_named_secret(attacked, attack):
    found = attacked.attack(attack, "result=positive", hidden="positive")[By.WITHHELD]
    assert not found.score.is_beyond_chance


@pytest.mark.parametrize("attack", ["differencing", "insertion", "tracker"])
def test_withheld_figure_tells_nothing_of_what_is_measured(attacked, attack):
    found = attacked.attack(attack, "positive", queries=15, hidden="result")
    assert By.WITHHELD not in found
