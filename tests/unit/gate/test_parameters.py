"""Parameters at the gate: decided by their types, bound by the names of the plan."""

from dataclasses import replace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.decide import decide
from sekisho.model.parameters import Parameter
from sekisho.model.query import Query
from support.gate_cases import CONSUMER, DATASETS, PARSER, PROVIDER, SIGNED, ProviderData, ask


def parameter(name, value, kind="text"):
    return Parameter(name=name, type=kind, value=value)


def run(data, plan, parameters):
    values = {f"v_{item.name}": item.value for item in parameters if item.name in plan.bound}
    bound = replace(plan, parameters={**plan.parameters, **values})
    return data.run(bound)[1]


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("SELECT distance FROM flights WHERE origin = $o ORDER BY 1", [parameter("o", "JFK")],
         [(2475,), (2586,)]),
        ("SELECT distance FROM flights WHERE distance > $1 AND origin = $2",
         [parameter("1", "2500", "integer"), parameter("2", "JFK")], [(2586,)]),
        ("SELECT distance FROM flights WHERE distance > ? AND fare < ?",
         [parameter("1", "2460", "integer"), parameter("2", "200.00", "decimal(10,2)")],
         [(2475,)]),
        ("SELECT count(*) FROM flights WHERE flight_date >= $d",
         [parameter("d", "2026-02-01", "date")],
         [(2,)]),
        ("SELECT count(*) FROM flights WHERE flight_date >= $d", [parameter("d", "2026-02-01")],
         [(2,)]),
        ("SELECT $x AS x, $x || 'p0' AS y FROM flights LIMIT 1", [parameter("x", "$p0")],
         [("$p0", "$p0p0")]),
        (("SELECT origin, count(*) FROM flights WHERE distance > $n GROUP BY origin HAVING "
         "count(*) >= $m"), [parameter("n", "0", "float"), parameter("m", "2", "integer")],
         [("JFK", 2), ("EWR", 2)]),
        ("SELECT distance + $n FROM flights WHERE distance = 719", [parameter("n", "1", "integer")],
         [(720,)]),
        ("SELECT lag(distance, 1, NULL) OVER (ORDER BY distance) FROM flights WHERE late = $b",
         [parameter("b", "true", "boolean")], [(None,), (2454,)]),
    ],
    ids=range(9),
)  # fmt: skip
def test_values_are_bound_where_their_names_stand(data, sql, parameters, expected):
    plan = ask(sql, parameters=tuple(parameters))
    assert not isinstance(plan, Refusal), plan
    assert sorted(run(data, plan, parameters), key=repr) == sorted(expected, key=repr)


def test_output_is_named_as_it_was_written():
    plan = ask("SELECT $x FROM flights", parameters=(parameter("x", "a"),))
    assert plan.columns == ("$x",)


def test_plan_depends_on_types_and_not_on_values():
    def decided(value, kind="text"):
        return ask(
            "SELECT 1 FROM flights WHERE origin = $x", parameters=(parameter("x", value, kind),)
        )

    assert decided("a") == decided("b' OR 1=1 --")
    assert decided("a").sql != decided("1", "integer").sql
    assert "OR 1=1" not in repr(decided("b' OR 1=1 --"))


def test_shape_leaves_values_out():
    def query(value, kind):
        return Query(
            sql="SELECT $x",
            contract=SIGNED.id,
            purpose="reliability",
            consumer=CONSUMER,
            provider=PROVIDER,
            parameters=(parameter("x", value, kind),),
        )

    assert query("1", "integer").shape == query("2", "integer").shape
    assert query("1", "integer").shape != query("1", "text").shape
    assert query("1", "integer") != query("2", "integer")


def test_comparison_that_does_not_fit_the_type_is_refused():
    refusal = ask(
        "SELECT 1 FROM flights WHERE late = $x", parameters=(parameter("x", "2026-01-01", "date"),)
    )
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED


def test_a_value_never_names_a_column_a_key_or_a_relation():
    names = (parameter("k1", "x"), parameter("p0", "y"))
    plan = ask("SELECT $k1 AS a, $p0 AS b, 'z' AS c, tail_number FROM flights", parameters=names)
    assert plan.pseudonyms
    assert plan.bound == ("k1", "p0")
    assert plan.parameters == {"p0": "z"}
    assert "$v_k1" in plan.sql
    assert "$v_p0" in plan.sql


def test_gate_never_looks_at_a_value():
    class Hidden(Parameter):
        __slots__ = ()

        @property
        def value(self):
            raise AssertionError

    hidden = object.__new__(Hidden)
    for name, value in (("name", "x"), ("type", "text")):
        object.__setattr__(hidden, name, value)
    query = Query(
        sql="SELECT origin FROM flights WHERE origin = $x",
        contract=SIGNED.id,
        purpose="reliability",
        consumer=CONSUMER,
        provider=PROVIDER,
        parameters=(hidden,),
    )
    assert not isinstance(decide(query, SIGNED, DATASETS, parser=PARSER), Refusal)
