"""A query whose own names are those that the gate and the steps use for theirs.

expect: sql/cells.py: a name for cells that no WITH bears; steps name no relation of the caller's
effect: the rest of the query reads another relation; or a step does
source: a WITH that shadows a dataset, one level up
"""

import pytest

from sekisho.errors import Refusal
from support.statistics import TESTS, agreed, one_test

CONTRACT = agreed(disclosure="")
NAMES = """
    cells_0 cells_1 cells_0_ earlier groups slotting sized coarse_0 sparse_0 precise_0 fine_0
    slots_0 beside_0 parents_0_0 folded_0_0 apart_0_0 described_0 shown hashes cells r g s0 rows_of
    all_rows data answer lookup_planes governed
""".split()
PLAIN = [(60, 30)]


@pytest.mark.parametrize("name", NAMES)
def test_a_with_of_that_name_is_the_callers(hospital, name):
    sql = (
        f"WITH {name} AS (SELECT 1 AS f0, 2 AS k0, 3 AS n),"
        f" x AS (SELECT count(*) AS c FROM tests),"
        f" y AS (SELECT count(*) AS d FROM tests WHERE sex = 'f')"
        f" SELECT c, d FROM x, y, {name} AS z WHERE z.f0 = 1"
    )
    assert hospital.ask(sql, CONTRACT) == PLAIN


@pytest.mark.parametrize("name", NAMES)
def test_an_alias_of_that_name_is_the_callers(hospital, name):
    sql = (
        f"SELECT {name}.{name}, (SELECT count(*) AS {name} FROM tests AS {name}"
        f" WHERE {name}.sex = 'f') AS d FROM (SELECT count(*) AS {name} FROM tests {name}) {name}"
    )
    assert hospital.ask(sql, CONTRACT) == PLAIN


@pytest.mark.parametrize("name", ["cells_0", "earlier", "groups", "sized", "shown", "governed"])
def test_a_dataset_of_that_name_is_the_datasets(hospital, name):
    contract = agreed(disclosure="", datasets=f"a.example/tests, a.example/{name}")
    hospital.offer(name, TESTS, [one_test(patient) for patient in range(20)])
    sql = f"SELECT (SELECT count(*) FROM tests), (SELECT count(*) FROM {name})"
    assert hospital.ask(sql, contract) == [(60, 20)]


@pytest.mark.parametrize("name", ["cells_0", "earlier", "groups", "sized", "data.tests", "k0"])
def test_nothing_of_the_steps_is_in_scope(quiet_hospital, name):
    for sql in (
        f"SELECT * FROM {name}",
        f"SELECT count(*) FROM tests, {name}",
        f"SELECT (SELECT f0 FROM {name}) FROM (SELECT count(*) FROM tests)",
        f"SELECT count(*) FROM tests HAVING {name} > 3",
    ):
        assert isinstance(quiet_hospital.decide(sql, CONTRACT), Refusal), sql


def test_columns_of_the_steps_names_are_the_datasets(hospital):
    """Keys called as figures are, measures called as keys are."""
    names = ["k0", "f0", "v0", "u0", "cell", "slots", "whole", "f", "n", "patient"]
    rows = [(*[i % 2] * 9, i) for i in range(60)]
    hospital.offer("tests", dict.fromkeys(names, "INTEGER"), rows)
    columns = ", ".join(f"{name}: {{use: [group, filter, measure]}}" for name in names[:-1])
    contract = agreed(disclosure="", columns=columns)
    found = hospital.ask(
        "SELECT k0, f0, cell, count(*), avg(v0), sum(n), avg(f) FROM tests"
        " WHERE u0 >= 0 AND f <= 1 AND slots >= 0 GROUP BY k0, f0, cell",
        contract,
    )
    assert [row[:4] for row in found] == [(0, 0, 0, 30), (1, 1, 1, 30)]
