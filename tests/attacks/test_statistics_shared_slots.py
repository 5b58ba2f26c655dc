"""Large cells share slots: a filter that leaves few of one, and the same few as a small cell.

expect: sketches.py: whoever differs in too few units is found by a listing, exact or not
effect: two cells that differ by one patient were never compared
source: found in review: few slots of a large group were taken, and nothing listed them
"""

import pytest

from support.statistics import TESTS, agreed

CONTRACT = agreed(disclosure="dominance: {largest_percent: 50}")


@pytest.fixture
def crowd(hospital):
    """Thirty thousand patients of one age, and thirty of another."""
    hospital.offer("tests", TESTS)
    hospital.run(
        "INSERT INTO data.tests SELECT i, CASE WHEN i < 30 THEN 90 ELSE 20 END, i, 'f',"
        " 'negative', 20 + i % 7, 1, '' FROM range(30000) AS t(i)"
    )
    return hospital


@pytest.mark.parametrize("figure", ["count(*)", "avg(ct)", "count(ct)"])
def test_few_of_a_crowd_and_the_same_few_as_a_group(crowd, figure):
    assert crowd.ask(f"SELECT {figure} FROM tests WHERE day < 12", CONTRACT) != [(None,)]
    group = f"SELECT age, {figure} FROM tests WHERE day < 13 GROUP BY age"
    assert crowd.ask(group, CONTRACT) == []


@pytest.mark.parametrize("figure", ["count(*)", "avg(ct)", "count(ct)"])
def test_a_group_and_the_same_few_of_a_crowd(crowd, figure):
    group = f"SELECT age, {figure} FROM tests WHERE day < 12 GROUP BY age"
    assert len(crowd.ask(group, CONTRACT)) == 1
    assert crowd.ask(f"SELECT {figure} FROM tests WHERE day < 13", CONTRACT) == [(None,)]


def test_a_crowd_less_one_is_not_told(crowd):
    assert crowd.ask("SELECT count(*) FROM tests", CONTRACT) == [(30000,)]
    assert crowd.ask("SELECT count(*) FROM tests WHERE day < 29999", CONTRACT) == [(None,)]
    crowd.run("DELETE FROM data.tests WHERE day = 4000")
    assert crowd.ask("SELECT count(*) FROM tests WHERE day >= 0", CONTRACT) == [(None,)]


def test_units_of_a_crowd_are_counted_one_by_one(crowd):
    """Asked for rows first, a crowd has as many units as it takes slots, and that is no answer."""
    crowd.ask("SELECT age, count(*) FROM tests GROUP BY age", CONTRACT)
    found = crowd.ask("SELECT age, count(DISTINCT patient) FROM tests GROUP BY age", CONTRACT)
    assert found == [(20, 29970), (90, 30)]
