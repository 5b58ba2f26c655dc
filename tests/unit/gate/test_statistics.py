"""A grant of statistics at the gate: what a plan rests on, what it reads, and what is no block."""

import duckdb
import pytest

from sekisho.errors import RefusalReason
from sekisho.gate.blocks import terms_of
from sekisho.model.parameters import Parameter
from sekisho.model.plan import Figure, FigureKind, Terms
from support.gate_cases import allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Wards
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Where the virus goes"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: wards
    datasets: [ua.example/stays, ua.example/wards]
    access: aggregate
    privacy_units: [patient]
    columns:
      ward: {use: [join, group, filter]}
      beds: {use: [group, filter]}
      nights: {use: [measure]}
      costs: {use: [measure], clamp: [-5, 90]}
    lookups:
      - {name: floors, key: ward, columns: {floor: integer}, max_rows: 20}
"""
STAYS = dataset(
    "stays", {"patient": "INTEGER", "ward": "VARCHAR", "nights": "INTEGER", "costs": "INTEGER"}
)
WARDS = dataset("wards", {"ward": "VARCHAR", "beds": "INTEGER"})
WORLD = {
    "signed": signed_contract(CONTRACT),
    "datasets": {STAYS.id: STAYS, WARDS.id: WARDS},
}
FILTERED = CONTRACT.replace("    columns:\n", "    where: \"ward <> 'x'\"\n    columns:\n")


def over_cells(sql, *, cells):
    """Run what is computed over published cells: keys as text, figures as numbers."""
    plan = allowed(sql, **WORLD)
    (block,) = plan.blocks
    keys = [f"k{at} VARCHAR" for at in range(len(block.keys))]
    figures = [f"f{at} BIGINT" for at in range(len(block.figures))]
    connection = duckdb.connect(":memory:")
    connection.execute(f'CREATE TABLE "{block.name}" ({", ".join(keys + figures)})')
    for row in cells:
        places = ", ".join("?" for _ in row)
        connection.execute(f'INSERT INTO "{block.name}" VALUES ({places})', row)
    return connection.sql(plan.sql, params=dict(plan.parameters) or None).fetchall()


def test_having_filters_what_was_published():
    sql = "SELECT ward FROM stays GROUP BY ward HAVING count(*) > 20 ORDER BY ward"
    assert over_cells(sql, cells=[("a", 20), ("b", 25), ("c", None)]) == [("b",)]


def test_a_query_without_a_dataset_is_no_query_of_statistics():
    refusal = refused("SELECT 1", **WORLD)
    assert refusal.reason is RefusalReason.DATASET_NOT_GRANTED
    assert refusal.allowed == ("ua.stays", "ua.wards")


def test_a_dataset_without_anyone_to_protect_is_joined_and_never_counted():
    refusal = refused("SELECT beds, count(*) FROM wards GROUP BY beds", **WORLD)
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.message == "the privacy unit `patient` is no longer in the dataset"
    assert refusal.clause == "grants.wards.privacy_units"
    joined = "SELECT beds, count(*) FROM stays JOIN wards USING (ward) GROUP BY beds"
    (block,) = allowed(joined, **WORLD).blocks
    assert [unit.dataset for unit in block.units] == [STAYS.id]


@pytest.mark.parametrize(("contract", "where"), [(CONTRACT, False), (FILTERED, True)])
def test_a_plan_of_statistics_names_every_clause_that_it_rests_on(contract, where):
    plan = allowed(
        "SELECT f.floor, avg(s.nights) FROM stays AS s JOIN floors AS f ON s.ward = f.ward"
        " WHERE s.ward = 'y' GROUP BY 1",
        signed=signed_contract(contract),
        datasets=WORLD["datasets"],
    )
    assert plan.clauses == (
        "purposes.reliability",
        "grants.wards.datasets",
        "grants.wards.access",
        "grants.wards.privacy_units",
        *(["grants.wards.where"] if where else []),
        "grants.wards.lookups.floors",
        "grants.wards.columns.ward",
        "grants.wards.columns.nights",
        "grants.wards.functions",
        "grants.wards.disclosure",
    )


def test_each_dataset_is_counted_by_those_units_of_the_grant_that_it_has():
    staffed = dataset("wards", {"ward": "VARCHAR", "beds": "INTEGER", "Nurse": "VARCHAR"})
    plan = allowed(
        "SELECT beds, count(*) FROM stays AS s JOIN wards AS w ON s.ward = w.ward GROUP BY beds",
        signed=signed_contract(CONTRACT.replace("[patient]", "[patient, nurse]")),
        datasets={STAYS.id: STAYS, staffed.id: staffed},
    )
    (block,) = plan.blocks
    found = [(unit.dataset, unit.column) for unit in block.units]
    assert found == [(STAYS.id, "patient"), (staffed.id, "Nurse")]


def test_a_value_that_rows_are_chosen_by_is_bound_in_the_block_and_no_secret():
    plan = allowed(
        "SELECT ward, count(*) FROM stays WHERE ward >= $first GROUP BY 1 HAVING count(*) > $least",
        parameters=(
            Parameter(name="first", type="text", value="b"),
            Parameter(name="least", type="integer", value="20"),
        ),
        **WORLD,
    )
    (block,) = plan.blocks
    assert (block.bound, block.secrets) == (("first",), ("m1",))
    assert plan.bound == ("least",)


def test_cells_are_held_to_the_terms_of_the_contract():
    written = """
    disclosure:
      minimum_units: 7
      dominance: {largest_percent: 41, two_largest_percent: 72, p_percent: 13}
      round_counts_to: 6
