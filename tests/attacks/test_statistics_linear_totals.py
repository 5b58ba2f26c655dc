"""A withheld cell as the total less all the other cells, and as the solution of many totals.

expect: the complement within one question; rounding and the quota over several
effect: the withheld cell's exact count and mean
source: PRIVACY.md: linear system over published totals; no remainder row
"""

from itertools import product

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")


def test_of_two_cells_neither_is_told_when_one_is_small(hospital):
    hospital.tests(*(one_test(i, sex="f" if i < 56 else "m") for i in range(60)))
    assert hospital.ask("SELECT sex, count(*) FROM tests GROUP BY sex", CONTRACT) == []


def test_there_is_no_row_of_what_remains(hospital):
    sexes = ["f"] * 30 + ["m"] * 26 + ["x"] * 4
    hospital.tests(*(one_test(i, sex=sex) for i, sex in enumerate(sexes)))
    found = hospital.ask("SELECT sex, count(*) FROM tests GROUP BY sex ORDER BY sex", CONTRACT)
    assert found == [("f", 30), ("m", 25)]


def test_a_total_less_its_parts_leaves_more_than_one_answer(hospital):
    """Three cells, of which the small one is withheld: what is left is within its rounding."""
    sexes = ["f"] * 33 + ["m"] * 24 + ["x"] * 4
    hospital.tests(*(one_test(i, sex=sex) for i, sex in enumerate(sexes)))
    parts = dict(hospital.ask("SELECT sex, count(*) FROM tests GROUP BY sex", CONTRACT))
    ((total,),) = hospital.ask("SELECT count(*) FROM tests", CONTRACT)
    assert set(parts) == {"f", "m"}
    near = [range(value - 2, value + 3) for value in (total, *parts.values())]
    possible = {whole - one - other for whole, one, other in product(*near)}
    assert 4 in possible
    assert len(possible) > 9


def test_a_sum_is_made_of_what_is_published(hospital):
    """So a total of a sum tells no more than the mean and the rounded count do."""
    ((count, mean, total),) = hospital.ask(
        "SELECT count(ct), avg(ct), sum(ct) FROM tests", CONTRACT
    )
    assert total == count * mean
