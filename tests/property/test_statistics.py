"""The whole way of statistics, from SQL to figures, against a plain provider with a long memory.

Two consumers under two contracts ask one provider, whose data changes between their questions.
"""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sekisho.errors import Refusal, RefusalReason
from support.plain_statistics import Agreed, Asked, Condition, PlainProvider
from support.statistics import LAB, RIVAL, Node, agreed

TESTS = {
    "patient": "INTEGER",
    "clinic": "INTEGER",
    "age": "INTEGER",
    "day": "INTEGER",
    "sex": "VARCHAR",
    "ct": "DOUBLE",
    "note": "VARCHAR",
}
CLINICS = {"clinic": "INTEGER", "region": "VARCHAR", "owner": "INTEGER"}


def draw_test(chance: Random) -> dict:
    """Draw a test; drawn so, and not by a strategy, as cells of equal rows are all withheld."""
    return {
        "patient": chance.choice([*range(24), None]),
        "clinic": chance.choice([0, 1, 2, 3, 4, 5, None]),
        "age": chance.choice([3, 40, 40, None]),
        "day": chance.choice([0, 1, 2, 2, 2, 3]),
        "sex": chance.choice(["f", "f", "f", "m", None]),
        "ct": chance.choice([1.0, 4.0, 5.0, 5.0, 9.0, 0.0, None, float("nan"), float("inf")]),
        "note": chance.choice(["", "seen"]),
    }


def draw_clinic(chance: Random) -> dict:
    return {
        "clinic": chance.choice(range(6)),
        "region": chance.choice(["east", "west"]),
        "owner": chance.choice([1, 2, 3, 4, 5, None]),
    }


contracts = st.builds(
    Agreed,
    units=st.sampled_from([("patient",), ("patient",), ("clinic", "patient")]),
    minimum=st.sampled_from([2, 3, 4]),
    largest=st.sampled_from([40, 60, 70]),
    two_largest=st.sampled_from([100, 100, 70]),
    p=st.sampled_from([1, 1, 30]),
    step=st.sampled_from([1, 5]),
    where=st.sampled_from([None, None, "f"]),
    clamp=st.sampled_from([None, (0, 5), (0, 4)]),
    bucket=st.sampled_from([None, (0, 18)]),
)
conditions = st.one_of(
    st.builds(lambda high: Condition(column="day", low=0, high=high), st.integers(0, 3)),
    st.builds(lambda sex: Condition(column="sex", among=(sex,)), st.sampled_from("fm")),
    st.builds(lambda age: Condition(column="age", low=0, high=age), st.sampled_from([18, 40])),
)
FIGURES = ["count(*)", "count(DISTINCT patient)", "count(ct)", "sum(ct)", "avg(ct)", "stddev(ct)"]
FIGURES += ["avg(high)", "sum(high)"]
figures = st.lists(st.sampled_from(FIGURES), min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def questions(draw):
    is_joined = draw(st.sampled_from([False, False, True]))
    keys = ["age", "day", "sex", *(["region"] if is_joined else [])]
    return Asked(
        keys=tuple(draw(st.lists(st.sampled_from(keys), max_size=2, unique=True))),
        conditions=tuple(draw(st.lists(conditions, max_size=2, unique_by=lambda c: c.column))),
        figures=draw(figures),
        is_joined=is_joined,
    )


changing = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 2**32)),
    st.tuples(st.just("forget"), st.integers(0, 23)),
    st.tuples(st.just("clamp"), st.integers(0, 23)),
)


@st.composite
def stories(draw):
    """Draw a few questions that are asked again and again while the data changes a little."""
    pool = draw(st.lists(questions(), min_size=1, max_size=3))
    asking = st.tuples(st.just("ask"), st.sampled_from(pool), st.booleans())
    return draw(st.lists(st.one_of(asking, asking, changing), min_size=7, max_size=10))


def signed(terms: Agreed, number: int):
    """Write a contract that says the same."""
    clamp = "" if terms.clamp is None else f", clamp: {list(terms.clamp)}"
    mask = "" if terms.bucket is None else f", mask: {{bucket: {list(terms.bucket)}}}"
    return agreed(
        number=number,
        datasets="a.example/tests, a.example/clinics",
        units=", ".join(terms.units),
        where="" if terms.where is None else f"sex = '{terms.where}'",
        columns=f"age: {{use: [group, filter]{mask}}}, day: {{use: [group, filter]}},"
        f" sex: {{use: [group, filter]}}, region: {{use: [group]}}, clinic: {{use: [join]}},"
        f" ct: {{use: [measure]{clamp}}},"
        " high: {from: {column: ct, at_least: 5}, use: [measure]}",
        disclosure=f"minimum_units: {terms.minimum}, round_counts_to: {terms.step},"
        f" dominance: {{largest_percent: {terms.largest},"
        f" two_largest_percent: {terms.two_largest}, p_percent: {terms.p}}}",
    )


def offer(node: Node, plain: PlainProvider) -> None:
    """Let the node have the data of the plain provider."""
    node.offer("tests", TESTS, [tuple(row[name] for name in TESTS) for row in plain.tests])
    rows = [tuple(row[name] for name in CLINICS) for row in plain.clinics]
    node.offer("clinics", CLINICS, rows, units=plain.clinic_units)


def change(plain: PlainProvider, kind: str, what) -> None:
    match kind:
        case "insert":
            plain.tests.append(draw_test(Random(what)))
        case "forget":
            plain.tests = [row for row in plain.tests if row["patient"] != what]
        case "clamp":
            plain.tests = [
                {**row, "ct": 1.0} if row["patient"] == what else row for row in plain.tests
            ]


@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.integers(0, 2**32),
    st.tuples(st.integers(60, 120), st.integers(0, 9)),
    st.sampled_from([(), ("owner",)]),
    contracts,
    contracts,
    stories(),
)
def test_a_provider_answers_as_the_plain_one_does(seed, sizes, units, one, other, story):
    chance = Random(seed)
    plain = PlainProvider(
        tests=[draw_test(chance) for _ in range(sizes[0])],
        clinics=[draw_clinic(chance) for _ in range(sizes[1])],
        clinic_units=units,
    )
    with tempfile.TemporaryDirectory() as folder, Node(Path(folder)) as node:
        offer(node, plain)
        terms = [(one, signed(one, 1), LAB), (other, signed(other, 2), RIVAL)]
        for kind, what, *rest in story:
            if kind != "ask":
                change(plain, kind, what)
                offer(node, plain)
                continue
            agreed_terms, contract, consumer = terms[rest[0]]
            if what.is_joined and agreed_terms.where is not None:
                # The row filter names a column that clinics do not have.
                with pytest.raises(Refusal) as refused:
                    node.ask(what.sql, contract, consumer)
                assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
                continue
            expected, fresh = plain.ask(what, agreed_terms)
            found = node.ask(what.sql, contract, consumer)
            assert set(found) == expected, what.sql
            assert len(found) == len(expected)
            assert node.fresh[-1] == fresh
