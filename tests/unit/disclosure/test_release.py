"""Which questions a block asks, what tells one from another, and what memory makes of a cell."""

from dataclasses import replace

import pytest

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.release import (
    ROWS,
    Neighbour,
    Population,
    Published,
    is_earlier,
    may_be_new,
    questions_of,
)
from sekisho.disclosure.rules import Facts
from sekisho.model.names import DatasetId
from sekisho.model.plan import (
    Figure,
    FigureKind,
    JoinedLookup,
    Key,
    Measure,
    ProtectedBlock,
    Terms,
    Unit,
)
from support.sketches import sketch

TERMS = Terms(
    minimum_units=3, largest_percent=50, two_largest_percent=85, p_percent=10, round_counts_to=5
)
PATIENT = Unit(dataset=DatasetId("a.example/tests"), column="patient", type="INTEGER")
SITE = Unit(dataset=DatasetId("a.example/tests"), column="site", type="INTEGER")
DELAY = Measure(column="a.example/tests.delay", definition="least(delay, 50)")
ROWS_FIGURE = Figure(kind=FigureKind.COUNT)
PLANES = JoinedLookup(
    name="planes",
    dataset=PATIENT.dataset,
    relation="lookup_planes",
    columns=(("tail_number", "VARCHAR"), ("model", "VARCHAR")),
    sql="",
    parameters={},
    secrets=(),
    units=1,
    minimum_units=3,
    must_match=False,
)
BLOCK = ProtectedBlock(
    name="cells_0",
    sql="",
    parameters={},
    secrets=(),
    keys=(Key(type="INTEGER", definition="age"),),
    units=(PATIENT,),
    measures=(DELAY,),
    figures=(ROWS_FIGURE, Figure(kind=FigureKind.MEAN, measure=0)),
    is_filtered=False,
    terms=TERMS,
    definition="rows",
    lookups=(PLANES,),
)
LOOKUPS = {"planes": "sha256:1"}


def asked(*kinds, block=BLOCK):
    figures = tuple(
        Figure(kind=kind, measure=0)
        if kind not in {FigureKind.COUNT, FigureKind.UNITS}
        else Figure(kind=kind)
        for kind in kinds
    )
    return questions_of(replace(block, figures=figures), LOOKUPS, {})


def digests(block, lookups=None, values=None):
    return [item.digest for item in questions_of(block, lookups or LOOKUPS, values or {})]


@pytest.mark.parametrize(
    ("kinds", "questions"),
    [
        ([], [(None, False)]),
        ([FigureKind.COUNT], [(None, False)]),
        ([FigureKind.UNITS, FigureKind.COUNT], [(None, False)]),
        ([FigureKind.MEAN, FigureKind.DEVIATION], [(0, True)]),
        ([FigureKind.SUM], [(0, False), (0, True)]),
        ([FigureKind.MEAN, FigureKind.SUM], [(0, True), (0, False)]),
    ],
)
def test_a_block_asks_what_its_figures_tell(kinds, questions):
    assert [(item.measure, item.tells_values) for item in asked(*kinds)] == questions


def test_counts_of_every_kind_are_compared_and_values_with_values_of_their_column():
    figures = (ROWS_FIGURE, Figure(kind=FigureKind.SUM, measure=0))
    found = questions_of(replace(BLOCK, figures=figures, units=(PATIENT, SITE)), LOOKUPS, {})
    columns = [tuple(scope.column for scope in item.scopes) for item in found]
    assert columns == [(ROWS, ROWS), (ROWS, ROWS), (DELAY.column, DELAY.column)]
    assert [scope.unit for scope in found[0].scopes] == ["patient", "site"]


