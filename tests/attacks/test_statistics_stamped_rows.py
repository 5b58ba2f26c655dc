"""A column that nobody is granted changes in every row: a nightly load that stamps them all.

expect: aggregate.md, step 4.2: cells are compared by what they count of each unit, and nothing else
effect: every unit seemed to differ, so yesterday's cell protected nobody: everybody yesterday,
    everybody but one today
source: found in review: sketches were sums of hashes of whole raw rows
"""

import pytest

from support.statistics import agreed

CONTRACT = agreed(disclosure="")
STAMPS = {
    "hidden": "UPDATE data.tests SET remark = 'loaded today'",
    "granted, and not in the question": "UPDATE data.tests SET dose = dose + 1, age = age + 1",
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
@pytest.mark.parametrize("figure", ["count(*)", "avg(ct)", "sum(ct)"])
def test_everybody_but_one_is_withheld_after_every_row_was_stamped(hospital, stamp, figure):
    assert hospital.ask(f"SELECT {figure} FROM tests WHERE day < 30", CONTRACT) != [(None,)]
    hospital.run(stamp)
    assert hospital.ask(f"SELECT {figure} FROM tests WHERE day < 29", CONTRACT) == [(None,)]


def test_one_who_came_on_a_stamped_night_is_not_told(hospital):
    before = hospital.ask("SELECT count(*), avg(ct) FROM tests", CONTRACT)
    hospital.run(STAMPS["hidden"])
    hospital.run("INSERT INTO data.tests VALUES (900, 20, 1, 'f', 'negative', 49.0, 3, '')")
    assert hospital.ask("SELECT count(*), avg(ct) FROM tests", CONTRACT) == before


def test_nothing_but_units_and_what_is_asked_is_read(hospital):
    plan = hospital.decide("SELECT sex, avg(ct) FROM tests WHERE day < 3 GROUP BY sex", CONTRACT)
    (block,) = plan.blocks
    for column in ("remark", "dose", "age", "result"):
        assert column not in block.sql
