"""Tables that a consumer brings, as the gate sees them: a name, a key, columns, and no content."""

import duckdb
import pytest

from sekisho.disclosure.lookups import fit_of
from sekisho.errors import RefusalReason
from sekisho.gate.lookups import declared_lookups
from sekisho.model.contract import LookupType
from sekisho.model.dataset import Column, Dataset
from support.gate_cases import PROVIDER, allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Delays by family
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: delays
    datasets: [ua.example/legs, ua.example/airports]
    access: aggregate
    privacy_units: [tail]
    where: "NOT hidden"
    columns:
      tail: {use: [join]}
      origin: {use: [join, group]}
      hours: {use: [join]}
      seats: {use: [join], mask: {bucket: [0, 100]}}
      delay: {use: [measure]}
      city: {use: [group]}
    lookups:
      - {name: planes, key: tail, columns: {Model: text, "group": integer}, max_rows: 9}
      - {name: regions, key: origin, columns: {region: text}, max_rows: 9, must_match: false}
      - {name: lengths, key: hours, columns: {length: text}, max_rows: 9}
      - {name: sizes, key: seats, columns: {size: text}, max_rows: 9}
    disclosure: {minimum_units: 4}
personal_data: {class: none}
"""
SIGNED = signed_contract(CONTRACT)
LEGS = dataset(
    "legs",
    {
        "Tail": "VARCHAR",
        "origin": "ENUM('EWR', 'JFK')",
        "hours": "DOUBLE",
        "seats": "SMALLINT",
        "delay": "INTEGER",
        "hidden": "BOOLEAN",
    },
)
AIRPORTS = dataset("airports", {"origin": "VARCHAR", "city": "VARCHAR", "hidden": "BOOLEAN"})
WORLD = {"signed": SIGNED, "datasets": {LEGS.id: LEGS, AIRPORTS.id: AIRPORTS}}
BY_MODEL = 'SELECT p."Model", avg(l.delay) FROM legs AS l JOIN planes AS p ON l.tail = p.tail'


def brought(sql):
    (block,) = allowed(sql, **WORLD).blocks
    return block.lookups


def test_a_plan_says_what_the_content_must_fit():
    (lookup,) = brought(f"{BY_MODEL} GROUP BY 1")
    assert (lookup.name, lookup.dataset) == ("planes", "ua.example/legs")
    assert lookup.relation == "lookup_planes"
    assert lookup.columns == (("tail", "VARCHAR"), ("Model", "VARCHAR"), ("group", "BIGINT"))
    assert (lookup.units, lookup.minimum_units, lookup.must_match) == (1, 4, True)
    assert (dict(lookup.parameters), lookup.secrets) == ({}, ("m1",))
    assert allowed(f"{BY_MODEL} GROUP BY 1", **WORLD).lookups == {"planes"}


def test_a_key_is_compared_in_the_type_that_its_mask_gives():
    (lookup,) = brought(
        "SELECT s.size, count(*) FROM legs JOIN sizes AS s ON legs.seats = s.seats GROUP BY 1"
    )
    assert lookup.columns[0] == ("seats", "BIGINT")
    (lookup,) = brought(
        "SELECT region, count(*) FROM legs JOIN regions ON legs.origin = regions.origin GROUP BY 1"
    )
    assert lookup.columns[0] == ("origin", "VARCHAR")
    assert not lookup.must_match


def test_what_is_held_to_the_table_is_what_the_grant_shows():
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    columns = ", ".join(f'"{item.name}" {item.type}' for item in LEGS.columns)
    connection.execute(f"CREATE TABLE data.legs ({columns})")
    rows = [(f"N{at}", "JFK", 1.0, 90, at, at == 9) for at in range(10)]
    connection.executemany("INSERT INTO data.legs VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("INSERT INTO data.legs VALUES (NULL, 'JFK', 1, 1, 1, false)")
    connection.execute("CREATE TABLE lookup_planes (k VARCHAR, category INTEGER)")
    keys = [(f"N{at}", at // 4) for at in range(10)]
    connection.executemany("INSERT INTO lookup_planes VALUES (?, ?)", keys)
    (lookup,) = brought(f"{BY_MODEL} GROUP BY 1")
    parameters = dict(lookup.parameters) | {"m1": "secret"}
    found = connection.sql(fit_of(lookup), params=parameters).fetchall()
    assert sorted(found) == [(0, True, True), (1, True, True), (2, False, False)]


def test_a_row_meets_a_key_by_its_characters_alone():
    """A dataset that is collated without regard to case would meet two keys with one row."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    columns = ", ".join(f'"{item.name}" {item.type}' for item in LEGS.columns)
    columns = columns.replace('"Tail" VARCHAR', '"Tail" VARCHAR COLLATE NOCASE')
    connection.execute(f"CREATE TABLE data.legs ({columns})")
    connection.execute("INSERT INTO data.legs VALUES ('N1', 'JFK', 1, 1, 1, false)")
    connection.execute('CREATE TABLE lookup_planes (tail VARCHAR, "Model" VARCHAR)')
    connection.execute("INSERT INTO lookup_planes VALUES ('N1', 'a'), ('n1', 'a')")
    (block,) = allowed(f"{BY_MODEL} GROUP BY 1", **WORLD).blocks
    parameters = dict(block.parameters) | {"m1": "secret"}
    assert len(connection.sql(block.sql, params=parameters).fetchall()) == 1
    connection.execute("CREATE OR REPLACE TABLE lookup_planes (k VARCHAR, category INTEGER)")
    connection.execute("INSERT INTO lookup_planes VALUES ('N1', 1), ('n1', 2)")
    (lookup,) = block.lookups
    fit = connection.sql(fit_of(lookup), params={**lookup.parameters, "m1": "secret"})
    assert [(category, found) for category, found, _ in sorted(fit.fetchall())] == [
        (1, True),
        (2, False),
    ]


