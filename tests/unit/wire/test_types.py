"""DuckDB's words for types as Arrow's types: those that DuckDB itself answers with."""

import duckdb
import pyarrow as pa
import pytest

from sekisho.wire.types import arrow_type

NAMES = (
    "VARCHAR BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT "
    "DOUBLE DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS BLOB VARCHAR[] INTEGER[][] "
    "DECIMAL(12,2) DECIMAL(4,1) DECIMAL(38,0)"
).split()


@pytest.mark.parametrize("name", NAMES)
def test_the_type_is_the_one_that_duckdb_gives(name):
    with duckdb.connect() as database:
        reader = database.sql(f"SELECT CAST(NULL AS {name}) AS c").to_arrow_reader(1)
        (found,) = reader.schema.types
    assert arrow_type(name) == found or (
        pa.types.is_list(found) and str(found) == str(arrow_type(name))
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "STRUCT(a INTEGER)",
        "MAP(VARCHAR, INTEGER)",
        "DECIMAL(39,0)",
        "DECIMAL(4,5)",
        "DECIMAL(0,0)",
        "INTEGER" + "[]" * 9,
        "[]",
        "x" * 10_000,
        "INTERVAL",
    ],
)
def test_what_is_not_known_is_arrows_null(name):
    assert arrow_type(name) == pa.null()


def test_a_moment_with_a_zone_and_an_enum_are_known():
    assert arrow_type("TIMESTAMP WITH TIME ZONE") == pa.timestamp("us", tz="UTC")
    assert arrow_type("ENUM('a', 'b')") == pa.utf8()
