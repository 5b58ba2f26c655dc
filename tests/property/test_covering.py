"""A value that covers another really tells it: masks over values, row filters over rows."""

import json
from itertools import permutations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from sekisho.model.contract import ColumnGrant
from sekisho.model.masks import mask_covers
from sekisho.model.row_filters import conditions_of, filter_covers
from support.gate_cases import allowed, dataset, signed_contract

WHOLE = [
    None,
    *({"round_to": step} for step in (1, 2, 3, 5, 6, 9, 10, 15)),
    *({"bucket": edges} for edges in ([-7], [0], [0, 18], [0, 18, 65], [18, 65], [0, 40, 65])),
    *({"bucket_width": width} for width in (1, 2, 3, 4, 6, 12)),
    {"pseudonym": "this-contract-and-provider"},
    "redact",
]
MOMENTS = [None, *({"truncate": unit} for unit in ("year", "month", "day", "hour")), "redact"]


def contract(mask):
    """Write a contract that shows one column behind a mask."""
    grant = {
        "grant": "one",
        "datasets": ["ua.example/things"],
        "access": "rows",
        "columns": {"n": {}, "x": {} if mask is None else {"mask": mask}},
    }
    return signed_contract(
        json.dumps(
            {
                "format": "sekisho.contract/v1",
                "title": "Drawn",
                "parties": [
                    {"party": "ua.example", "role": "provider"},
                    {"party": "maker.example", "role": "consumer"},
                ],
                "purposes": [{"purpose": "reliability", "means": "x"}],
                "term": {"starts": "2026-12-01", "ends": "2027-11-30", "timezone": "UTC"},
                "grants": [grant],
            }
        )
    )


def shown(kind, values, mask):
    """Show the values of a column as the gate's plan does."""
    things = dataset("things", {"n": "INTEGER", "x": kind})
    plan = allowed("SELECT n, x FROM things", signed=contract(mask), datasets={things.id: things})
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    connection.execute(f"CREATE TABLE data.things AS SELECT * FROM ({values}) AS t(n, x)")
    keys = {"k1": "1" * 64, "k2": "2" * 64} if plan.pseudonyms else None
    return dict(connection.execute(plan.sql, keys).fetchall())


def mask_of(written):
    """Read a mask as a contract does."""
    value = {} if written is None else {"mask": written}
    return ColumnGrant.model_validate_json(json.dumps(value)).mask


@pytest.mark.parametrize(
    ("kind", "values", "masks"),
    [
        ("INTEGER", "SELECT i, i::INTEGER FROM range(-150, 151) AS r(i)", WHOLE),
        ("DECIMAL(9,1)", "SELECT i, (i / 10)::DECIMAL(9,1) FROM range(-900, 901) AS r(i)", WHOLE),
        (
            "TIMESTAMP",
            "SELECT i, TIMESTAMP '2026-11-28' + to_hours(i * 7) FROM range(600) AS r(i)",
            MOMENTS,
        ),
    ],
    ids=["whole", "decimal", "moment"],
)
def test_a_mask_covers_another_where_its_values_tell_the_others(kind, values, masks):
    columns = [(mask, shown(kind, values, mask)) for mask in masks]
    for (fine, known), (coarse, wanted) in permutations(columns, 2):
        seen = {}
        tells = all(seen.setdefault(known[n], wanted[n]) == wanted[n] for n in known)
        if mask_covers(mask_of(fine), mask_of(coarse)):
            assert tells, (fine, coarse)
        elif isinstance(fine, dict) and isinstance(coarse, dict) and fine.keys() == coarse.keys():
            # Among whole numbers alone, some steps tell more than they do in general.
            assert not tells or kind == "INTEGER", (fine, coarse)


SIMPLE = [
    "a > 1",
    "NOT a = 2",
    "b IS NULL",
    "b IS NOT NULL",
    "a BETWEEN 1 AND 3",
    "a NOT BETWEEN 0 AND 2",
    "w = 'x AND y'",
    "w LIKE '%''%'",
    '"a" < 3',
    "a IN (1, 2)",
    "TRUE",
    "CASE WHEN a > 1 AND b > 1 THEN TRUE ELSE b = 0 END",
]
ROWS = """
    CREATE TABLE t AS SELECT row_number() OVER () AS n, a, b, w
    FROM (VALUES (0), (1), (2), (3), (NULL)) AS x(a), (VALUES (0), (2), (NULL)) AS y(b),
      (VALUES ('x AND y'), (''''), (NULL)) AS z(w)
"""


def written_together(inner):
    """Write conditions together in every way that a person may."""
    pair = st.tuples(inner, inner)
    return (
        pair.map(" AND ".join)
        | pair.map(" and\n".join)
        | pair.map(" OR ".join)
        | inner.map("({})".format)
        | inner.map("NOT ({})".format)
    )


filters = st.recursive(st.sampled_from(SIMPLE), written_together, max_leaves=8)


def conjuncts(node):
    """List what a parser finds joined by AND."""
    while isinstance(node, exp.Paren):
        node = node.this
    return conjuncts(node.left) | conjuncts(node.right) if isinstance(node, exp.And) else {node}


@given(filters)
def test_the_conditions_of_a_filter_are_what_a_parser_finds_joined_by_and(text):
    def parse(part):
        return parse_one(part.lower(), dialect="duckdb")

    assert {parse(part) for part in conditions_of(text)} == conjuncts(parse(text))


@pytest.fixture(scope="module")
def rows():
    """Ask which rows a filter shows."""
    connection = duckdb.connect(":memory:")
    connection.execute(ROWS)

    def rows(where):
        return {n for (n,) in connection.execute(f"SELECT n FROM t WHERE {where}").fetchall()}

    return rows


@given(parts=st.lists(filters, min_size=1, max_size=4), data=st.data())
def test_a_filter_with_fewer_conditions_shows_every_row_of_the_other(rows, parts, data):
    fewer = data.draw(st.lists(st.sampled_from(parts), min_size=1, max_size=3))
    first, second = (" AND ".join(f"({item})" for item in some) for some in (fewer, parts))
    assert filter_covers(first, second)
    assert rows(second) <= rows(first)


@given(first=filters, second=filters)
def test_a_filter_that_covers_another_shows_every_row_of_it(rows, first, second):
    if filter_covers(first, second):
        assert rows(second) <= rows(first)
