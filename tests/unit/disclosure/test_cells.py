"""From an engine's answers to populations, and from decisions to the rows that a query reads."""

from array import array
from dataclasses import replace

import pytest

from sekisho.disclosure.cells import Cells, populations_of, terms_text
from sekisho.disclosure.figures import Totals
from sekisho.disclosure.release import Question, questions_of
from sekisho.disclosure.rules import Facts
from sekisho.model.names import DatasetId
from sekisho.model.plan import Figure, FigureKind, Key, Measure, ProtectedBlock, Terms, Unit

TERMS = Terms(
    minimum_units=3, largest_percent=50, two_largest_percent=85, p_percent=10, round_counts_to=5
)
COUNT = Figure(kind=FigureKind.COUNT)
PRESENT = Figure(kind=FigureKind.COUNT, measure=0)
SUM = Figure(kind=FigureKind.SUM, measure=0)
MEAN = Figure(kind=FigureKind.MEAN, measure=0)
BLOCK = ProtectedBlock(
    name="cells_0",
    sql="",
    parameters={},
    secrets=(),
    keys=(Key(type="INTEGER", definition="age"),),
    units=(Unit(dataset=DatasetId("a.example/t"), column="patient", type="INTEGER"),),
    measures=(Measure(column="ct", definition="ct"),),
    figures=(COUNT, SUM),
    is_filtered=False,
    terms=TERMS,
    definition="rows",
)
TOTALS = Totals(count=12, units=(9,), sum=30.0, square=90.0, low=1.0, high=4.0)


def words(*values):
    return array("Q", values).tobytes()


TAGS = ("", "0", "0v")
DESCRIBED = {
    "cells": {
        "cell": [1, 2, 3],
        "k0": ["7", None, "8"],
        "n": [4, 5, 2],
        "n0": [4, 3, 0],
        "n0v": [4, 3, 0],
        "sum0": [8.0, 6.0, None],
        "square0": [18.0, 14.0, None],
        "low0": [1.0, 1.0, None],
        "high0": [3.0, 3.0, None],
        "slots_0": [None, 64, None],
        "units_0_": [2, 3, 1],
        **{f"units_0_{tag}": [2, 1, 0] for tag in ("0", "0v")},
        **{f"largest_0_{tag}": [0, 0, 0] for tag in TAGS},
        **{f"second_0_{tag}": [1, 1, 1] for tag in TAGS},
        **{f"size_0_{tag}": [2, 2, 2] for tag in TAGS},
        **{f"apart_0_{tag}": [None, 4, 5] for tag in TAGS},
    },
    "entries_0_": {"place": words(1, 2, 3, 4, 5, 6), "total": words(10, 20, 30, 40, 50, 60)},
    # The first cell's rows all have the measure, so that its count is told with the rows.
    "entries_0_0": {"place": words(4), "total": words(44)},
    "entries_0_0v": {"place": words(1, 2, 4), "total": words(11, 22, 55)},
}


def described(measure, *, values):
    question = Question(digest="", scopes=(), measure=measure, tells_values=values)
    return list(populations_of(DESCRIBED, BLOCK, question))


def sketches(items):
    return [
        (sketch.slots, dict(zip(sketch.places, sketch.sums, strict=True)))
        for item in items
        for sketch in item.sketches
    ]


def test_populations_of_rows():
    found = described(None, values=False)
    assert [item.keys for item in found] == [("7",), (None,), ("8",)]
    assert [item.totals.count for item in found] == [4, 5, 2]
    assert [item.totals.units for item in found] == [(2,), (3,), (1,)]
    assert found[0].totals.sum == 0.0
    assert found[1].facts == (Facts(units=3, largest=0, second=1, size=2, apart=4),)
    assert sketches(found) == [(None, {1: 10, 2: 20}), (64, {3: 30, 4: 40, 5: 50}), (None, {6: 60})]


def test_a_cell_without_a_value_of_a_measure_has_nothing_to_publish_of_it():
    counted, valued = (described(0, values=values) for values in (False, True))
    for found in (counted, valued):
        assert [item.keys for item in found] == [("7",), (None,)]
        assert [item.totals.count for item in found] == [4, 3]
        assert found[1].totals == Totals(
            count=3, units=(1,), sum=6.0, square=14.0, low=1.0, high=3.0
        )
    assert sketches(counted) == [(None, {1: 10, 2: 20}), (64, {4: 44})]
    assert sketches(valued) == [(None, {1: 11, 2: 22}), (64, {4: 55})]


def published(block, *parts):
    """Publish questions of cells: keys, which question, totals."""
    cells = Cells(block)
    questions = {(item.measure, item.tells_values): item for item in questions_of(block, {}, {})}
    for keys, question, totals in parts:
        cells.publish(keys, questions[question], totals)
    return cells.rows()


def test_what_is_withheld_is_null_and_a_sum_needs_both_its_parts():
    rows = published(
        BLOCK,
        (("1",), (None, False), TOTALS),
        (("2",), (0, False), TOTALS),
        (("3",), (0, True), TOTALS),
        (("4",), (0, False), TOTALS),
        (("4",), (0, True), TOTALS),
    )
    assert rows == (("1", "10", None), ("4", None, "25.0"))


def test_a_cell_of_which_nothing_is_published_looks_like_one_that_is_empty():
    assert published(BLOCK) == ()
    assert published(BLOCK, (("2",), (0, False), TOTALS)) == ()
    alike = replace(TOTALS, low=2.5, high=2.5)
    block = replace(BLOCK, figures=(MEAN,))
    assert published(block, (("2",), (0, True), alike)) == ()


def test_without_keys_there_is_always_one_row():
    block = replace(BLOCK, keys=())
    assert published(block) == ((None, None),)
    assert published(block, ((), (None, False), TOTALS)) == (("10", None),)


def test_groups_alone_are_rows_of_keys():
    block = replace(BLOCK, figures=())
    assert published(block, (("2",), (None, False), TOTALS)) == (("2",),)


def test_the_order_of_rows_tells_nothing():
    parts = [((key,), (None, False), TOTALS) for key in ("b", None, "a", "")]
    block = replace(BLOCK, figures=(COUNT,))
    assert [row[0] for row in published(block, *parts)] == ["", "a", "b", None]
    assert published(block, *parts) == published(block, *parts[::-1])


def test_a_count_of_values_is_told_by_the_question_of_the_count_alone():
    block = replace(BLOCK, figures=(PRESENT, MEAN))
    other = replace(TOTALS, count=22)
    rows = published(block, (("1",), (0, False), other), (("1",), (0, True), TOTALS))
    assert rows == (("1", "20", "2.5"),)


@pytest.mark.parametrize("number", [3, 50, 85, 10, 5])
def test_terms_in_words_name_every_number(number):
    assert str(number) in terms_text(TERMS)