JOINED = "FROM legs AS l JOIN planes AS p ON l.tail = p.tail"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM planes",
        'SELECT "Model" FROM planes GROUP BY 1',
        "SELECT count(*) FROM planes AS p JOIN legs AS l ON l.tail = p.tail",
        "SELECT count(*) FROM legs AS l JOIN planes AS p ON l.origin = p.tail",
        'SELECT count(*) FROM legs AS l JOIN planes AS p ON l.tail = p."Model"',
        "SELECT count(*) FROM legs AS l LEFT JOIN planes AS p ON l.tail = p.tail",
        "SELECT count(*) FROM legs AS l JOIN planes AS p ON true",
        f'SELECT count(*) {JOINED} AND l.origin = p."Model"',
        f"SELECT p.tail, count(*) {JOINED} GROUP BY 1",
        f"SELECT count(*) {JOINED} WHERE p.tail = 'N1'",
        f"SELECT count(DISTINCT p.tail) {JOINED}",
        f'SELECT sum(p."group") {JOINED}',
        f'SELECT p."Model" {JOINED}',
        f"SELECT count(*) {JOINED} JOIN planes AS q ON l.tail = q.tail",
    ],
)
def test_anything_else_than_joining_by_its_key_is_refused(sql):
    assert refused(sql, **WORLD).reason is RefusalReason.SYNTAX_NOT_ALLOWED


def test_nothing_else_is_joined_to_a_table():
    refusal = refused(
        "SELECT a.city, count(*) FROM legs AS l JOIN regions AS r ON l.origin = r.origin"
        " JOIN airports AS a ON a.origin = r.region GROUP BY 1",
        **WORLD,
    )
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert refusal.message == "nothing else is joined to the table `regions`"


def test_a_table_is_joined_where_units_are_counted():
    refusal = refused(
        "SELECT r.region, count(*) FROM legs AS l JOIN airports AS a ON l.origin = a.origin"
        " JOIN regions AS r ON a.origin = r.origin GROUP BY 1",
        **WORLD,
    )
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert "privacy units" in refusal.message


def test_a_key_of_a_type_that_no_table_has_is_refused_with_its_clause():
    refusal = refused(
        "SELECT length, count(*) FROM legs JOIN lengths ON legs.hours = lengths.hours GROUP BY 1",
        **WORLD,
    )
    assert refusal.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    assert refusal.clause == "grants.delays.lookups.lengths.key"
    assert (refusal.line, refusal.column) == (1, 56)


def test_what_is_declared_stands_beside_the_datasets_as_they_are():
    (planes,) = declared_lookups(SIGNED, PROVIDER, WORLD["datasets"], name="planes")
    assert planes.clause == "grants.delays.lookups.planes"
    assert (planes.key_types, planes.minimum_keys) == ({LookupType.TEXT}, 4)
    (regions,) = declared_lookups(SIGNED, PROVIDER, WORLD["datasets"], name="regions")
    assert (regions.key_types, regions.minimum_keys) == ({LookupType.TEXT}, 1)
    (sizes,) = declared_lookups(SIGNED, PROVIDER, WORLD["datasets"], name="sizes")
    assert sizes.key_types == {LookupType.INTEGER}
    assert declared_lookups(SIGNED, PROVIDER, WORLD["datasets"], name="ships") == ()


def test_a_dataset_that_is_gone_tells_no_types():
    (planes,) = declared_lookups(SIGNED, PROVIDER, {}, name="planes")
    assert (planes.key_types, planes.minimum_keys) == (set(), 4)
    changed = Dataset(id=LEGS.id, columns=(Column(name="other", type="VARCHAR"),))
    (planes,) = declared_lookups(SIGNED, PROVIDER, {LEGS.id: changed}, name="planes")
    assert planes.key_types == set()


def test_a_unit_that_the_dataset_adds_counts_too():
    own = Dataset(id=LEGS.id, columns=LEGS.columns, privacy_units=("origin",))
    (regions,) = declared_lookups(
        SIGNED, PROVIDER, WORLD["datasets"] | {LEGS.id: own}, name="regions"
    )
    assert regions.minimum_keys == 4
