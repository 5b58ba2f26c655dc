"""A file's name where a relation stands, which the engine would read.

expect: step 5, DATASET_NOT_GRANTED
effect: files of the provider's machine
source: DuckDB replacement scans
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import refused

NAMES = [
    "'/etc/passwd'",
    "'flights.csv'",
    "'flights.parquet'",
    "'https://example.org/x.csv'",
    '"flights.csv"',
    '"/etc/passwd"',
    '"ua.flights"',
    '"data"."flights"',
    '"data.flights"',
    "'flights'",
    "ua.'flights.csv'",
]


@pytest.mark.parametrize("name", NAMES[:-2])
def test_a_file_is_a_dataset_that_is_not_granted(name):
    for sql in (
        f"SELECT * FROM {name}",
        f"SELECT origin FROM flights WHERE origin IN (SELECT * FROM {name})",
        f"WITH x AS (SELECT * FROM {name}) SELECT * FROM x",
    ):
        assert refused(sql).reason is RefusalReason.DATASET_NOT_GRANTED


def test_what_python_holds_under_a_name_is_not_in_scope():
    flights_frame = object()
    assert flights_frame
    assert refused("SELECT * FROM flights_frame").reason is RefusalReason.DATASET_NOT_GRANTED
