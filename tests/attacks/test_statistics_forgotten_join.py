"""A provider begins anew with one dataset, and another that was joined to it forgets with it.

expect: PublishedStore.forget: what another dataset was joined to stays that dataset's
effect: a cell of the other dataset that differs by one patient is published; or all queries fail
source: found in review of `sekisho dataset forget`
"""

from sekisho.model.names import DatasetId
from support.state import NOW
from support.statistics import COLUMNS, agreed

CONTRACT = agreed(
    disclosure="",
    datasets="a.example/tests, a.example/visits",
    columns=COLUMNS + ", clinic: {use: [group]}",
)
ALONE = agreed(disclosure="")
JOINED = "SELECT count(*) FROM tests JOIN visits ON tests.patient = visits.patient WHERE day < 30"


def forget(node, name):
    dataset = DatasetId(f"a.example/{name}")
    return node.state.submit(lambda tx: node.state.published.forget(tx, dataset, now=NOW))


def test_what_was_joined_is_forgotten_of_one_dataset_and_not_of_the_other(hospital):
    columns = {"patient": "INTEGER", "clinic": "INTEGER", "doctor": "INTEGER"}
    visits = [(i, i % 4, i) for i in range(60)]
    hospital.offer("visits", columns, visits, units=("doctor",))
    assert hospital.ask(JOINED, CONTRACT) == [(30,)]
    assert forget(hospital, "visits") == 1
    near = "SELECT count(*) FROM tests WHERE day < 29"
    assert hospital.ask(near, CONTRACT) == [(None,)]
    assert hospital.ask("SELECT count(*) FROM visits", CONTRACT) == [(60,)]
    assert hospital.ask(JOINED, CONTRACT) == [(30,)]


def test_a_dataset_that_is_forgotten_begins_anew(hospital):
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 30", ALONE) == [(30,)]
    near = "SELECT count(*) FROM tests WHERE day < 29"
    assert hospital.ask(near, ALONE) == [(None,)]
    assert forget(hospital, "tests") == 1
    assert forget(hospital, "tests") == 0
    assert hospital.ask(near, ALONE) == [(30,)]
