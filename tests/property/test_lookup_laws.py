"""Tables that consumers bring: one spelling of the same rows; what fits is what counts."""

import json
from collections import defaultdict
from datetime import date

import duckdb
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from sekisho.disclosure.lookups import fit_of, fitting_categories
from sekisho.documents.lookup import LookupTable, build_lookup, parse_lookup
from sekisho.documents.value import MAX_INTEGER, check_text
from sekisho.errors import DocumentError
from sekisho.model.contract import LookupType
from sekisho.model.names import DatasetId
from sekisho.model.plan import JoinedLookup

TEXTS = st.text(max_size=8).filter(lambda text: not check_text(text))
CELLS = {
    LookupType.TEXT: TEXTS,
    LookupType.INTEGER: st.integers(-MAX_INTEGER, MAX_INTEGER),
    LookupType.DATE: st.dates(min_value=date(1, 1, 1)).map(str),
    LookupType.BOOLEAN: st.booleans(),
}
KINDS = st.sampled_from(list(LookupType))


@st.composite
def tables(draw):
    """A table of some types, its rows in any order."""
    key_type = draw(KINDS)
    columns = draw(
        st.dictionaries(st.sampled_from(["a", "b", "c c", "日"]), KINDS, min_size=1, max_size=3)
    )
    keys = draw(st.lists(CELLS[key_type], min_size=1, max_size=6, unique=True))
    rows = [(key, *(draw(st.none() | CELLS[kind]) for kind in columns.values())) for key in keys]
    return LookupTable(
        name="planes", key="tail", key_type=key_type, columns=columns, rows=tuple(rows)
    )


@given(tables(), st.randoms())
def test_the_same_rows_are_the_same_bytes_in_any_order(table, chance):
    data = build_lookup(table)
    rows = list(table.rows)
    chance.shuffle(rows)
    names = list(table.columns)
    chance.shuffle(names)
    order = [0, *(1 + list(table.columns).index(name) for name in names)]
    other = LookupTable(
        name="planes",
        key="tail",
        key_type=table.key_type,
        columns={name: table.columns[name] for name in names},
        rows=tuple(tuple(row[at] for at in order) for row in rows),
    )
    assert build_lookup(other) == data
    read = parse_lookup(data)
    assert build_lookup(read) == data
    assert dict(read.columns) == dict(table.columns)
    assert {row[0] for row in read.rows} == {row[0] for row in rows}
    assert rfc8785.dumps(json.loads(data)) == data


@given(tables(), st.data())
def test_bytes_that_are_changed_are_another_table_or_none(table, data):
    content = build_lookup(table)
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = content[:at] + bytes([byte]) + content[at + 1 :]
    assume(changed != content)
    try:
        read = parse_lookup(changed)
    except DocumentError:
        return
    assert build_lookup(read) == changed


ROWS = st.lists(
    st.tuples(st.none() | st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)), max_size=25
)
KEYS = st.dictionaries(st.integers(0, 7), st.integers(0, 2), min_size=1)


@given(ROWS, KEYS, st.integers(1, 3), st.booleans())
def test_what_fits_is_what_a_plain_count_says(rows, keys, minimum_units, must_match):
    values = ", ".join(f"({'NULL' if k is None else k}, {u}, {w})" for k, u, w in rows)
    source = f"(VALUES {values})" if rows else "(SELECT 1, 1, 1 WHERE false)"
    lookup = JoinedLookup(
        name="t",
        dataset=DatasetId("a.example/d"),
        relation="lookup_t",
        columns=(("k", "INTEGER"),),
        sql=f"SELECT * FROM {source} AS r (k, u0, u1)",
        parameters={},
        secrets=(),
        units=2,
        minimum_units=minimum_units,
        must_match=must_match,
    )
    listed = ", ".join(f"({key}, {category})" for key, category in keys.items())
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE lookup_t AS FROM (VALUES {listed}) AS t (k, category)")
        answer = connection.sql(fit_of(lookup)).to_arrow_table().to_pydict()
    units = defaultdict(lambda: (set(), set()))
    for key, one, other in rows:
        if key in keys:
            units[keys[key]][0].add(one)
            units[keys[key]][1].add(other)
    enough = {
        category
        for category in set(keys.values())
        if min(map(len, units[category])) >= minimum_units
    }
    is_whole = set(keys) <= {key for key, *_ in rows} and enough == set(keys.values())
    expected = None if must_match and not is_whole else enough
    assert fitting_categories(lookup, answer) == expected
