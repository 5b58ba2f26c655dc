"""What an engine leaves open after it is locked, knocked at under a grant of statistics.

expect: steps 2, 4 and 5, in `aggregate` as in `rows`
effect: catalogs, files, settings, other statements, time
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from sekisho.errors import Refusal
from support.statistics import agreed

CONTRACT = agreed(disclosure="")
TEXTS = [
    "SELECT count(*) FROM query('SELECT * FROM data.tests')",
    "SELECT count(*) FROM query_table('data.tests')",
    "SELECT * FROM json_execute_serialized_sql('{}')",
    "SELECT count(*) FROM tests, duckdb_tables()",
    "SELECT count(*) FROM duckdb_settings",
    "SELECT count(*) FROM information_schema.tables",
    "SELECT count(*) FROM pg_catalog.pg_class",
    "SELECT count(*) FROM sqlite_master",
    "SELECT (SELECT count(*) FROM duckdb_columns()) FROM (SELECT count(*) FROM tests)",
    "SELECT current_setting('temp_directory') FROM (SELECT count(*) FROM tests)",
    "SELECT count(*) FROM tests WHERE pg_sleep(1) IS NULL",
    "SELECT pg_sleep(count(*)) FROM tests",
    "SELECT sleep_ms(1000) FROM (SELECT count(*) FROM tests)",
    "SELECT write_log('x') FROM (SELECT count(*) FROM tests)",
    "SELECT repeat('x', 4000000000) FROM (SELECT count(*) FROM tests)",
    "SELECT count(*) FROM range(1000000000)",
    "SELECT count(*) FROM tests, range(10)",
    "SELECT count(*) FROM 'tests.parquet'",
    "SELECT count(*) FROM read_csv('/etc/passwd')",
    "SELECT count(*) FROM glob('/*')",
    "SELECT count(tests) FROM tests",
    "SELECT tests, count(*) FROM tests GROUP BY tests",
    "SELECT t FROM (SELECT count(*) AS n FROM tests) AS t",
    "SELECT stats(ct) FROM tests",
    "SELECT typeof(ct), count(*) FROM tests GROUP BY 1",
    "CREATE TEMP MACRO sha256(x) AS x",
    "CREATE TABLE x AS SELECT count(*) FROM tests",
    "SET VARIABLE x = 1",
    "SET threads = 1",
    "RESET threads",
    "ATTACH ':memory:' AS x",
    "DETACH x",
    "USE memory",
    "SHOW TABLES",
    "DESCRIBE tests",
    "SUMMARIZE tests",
    "SELECT * FROM (SUMMARIZE tests)",
    "PRAGMA table_info('tests')",
    "EXPLAIN SELECT count(*) FROM tests",
    "EXPLAIN ANALYZE SELECT count(*) FROM tests",
    "COPY (SELECT count(*) FROM tests) TO '/tmp/x'",
    "COPY tests FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "INSERT INTO tests VALUES (1)",
    "UPDATE tests SET day = 1",
    "DELETE FROM tests",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "PREPARE x AS SELECT count(*) FROM tests",
    "EXECUTE x",
    "BEGIN TRANSACTION",
    "VACUUM",
    "CHECKPOINT",
    "SELECT count(*) FROM tests; SELECT patient FROM tests",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT * FROM x) SELECT * FROM x",
    "SELECT COLUMNS(*) FROM tests",
    "SELECT unnest([1, 2]) FROM (SELECT count(*) FROM tests)",
    "SELECT {'a': count(*)} FROM tests",
    "SELECT [count(*)] FROM tests",
    "SELECT list_transform([1], x -> x) FROM (SELECT count(*) FROM tests)",
]


@pytest.mark.parametrize("sql", TEXTS)
def test_the_door_is_shut(quiet_hospital, sql):
    decided = quiet_hospital.decide(sql, CONTRACT)
    assert isinstance(decided, Refusal), decided.sql