"""
    signed = signed_contract(CONTRACT + written.removeprefix("\n"))
    plan = allowed("SELECT count(*) FROM stays", signed=signed, datasets=WORLD["datasets"])
    assert plan.blocks[0].terms == Terms(
        minimum_units=7,
        largest_percent=41,
        two_largest_percent=72,
        p_percent=13,
        round_counts_to=6,
    )
    assert allowed("SELECT count(*) FROM stays", **WORLD).blocks[0].terms == terms_of(None)


@pytest.mark.parametrize(
    "kind", ["INTEGER[]", "STRUCT(a INTEGER)", "INTERVAL", "MAP(INTEGER, DATE)"]
)
def test_cells_are_of_keys_that_a_text_can_be_brought_back_to(kind):
    odd = dataset("wards", {"patient": "INTEGER", "ward": "VARCHAR", "beds": kind})
    refusal = refused(
        "SELECT beds, count(*) FROM wards GROUP BY beds",
        signed=WORLD["signed"],
        datasets={STAYS.id: STAYS, odd.id: odd},
    )
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert refusal.message == "`beds` is of a type that cannot be grouped by"


def test_a_figure_that_is_asked_for_twice_is_published_once():
    sql = "SELECT avg(nights), count(*), 1 + avg(nights) FROM stays ORDER BY count(*)"
    (block,) = allowed(sql, **WORLD).blocks
    assert block.figures == (
        Figure(kind=FigureKind.MEAN, measure=0),
        Figure(kind=FigureKind.COUNT),
    )
    assert over_cells(sql, cells=[(4, 9)]) == [(4, 9, 5)]


def test_pseudonyms_are_made_in_blocks_and_nowhere_above_them():
    masked = "ward: {mask: {pseudonym: this-contract-and-provider}, "
    plan = allowed(
        "SELECT ward, count(*) FROM stays GROUP BY ward",
        signed=signed_contract(CONTRACT.partition("    lookups")[0].replace("ward: {", masked, 1)),
        datasets=WORLD["datasets"],
    )
    assert plan.blocks[0].secrets == ("k1", "k2", "m1")
    assert not plan.pseudonyms


JOINED = "FROM stays AS s JOIN wards AS w ON s.ward = w.ward"


def definition(source, *, where=""):
    """Digest which rows a query counts, under a contract with a row filter or none."""
    row_filter = f'    where: "{where}"\n' if where else ""
    text = CONTRACT.replace("    columns:", f"{row_filter}    columns:")
    plan = allowed(
        f"SELECT count(*) {source}",
        signed=signed_contract(text),
        datasets=WORLD["datasets"],
    )
    return plan.blocks[0].definition


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            "FROM stays WHERE ward = 'a' AND ward > 'b'",
            "FROM stays WHERE ward > 'b' AND ward = 'a'",
        ),
        ("FROM stays WHERE ward = 'a'", "FROM ua.stays AS s WHERE s.WARD = 'a' ORDER BY 1"),
        (JOINED, "FROM stays JOIN wards USING (ward)"),
        (f"{JOINED} WHERE beds = 3", "FROM stays JOIN wards USING (ward) WHERE beds = 3"),
    ],
)
def test_questions_about_the_same_rows_have_one_definition(left, right):
    assert definition(left) == definition(right)


def test_whatever_chooses_rows_is_part_of_their_definition():
    sources = [
        "FROM stays",
        "FROM stays WHERE ward = 'a'",
        "FROM stays WHERE ward = 'b'",
        "FROM stays WHERE ward >= 'a'",
        JOINED,
        f"{JOINED} WHERE w.ward = 'a'",
        f"{JOINED} WHERE s.ward = 'a'",
        f"{JOINED} WHERE beds = 3",
        "FROM stays AS s JOIN floors AS f ON s.ward = f.ward",
        "FROM stays AS s JOIN floors AS f ON s.ward = f.ward WHERE floor = 3",
    ]
    found = [definition(source) for source in sources]
    found += [definition("FROM stays", where=text) for text in ("ward = 'a'", "ward = 'b'")]
    assert len(set(found)) == len(found)


def test_a_joined_dataset_gives_only_rows_whose_key_stands_once():
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    connection.execute(
        "CREATE TABLE data.stays AS SELECT i AS patient, ['a', 'b'][1 + i % 2] AS ward,"
        " 1 AS nights, 1 AS costs FROM range(10) AS t(i)"
    )
    connection.execute("CREATE TABLE data.wards (ward VARCHAR, beds INTEGER)")
    connection.execute("INSERT INTO data.wards VALUES ('a', 3), ('b', 4), ('b', 4)")
    (block,) = allowed(f"SELECT beds, count(*) {JOINED} GROUP BY beds", **WORLD).blocks
    parameters = dict(block.parameters) | {"m1": "secret"}
    rows = connection.sql(block.sql, params=parameters).fetchall()
    assert [row[0] for row in rows] == [3] * 5
