"""Cells as an engine describes them, where a drawn table seldom goes."""

from dataclasses import replace

import duckdb
import pytest

from sekisho.disclosure.steps import MAX_SLOTS, steps_of
from sekisho.model.names import DatasetId
from sekisho.model.plan import Figure, FigureKind, Key, Measure, ProtectedBlock, Terms, Unit
from support.described import described, governed, populations

TERMS = Terms(
    minimum_units=3, largest_percent=70, two_largest_percent=90, p_percent=10, round_counts_to=5
)
BLOCK = ProtectedBlock(
    name="cells_0",
    sql="SELECT * FROM governed",
    parameters={},
    secrets=("m1",),
    keys=tuple(Key(type="INTEGER", definition=f"k{at}") for at in range(2)),
    units=(Unit(dataset=DatasetId("a.example/t"), column="u0", type="INTEGER"),),
    measures=(Measure(column="v0", definition="v0"),),
    figures=(Figure(kind=FigureKind.COUNT, measure=0),),
    is_filtered=False,
    terms=TERMS,
    definition="rows",
)


def people(first, count, *, keys, value):
    """Give rows of as many people, of one row each."""
    return [
        {"k0": keys[0], "k1": keys[1], "u0": unit, "v0": value}
        for unit in range(first, first + count)
    ]


def test_a_count_of_values_has_its_own_units_behind_a_cell_in_which_all_have_one():
    rows = [
        *people(1, 4, keys=(0, 0), value=1.0),
        *people(11, 4, keys=(1, 1), value=2.0),
        *people(21, 3, keys=(1, 1), value=None),
        *people(31, 5, keys=(2, 2), value=None),
        *people(41, 3, keys=(2, 2), value=3.0),
    ]
    governed(BLOCK, rows)
    (counted,) = populations(BLOCK).values()
    found = {keys: list(item.sketches[0].places) for keys, item in counted.items()}
    assert found == {
        ("0", "0"): [1, 2, 3, 4],
        ("1", "1"): [11, 12, 13, 14],
        ("2", "2"): [41, 42, 43],
    }


def test_rows_that_lack_a_measure_make_nobody_differ(monkeypatch):
    """Not even where a large cell is counted unit by unit, and what is beside it by slots."""
    monkeypatch.setattr("sekisho.disclosure.steps.EXACT_ROWS", 0)
    inside = [1, 2, 3, 4, MAX_SLOTS + 1]
    rows = [
        *({"u0": unit, "v0": 1.0, "f": True} for unit in inside),
        *(
            {"u0": unit, "v0": None, "f": is_inside}
            for unit in inside
            for is_inside in (True, False)
        ),
        *({"u0": unit, "v0": 1.0, "f": False} for unit in range(5, 30)),
    ]
    block = replace(BLOCK, keys=(), is_filtered=True)
    governed(block, rows)
    (counted,) = populations(block).values()
    (sketch,) = counted[()].sketches
    assert (sketch.slots, list(sketch.places)) == (None, inside)
    assert counted[()].facts[0].apart == 25


def test_a_cell_was_published_before_if_all_of_its_keys_were():
    rows = [
        *people(1, 1, keys=(0, 0), value=1.0),
        *people(2, 1, keys=(0, 1), value=1.0),
        *people(3, 1, keys=(1, 0), value=1.0),
        *people(4, 1, keys=(1, None), value=1.0),
        *people(5, 4, keys=(2, 2), value=1.0),
    ]
    governed(BLOCK, rows)
    cells = described(BLOCK, [("0", "1"), ("1", None), ("5", "0")])["cells"]
    assert sorted(zip(cells["k0"], cells["k1"], strict=True)) == [
        ("0", "1"),
        ("1", None),
        ("2", "2"),
    ]


def test_a_cell_with_too_few_units_of_one_kind_is_not_described():
    two = replace(
        BLOCK,
        units=(*BLOCK.units, Unit(dataset=DatasetId("a.example/s"), column="u1", type="INTEGER")),
    )
    rows = [row | {"u1": row["u0"] % 2} for row in people(1, 9, keys=(0, 0), value=1.0)]
    rows += [row | {"u1": row["u0"]} for row in people(11, 9, keys=(1, 1), value=1.0)]
    governed(two, rows)
    assert described(two)["cells"]["k0"] == ["1"]


@pytest.mark.parametrize(
    ("sizes", "minimum_units", "exact", "slots"),
    [
        ([8192], 10, 8192, 1024),
        ([999_999, 1], 10, 8192, 1024),
        ([1_000_000, 1], 10, 512, 1024),
        # As many slots in all as the budget has, a power of two each, and no fewer than are needed.
        ([8193] * 122, 10, 8192, 1024),
        ([513] * 2000, 10, 512, 64),
        ([8193] * 100, 256, 8192, 1024),
        ([513] * 2000, 16, 512, 64),
        ([513] * 2000, 17, 512, 128),
        ([8193], 257, 8192, 2048),
    ],
)
def test_large_cells_share_slots_and_small_ones_are_exact(sizes, minimum_units, exact, slots):
    block = replace(BLOCK, terms=replace(TERMS, minimum_units=minimum_units))
    assert slotting(block, sizes) == (exact, slots)
    # Units that are published are told one by one.
    units = replace(block, figures=(Figure(kind=FigureKind.UNITS, unit=0),))
    assert slotting(units, sizes)[0] > max(sizes)


def slotting(block, sizes):
    """Choose for groups of so many rows."""
    (sql,) = (step.sql for step in steps_of(block) if step.name == "slotting")
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE groups AS SELECT unnest(?) AS whole", [sizes])
        return connection.execute(sql).fetchone()
