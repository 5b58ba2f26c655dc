"""The steps that an engine runs over a block's rows, against a plain description in Python."""

import random
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.disclosure import steps
from sekisho.disclosure.rules import Facts, may_be_published
from sekisho.model.names import DatasetId
from sekisho.model.plan import (
    Figure,
    FigureKind,
    Key,
    Measure,
    ProtectedBlock,
    Terms,
    Unit,
)
from support.described import governed, populations
from support.plain_cells import PlainCells, differing, folded

TERMS = Terms(
    minimum_units=3, largest_percent=70, two_largest_percent=90, p_percent=10, round_counts_to=5
)
KINDS = (FigureKind.COUNT, FigureKind.SUM, FigureKind.MEAN, FigureKind.DEVIATION)
_word = random.Random(7).getrandbits
UNITS = [_word(64) for _ in range(40)]
"""Hashes of forty units; few of them share a slot of four."""


@st.composite
def tables(draw, *, units_apart: bool = False):
    """Draw governed rows and the block that they belong to."""
    keys, measures, joined = (draw(st.integers(0, 2)) for _ in range(3))
    is_filtered = draw(st.booleans())
    most = draw(st.sampled_from([3, 12, 40]))
    row = {f"k{at}": st.sampled_from([0, 1, 2, None]) for at in range(keys)}
    row |= {"u0": st.integers(0, most - 1)}
    row |= {f"u{at}": st.integers(0, 5) for at in range(1, joined + 1)}
    row |= {f"v{at}": st.sampled_from([None, 0.0, 1.0, 1.0, -2.5, 40.0]) for at in range(measures)}
    row |= {"f": st.booleans()} if is_filtered else {}
    rows = draw(st.lists(st.fixed_dictionaries(row), max_size=70))
    figures = draw(
        st.lists(
            st.builds(Figure, kind=st.sampled_from(KINDS), measure=st.integers(0, measures - 1))
            if measures
            else st.just(Figure(kind=FigureKind.COUNT)),
            max_size=3,
            unique=True,
        )
    )
    figures += [Figure(kind=FigureKind.UNITS, unit=0)] if units_apart else []
    block = ProtectedBlock(
        name="cells_0",
        sql="SELECT * FROM governed",
        parameters={},
        secrets=("m1",),
        keys=tuple(Key(type="INTEGER", definition=f"k{at}") for at in range(keys)),
        units=tuple(
            Unit(dataset=DatasetId("a.example/t"), column=f"u{at}", type="INTEGER")
            for at in range(joined + 1)
        ),
        measures=tuple(Measure(column=f"v{at}", definition=f"v{at}") for at in range(measures)),
        figures=tuple(figures),
        is_filtered=is_filtered,
        terms=TERMS,
        definition="rows",
    )
    return block, [
        {**item, **{f"u{at}": UNITS[item[f"u{at}"]] for at in range(joined + 1)}} for item in rows
    ]


def plain(block, rows):
    return PlainCells(
        rows,
        keys=len(block.keys),
        units=len(block.units),
        is_filtered=block.is_filtered,
    )


def text(key):
    return tuple(None if item is None else str(item) for item in key)


def sketch_of(sketch):
    return dict(zip(sketch.places, sketch.sums, strict=True))


def facts_of(cell):
    """What the rules are asked of, by each unit."""
    return [
        Facts(units=units, largest=largest, second=second, size=size, apart=apart)
        for units, largest, second, size, apart in zip(
            cell.units, cell.largest, cell.second, cell.size, cell.apart, strict=True
        )
    ]


def shown(block, rows):
    """Which cells have enough units of each kind, all rows counted."""
    cells = plain(block, rows).cells(None, values=False)
    return {key for key, cell in cells.items() if min(cell.units) >= TERMS.minimum_units}


@settings(max_examples=60)
@given(tables())
def test_small_cells_are_described_exactly(table):
    block, rows = table
    governed(block, rows)
    for question, found in populations(block).items():
        expected = plain(block, rows).cells(question.measure, values=question.tells_values)
        wanted = {key: expected[key] for key in shown(block, rows) if expected[key].count}
        assert {text(key) for key in wanted} == set(found)
        for key, cell in wanted.items():
            item = found[text(key)]
            assert item.totals.count == cell.count
            assert item.totals.units == cell.units
            assert [sketch_of(sketch) for sketch in item.sketches] == list(cell.sketches)
            assert all(sketch.slots is None for sketch in item.sketches)
            assert [facts.units for facts in item.facts] == list(cell.units)
            assert [facts.largest for facts in item.facts] == pytest.approx(cell.largest)
            assert [facts.second for facts in item.facts] == pytest.approx(cell.second)
            assert [facts.size for facts in item.facts] == pytest.approx(cell.size)
            assert tuple(facts.apart for facts in item.facts) == cell.apart
            if question.measure is not None:
                values = [row[f"v{question.measure}"] for row in cell.rows]
                assert item.totals.sum == pytest.approx(sum(values))
                assert item.totals.square == pytest.approx(sum(value * value for value in values))
                assert (item.totals.low, item.totals.high) == (min(values), max(values))


