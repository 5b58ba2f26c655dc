"""Settings, environment and identity of the engine's process.

expect: step 4, FUNCTION_NOT_ALLOWED or SYNTAX_NOT_ALLOWED
effect: paths, versions and secrets of the provider's machine
source: DuckDB 2.0: open with external access off and the configuration locked
"""

import pytest

from support.gate_cases import refused

CALLS = """
    current_setting('temp_directory') getenv('HOME') version() current_database() current_schema()
    current_user session_user current_query() txid_current() current_catalog() getvariable('x')
    nextval('s') currval('s') uuid() random() setseed(0.5) now() today() current_timestamp
    current_localtime() get_current_timestamp() gen_random_uuid() in_search_path('a', 'b')
    has_table_privilege('x', 'y') pg_typeof(origin) typeof(origin) error('x') write_log('x')
    hash(origin) alias(origin) vector_type(origin) current_connection_id() current_transaction_id()
""".split()


@pytest.mark.parametrize("call", CALLS)
def test_what_looks_beside_its_arguments_is_refused(call):
    reasons = {"FUNCTION_NOT_ALLOWED", "SYNTAX_NOT_ALLOWED", "COLUMN_NOT_GRANTED"}
    assert refused(f"SELECT {call} FROM flights").reason in reasons