CHANGES = {
    "rows": {"definition": "other rows"},
    "keys": {"keys": ()},
    "units": {"units": (PATIENT, SITE)},
    "their order": {"units": (SITE,)},
    "minimum": {"terms": replace(TERMS, minimum_units=4)},
    "largest": {"terms": replace(TERMS, largest_percent=51)},
    "two": {"terms": replace(TERMS, two_largest_percent=86)},
    "p": {"terms": replace(TERMS, p_percent=11)},
    "rounding": {"terms": replace(TERMS, round_counts_to=6)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_question_is_another_where_what_it_rests_on_is(change):
    assert not set(digests(BLOCK)) & set(digests(replace(BLOCK, **change)))


def test_a_question_is_another_under_another_lookup_or_clamp_or_count_of_units():
    other = replace(BLOCK, measures=(replace(DELAY, definition="least(delay, 60)"),))
    assert [left == right for left, right in zip(digests(BLOCK), digests(other), strict=True)] == [
        True,
        False,
    ]
    assert not set(digests(BLOCK)) & set(digests(BLOCK, {"planes": "sha256:2"}))
    assert not set(digests(BLOCK)) & set(digests(BLOCK, values={"day": "3"}))
    counted = replace(BLOCK, figures=(*BLOCK.figures, Figure(kind=FigureKind.UNITS, unit=0)))
    assert [
        left == right for left, right in zip(digests(BLOCK), digests(counted), strict=True)
    ] == [False, True]
    # Only those lookups tell that the block reads.
    assert digests(BLOCK) == digests(BLOCK, {**LOOKUPS, "crews": "sha256:9"})


def test_a_question_is_the_same_whoever_asks_and_however_it_is_written():
    same = replace(BLOCK, name="cells_7", sql="SELECT 1", figures=BLOCK.figures[::-1])
    assert set(digests(BLOCK)) == set(digests(same))


FINE = Facts(units=10, largest=1.0, second=1.0, size=10.0, apart=None)


def population(*cells, facts=FINE):
    return Population(
        keys=(),
        totals=Totals(count=10, units=(10,)),
        facts=(facts,),
        sketches=tuple(map(sketch, cells)),
    )


def before(*cells, minimum=3):
    sketches = tuple(map(sketch, cells))
    return Published(
        totals=Totals(count=9, units=(9,)), sketches=sketches, minimum_units=minimum
    )  # fmt: skip


def near(*cells, minimum=3):
    return [Neighbour(sketch=sketch(cell), minimum_units=minimum) for cell in cells]


def people(count, start=0):
    return dict.fromkeys(range(start, start + count), 1)


@pytest.mark.parametrize(
    ("changed", "least", "stays"),
    [(0, 3, True), (2, 3, True), (3, 3, False), (4, 3, False), (4, 5, True)],
)
def test_the_same_question_gets_the_earlier_answer_until_enough_has_changed(changed, least, stays):
    found = population(people(20 - changed))
    assert is_earlier(found, before(people(20), minimum=least), TERMS) is stays
    stricter = replace(TERMS, minimum_units=least)
    assert is_earlier(found, before(people(20)), stricter) is stays


def test_a_question_that_was_never_answered_has_no_earlier_answer():
    assert not is_earlier(population(people(20)), None, TERMS)


def test_the_earlier_answer_stays_when_one_of_two_kinds_of_units_has_hardly_changed():
    found = population(people(20), people(1))
    assert is_earlier(found, before(people(9, start=90), people(2)), TERMS)


@pytest.mark.parametrize(
    ("differ", "least", "allowed"),
    [(0, 3, True), (1, 3, False), (2, 3, False), (3, 3, True), (3, 4, False), (0, 9, True)],
)
def test_what_differs_from_anything_published_in_too_few_units_is_withheld(differ, least, allowed):
    found = population(people(20))
    other = near(people(20 - differ), minimum=least)
    assert may_be_new(found, [near(people(5, start=90)) + other], TERMS) is allowed
    stricter = replace(TERMS, minimum_units=least)
    assert may_be_new(found, [near(people(20 - differ))], stricter) is allowed


def test_populations_are_compared_unit_by_unit():
    found = replace(population(people(20), people(7)), facts=(FINE, FINE))
    assert may_be_new(found, [near(people(40)), []], TERMS)
    assert may_be_new(found, [near(people(20)), near(people(7))], TERMS)
    assert not may_be_new(found, [near(people(19)), []], TERMS)
    assert not may_be_new(found, [[], near(people(6))], TERMS)
    assert not may_be_new(found, [near(people(40)), near(people(90), people(6))], TERMS)
    assert may_be_new(found, [[], []], TERMS)


def test_every_unit_must_pass_the_rules():
    found = population(people(20), people(20))
    few = replace(found, facts=(FINE, replace(FINE, units=2)))
    assert may_be_new(replace(found, facts=(FINE, FINE)), [[], []], TERMS)
    assert not may_be_new(few, [[], []], TERMS)
