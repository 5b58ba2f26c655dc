"""Parameters over many nodes: each provider gets those of its fragment, the residual the rest."""

import pytest

from sekisho.model.parameters import Parameter
from support.federated import make_world

ORIGIN = Parameter(name="origin", type="text", value="A")
LEAST = Parameter(name="least", type="integer", value="3")
DAY = Parameter(name="day", type="date", value="2026-02-01")
FARE = Parameter(name="fare", type="decimal(8,2)", value="10.25")
WORLDS = [make_world(seed) for seed in range(3)]


def as_literals(sql, parameters):
    """Write the values into a query, as casts of texts."""
    for item in parameters:
        sql = sql.replace(f"${item.name}", f"CAST('{item.value}' AS {item.engine_type})")
    return sql


@pytest.mark.parametrize("world", WORLDS, ids=range(3))
@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT tail, delay FROM flights WHERE origin = $origin", (ORIGIN,)),
        ("SELECT tail, $least AS n FROM flights WHERE delay > $least", (LEAST,)),
        ("SELECT count(*) AS n FROM ua.flights WHERE day >= $day", (DAY,)),
        (("SELECT origin, count(*) AS n FROM ua.flights WHERE fare > $fare GROUP BY origin "
         "HAVING count(*) > $least ORDER BY n, origin"), (FARE, LEAST)),
        (("SELECT f.tail, p.model FROM flights AS f JOIN local.planes AS p ON f.tail = p.tail "
         "AND f.origin = $origin WHERE p.built > $least"), (ORIGIN, LEAST)),
        (("SELECT tail FROM flights WHERE origin = $origin UNION SELECT tail FROM crews "
         "WHERE size > $least"), (ORIGIN, LEAST)),
        (("SELECT origin, count(*) FILTER (WHERE fare > $fare) AS n, sum(delay) AS s FROM flights "
         "WHERE day >= $day GROUP BY origin HAVING count(*) > $least"), (FARE, DAY, LEAST)),
        ("SELECT DISTINCT tail FROM flights WHERE origin = $origin ORDER BY 1 LIMIT 3", (ORIGIN,)),
        (("SELECT tail, lag(delay) OVER (ORDER BY tail, delay, fare, day, hours) AS d FROM flights "
         "WHERE day > $day QUALIFY rank() OVER (ORDER BY tail) > $least"), (DAY, LEAST)),
    ],
    ids=range(9),
)  # fmt: skip
def test_outcome_is_that_of_the_query_with_its_values(world, typed, sql, parameters):
    plan = world.plan(sql, typed=typed, parameters=parameters)
    split = world.split_answer(plan, parameters).to_pylist()
    whole = world.whole_answer(as_literals(sql, parameters)).to_pylist()
    assert sorted(map(repr, split)) == sorted(map(repr, whole))


def test_provider_gets_its_own_parameters_and_no_others():
    sql = (
        "SELECT f.tail FROM ua.flights AS f JOIN dl.crews AS c USING (tail) "
        "WHERE f.origin = $origin AND c.size > $least AND f.delay + c.size > $least"
    )
    plan = WORLDS[0].plan(sql, parameters=(ORIGIN, LEAST))
    assert {item.party: item.parameters for item in plan.fragments} == {
        "ua.example": ("origin",),
        "dl.example": ("least",),
    }
    assert next(item.sql for item in plan.fragments).endswith('WHERE "origin" = $origin')
    assert plan.bound == ("least",)
