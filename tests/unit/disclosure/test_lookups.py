"""Which categories of a brought table may be joined, as an engine counts the units behind them."""

import duckdb
import pytest

from sekisho.disclosure.lookups import fit_of, fitting_categories
from sekisho.model.names import DatasetId
from sekisho.model.plan import JoinedLookup

ROWS = """
    SELECT * FROM (VALUES ('N1', 1, 1), ('N1', 1, 2), ('N2', 2, 3), ('N3', 3, 3), ('N4', 3, 4),
        (NULL, 9, 9)) AS t (k, u0, u1)
"""


def joined(*, must_match=False, minimum_units=2, units=1):
    return JoinedLookup(
        name="planes",
        dataset=DatasetId("ua.example/flights"),
        relation="lookup_planes",
        columns=(('tail "number"', "VARCHAR"), ("family", "VARCHAR")),
        sql=ROWS,
        parameters={},
        secrets=(),
        units=units,
        minimum_units=minimum_units,
        must_match=must_match,
    )


def fitting(lookup, keys):
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE lookup_planes (k VARCHAR, category INTEGER)")
    connection.executemany("INSERT INTO lookup_planes VALUES (?, ?)", keys)
    answer = connection.sql(fit_of(lookup)).to_arrow_table()
    fit = {name: answer.column(name).to_pylist() for name in answer.column_names}
    return fitting_categories(lookup, fit)


def test_categories_of_enough_units_are_joined():
    keys = [("N1", 0), ("N2", 0), ("N3", 1), ("N4", 1), ("N9", 2)]
    assert fitting(joined(), keys) == frozenset({0})


def test_units_are_counted_and_not_rows_or_keys():
    assert fitting(joined(), [("N1", 0)]) == frozenset()
    assert fitting(joined(), [("N3", 0), ("N4", 0)]) == frozenset()


def test_every_kind_of_unit_must_be_enough():
    assert fitting(joined(units=2), [("N1", 0), ("N2", 0)]) == frozenset({0})
    assert fitting(joined(units=2), [("N2", 0), ("N3", 0)]) == frozenset()


def test_a_key_that_is_null_meets_no_row():
    assert fitting(joined(minimum_units=1), [(None, 0)]) == frozenset()


def test_a_table_that_must_match_fits_whole():
    keys = [("N1", 0), ("N2", 0), ("N3", 1), ("N2x", 1)]
    assert fitting(joined(must_match=True), keys[:2]) == frozenset({0})
    assert fitting(joined(must_match=True, minimum_units=1), keys[:3]) == frozenset({0, 1})


@pytest.mark.parametrize(
    "keys",
    [
        [("N1", 0), ("N2", 0), ("N9", 0)],  # a key that is not found
        [("N1", 0), ("N2", 0), ("N3", 1)],  # a category of one unit
        [("N8", 0), ("N9", 1)],
    ],
)
def test_a_table_that_must_match_and_does_not_is_not_joined_at_all(keys):
    assert fitting(joined(must_match=True), keys) is None
