"""Ask for small cells by themselves: is anybody there who has the secret?

expect: a cell of too few patients looks like an empty one
effect: no small cell is told from an empty one; exact figures tell every one
source: presence of rare combinations in published tables
"""

from sekisho.disclosure.attacks.attack import By


def test_small_cells_look_like_empty_ones(attacked):
    found = attacked.attack("presence", "result=positive", queries=30)[By.FIGURES]
    assert found.refused == 0
    assert found.score.of == 15
    assert found.score.stated == 0
    assert found.unprotected == found.score.of
