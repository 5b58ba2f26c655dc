"""Functions that wait, log or fill memory, to hold a worker.

expect: step 4, FUNCTION_NOT_ALLOWED; step 2, SYNTAX_NOT_ALLOWED for the length of a padding
effect: a worker is held, or grows past its memory limit
source: DuckDB 2.0: open with all hardening on; memory_limit does not bound one scalar call
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused


@pytest.mark.parametrize(
    "call",
    [
        "pg_sleep(3600)",
        "sleep_ms(3600000)",
        "write_log('x')",
        "repeat('x', 4000000000)",
        "range(4000000000)",
        "generate_series(1, 4000000000)",
        "list_resize([1], 4000000000)",
        "printf('%2000000000d', 1)",
        "format('{:2000000000}', 1)",
        "bar(1, 0, 1, 2000000000)",
        "string_split(origin, '')",
        "list(origin)",
        "array_agg(origin)",
        "histogram(origin)",
    ],
)
def test_function_that_runs_away_is_refused(call):
    assert refused(f"SELECT {call} FROM flights").reason is RefusalReason.FUNCTION_NOT_ALLOWED


@pytest.mark.parametrize("function", ["lpad", "rpad"])
def test_padding_without_bounds_is_refused(function):
    call = f"{function}('x', 2000000000, 'y')"
    assert refused(f"SELECT {call} FROM flights").reason is RefusalReason.SYNTAX_NOT_ALLOWED