@contextmanager
def few_slots(exact_rows: int):
    """Let small tables go the way of large ones."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("EXACT_ROWS", exact_rows),
            ("MIN_SLOTS", 4),
            ("MAX_SLOTS", 16),
            ("SLOT_BUDGET", 64),
            ("SLOTS_PER_UNIT", 1),
        ):
            patch.setattr(steps, name, value)
        yield


@settings(max_examples=80)
@given(tables(), st.sampled_from([0, 4, 12]))
def test_shared_slots_count_no_unit_too_many_and_let_nothing_more_through(table, exact_rows):
    block, rows = table
    governed(block, rows)
    with few_slots(exact_rows):
        answers = populations(block)
    for question, found in answers.items():
        expected = plain(block, rows).cells(question.measure, values=question.tells_values)
        by_text = {text(key): cell for key, cell in expected.items()}
        assert set(found) <= {text(key) for key in shown(block, rows)}
        for keys, item in found.items():
            cell = by_text[keys]
            assert item.totals.count == cell.count
            for unit, facts in enumerate(item.facts):
                assert facts.units <= cell.units[unit]
                assert facts.largest >= cell.largest[unit]
                both = cell.largest[unit] + cell.second[unit]
                assert facts.largest + facts.second >= both - 1e-9
                assert facts.size == pytest.approx(cell.size[unit])
                assert (facts.apart is None) == (cell.apart[unit] is None)
                assert (facts.apart or 0) <= (cell.apart[unit] or 0)
                sketch = item.sketches[unit]
                assert sketch_of(sketch) == folded(cell.sketches[unit], sketch.slots)
                # Listings rest on this: see `sketches.LISTED_SLOTS`.
                if sketch.slots is not None:
                    assert 100 * len(sketch.places) >= steps.FULL_PERCENT * sketch.slots
            if all(may_be_published(facts, TERMS) for facts in item.facts):
                assert all(may_be_published(facts, TERMS) for facts in facts_of(cell))


@settings(max_examples=20)
@given(tables(units_apart=True), st.sampled_from([0, 4, 12]))
def test_units_that_are_published_are_counted_one_by_one(table, exact_rows):
    block, rows = table
    governed(block, rows)
    with few_slots(exact_rows):
        answers = populations(block)
    for question, found in answers.items():
        expected = plain(block, rows).cells(question.measure, values=question.tells_values)
        by_text = {text(key): cell for key, cell in expected.items()}
        for keys, item in found.items():
            assert item.totals.units == by_text[keys].units
            assert item.totals.count == by_text[keys].count


@settings(max_examples=20)
@given(tables(), st.data())
def test_a_cell_that_was_published_before_is_described_with_too_few_units(table, data):
    block, rows = table
    governed(block, rows)
    cells = plain(block, rows).cells(None, values=False)
    known = [key for key in cells if data.draw(st.booleans())]
    for question, found in populations(block, [text(key) for key in known]).items():
        expected = plain(block, rows).cells(question.measure, values=question.tells_values)
        wanted = {key for key in {*known, *shown(block, rows)} if expected[key].count}
        assert {text(key) for key in wanted} == set(found)


@settings(max_examples=25)
@given(tables())
def test_a_measure_under_another_clamp_differs_in_the_units_whose_values_do(table):
    block, rows = table
    if not any(item.measure is not None and item.kind.is_value for item in block.figures):
        return
    governed(block, rows)
    first = populations(block)
    clamped = [
        {name: min(value, 1.0) if name[0] == "v" and value is not None else value
         for name, value in row.items()}
        for row in rows
    ]  # fmt: skip
    governed(block, clamped)
    second = populations(block)
    for question, found in first.items():
        for keys in found.keys() & second[question].keys():
            before, after = (item[question][keys].sketches for item in (first, second))
            for unit, (left, right) in enumerate(zip(before, after, strict=True)):
                changed = {
                    row[f"u{unit}"]
                    for row in plain(block, rows).inside()
                    if text(plain(block, rows).key_of(row)) == keys
                    and question.tells_values
                    and (row[f"v{question.measure}"] or 0) > 1
                }
                assert differing(sketch_of(left), sketch_of(right)) == len(changed)
