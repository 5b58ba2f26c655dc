"""A table that an analyst uploads through ADBC, and that providers join as the contract lets it."""

import json

import duckdb
import pyarrow as pa
import pytest
from adbc_driver_manager import Error

from sekisho.documents.envelope import digest_of
from sekisho.errors import Refusal
from sekisho.ledger.bodies import Brought, Dropped, Taken
from support.clients import partner_by_adbc, user_by_adbc
from support.guardrails import restart
from support.lookups import (
    BY_FAMILY,
    FAMILIES,
    FLEET_KEYS,
    delays_text,
    deliver,
    families_section,
    flights_section,
    plane,
    planes,
    write_fleet,
)
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SQL = BY_FAMILY.replace("flights", "ua.flights").replace("planes", "local.planes")
ALIKE = duckdb.sql(f"SELECT tail_number, 'all' AS family FROM ({FLEET_KEYS})").to_arrow_table()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("uploads")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_fleet(root / "fleet.parquet")))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


@pytest.fixture
def contract(world):
    return world.agree(delays_text())


@pytest.fixture
def cursor(world, contract):
    with user_by_adbc(world["maker"], contract) as connection, connection.cursor() as cursor:
        yield cursor


def bodies(company, kind):
    with company.records() as records:
        return [item.body for item in records.ledger.entries() if isinstance(item.body, kind)]


def test_an_uploaded_table_is_joined_as_one_of_node_yaml(world, contract, cursor):
    assert cursor.adbc_ingest("planes", ALIKE) == ALIKE.num_rows

    (row,) = cursor.execute(SQL).fetch_arrow_table().to_pylist()
    assert row["family"] == "all"
    assert row["n"] > 0

    (brought,) = bodies(world["maker"], Brought)[-1:]
    (taken,) = bodies(world["ua"], Taken)[-1:]
    assert (brought.digest, brought.rows) == (taken.digest, ALIKE.num_rows)
    shown = json.loads(world["maker"].run("contract", "show", contract, "--format", "json").out)
    assert [item["digest"] for item in shown["lookups"]] == [brought.digest]


def test_it_is_listed_and_read_by_itself_under_its_contract_alone(world, cursor):
    cursor.adbc_ingest("planes", ALIKE)
    sql = "SELECT family, count(*) AS n FROM local.planes GROUP BY family"
    assert cursor.execute(sql).fetchall() == [("all", ALIKE.num_rows)]

    connection = cursor.connection
    assert connection.adbc_get_table_schema("planes", db_schema_filter="local").names == [
        "tail_number",
        "family",
    ]
    other = world.agree(delays_text())
    with (
        user_by_adbc(world["maker"], other) as elsewhere,
        elsewhere.cursor() as asking,
        pytest.raises(Error, match="DATASET_NOT_GRANTED"),
    ):
        asking.execute(sql)


def test_the_columns_may_come_in_any_order_with_others_between(cursor):
    table = pa.table(
        {
            "note": ["x"] * ALIKE.num_rows,
            "family": ALIKE.column("family"),
            "Tail_Number": ALIKE.column("tail_number"),
        }
    )
    cursor.adbc_ingest("planes", table)
    assert cursor.execute(SQL).fetchall()


def test_until_a_provider_has_it_another_takes_its_place(cursor):
    some = duckdb.sql("SELECT * FROM ALIKE LIMIT 20").to_arrow_table()
    cursor.adbc_ingest("planes", some)
    cursor.adbc_ingest("planes", ALIKE)
    cursor.execute(SQL).fetchall()

    cursor.adbc_ingest("planes", ALIKE)
    with pytest.raises(Error, match="LOOKUP_NOT_ALLOWED: another table `planes` was brought"):
        cursor.adbc_ingest("planes", some)
    assert cursor.execute("SELECT count(*) FROM local.planes").fetchall() == [(ALIKE.num_rows,)]


def test_a_lost_reply_holds_nobody_to_what_it_was_about(world, contract, cursor):
    """The provider took a table, and the consumer's node never heard so."""
    lost = planes(((plane(0), "one"),))
    deliver(world, contract, lost)
    deliver(world, contract, lost)
    cursor.adbc_ingest("planes", ALIKE)
    assert cursor.execute(SQL).fetchall()

    taken = [item.digest for item in bodies(world["ua"], Taken)][-2:]
    assert taken[0] == digest_of(lost)
    assert [item.digest for item in bodies(world["ua"], Dropped)] == taken[:1]
    assert [item.digest for item in bodies(world["maker"], Brought)][-1:] == taken[1:]
    with pytest.raises(Refusal, match="another table `planes` was brought first"):
        deliver(world, contract, lost)


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("models", ALIKE, "no grant lets its consumer bring a table `models`"),
        ("planes", ALIKE.select(["tail_number"]), "no column `family`"),
        ("planes", pa.table({"tail_number": ["N1"], "family": [1]}), "needs text"),
        ("planes", pa.table({"tail_number": ["N1", "N1"], "family": ["a", "a"]}), "several rows"),
        ("planes", pa.table({"tail_number": [1.5], "family": ["a"]}), "is DOUBLE"),
        (
            "planes",
            pa.table({"tail_number": pa.array(["N1"]).dictionary_encode(), "family": ["a"]}),
            "does not hold",
        ),
    ],
)
def test_what_the_contract_does_not_let_it_bring_is_refused(cursor, name, table, message):
    with pytest.raises(Error, match=message):
        cursor.adbc_ingest(name, table)


@pytest.mark.parametrize("options", [{"mode": "append"}, {"temporary": True}])
def test_other_ways_to_upload_are_not_served(cursor, options):
    with pytest.raises(Error, match="NOT_SERVED"):
        cursor.adbc_ingest("planes", ALIKE, **options)


def test_a_provider_takes_no_upload_from_its_partner(world, contract):
    with (
        partner_by_adbc(world["maker"], world["ua"], contract) as connection,
        connection.cursor() as cursor,
        pytest.raises(Error, match="NOT_SERVED"),
    ):
        cursor.adbc_ingest("planes", ALIKE)


def test_a_table_that_is_too_large_is_not_taken_in(cursor):
    rows = pa.table({"tail_number": ["x" * 1_000] * 10_000, "family": ["a"] * 10_000})
    table = pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=2_000))
    with pytest.raises(Error, match="TOO_COMPLEX: the table has more than"):
        cursor.adbc_ingest("planes", table)


def test_a_dataset_of_node_yaml_goes_before_an_upload(world, contract, tmp_path):
    maker = world["maker"]
    before = maker.folder.config.read_text()
    maker.settle(families_section(tmp_path / "planes.parquet", FAMILIES))
    restart(maker)
    try:
        with (
            user_by_adbc(maker, contract) as connection,
            connection.cursor() as cursor,
            pytest.raises(Error, match=r"node\.yaml has a dataset `planes`"),
        ):
            cursor.adbc_ingest("planes", ALIKE)
    finally:
        maker.folder.config.write_text(before)
        restart(maker)
