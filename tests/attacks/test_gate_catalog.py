"""The engine's own catalog: names, comments, statistics and columns of everything.

expect: step 5, DATASET_NOT_GRANTED; step 4, FUNCTION_NOT_ALLOWED for table functions
effect: names of hidden datasets and columns, paths of files
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused

RELATIONS = """
    sqlite_master sqlite_schema pg_catalog.pg_class pg_class pg_tables information_schema.columns
    information_schema.tables duckdb_tables duckdb_columns duckdb_settings duckdb_logs
    pragma_version
    system.main.duckdb_tables memory.data.flights main.flights data.flights temp.flights
    memory.information_schema.schemata
""".split()
FUNCTIONS = """
    duckdb_settings duckdb_tables duckdb_columns duckdb_functions duckdb_databases duckdb_logs
    duckdb_views duckdb_secrets duckdb_memory pragma_table_info pragma_storage_info
    pragma_database_list pragma_show glob sniff_csv parquet_metadata parquet_schema read_text
    read_blob read_csv read_json read_parquet sql_auto_complete summary test_all_types
""".split()


@pytest.mark.parametrize("name", RELATIONS)
def test_a_catalog_relation_is_a_dataset_that_is_not_granted(name):
    assert refused(f"SELECT * FROM {name}").reason is RefusalReason.DATASET_NOT_GRANTED


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_table_function_is_not_on_the_list(name):
    assert refused(f"SELECT * FROM {name}('x')").reason is RefusalReason.FUNCTION_NOT_ALLOWED
    assert refused(f"SELECT {name}('x') FROM flights").reason is RefusalReason.FUNCTION_NOT_ALLOWED


def test_statistics_of_a_column_are_not_on_the_list():
    assert refused("SELECT stats(origin) FROM flights").reason is RefusalReason.FUNCTION_NOT_ALLOWED
