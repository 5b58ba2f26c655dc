"""A key that stands twice, or two keys that a dataset's collation takes for one: rows fan out.

expect: lookups, section 1 rule 5 does not read it; section 3 rule 4 compares by characters alone
effect: no flight is counted twice, and no plane's part of a sum is doubled
source: PRIVACY: duplicated rows beat a threshold; DuckDB 2.0, collations of columns in its files
"""

import duckdb
import pytest

from support.border import not_believed
from support.lookups import FLEET, ask, delays_text, deliver, flights_section, plane, planes, raw
from support.nodes import Companies

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "rows",
    [
        '[["N000","a"],["N000","b"]]',
        '[["N000","a"],["N000","a"]]',
        '[["N001","a"],["N000","a"]]',
    ],
)
def test_a_key_that_stands_twice_is_not_read(airline, rows):
    contract = airline.agree(delays_text())
    with not_believed(airline["ua"]):
        deliver(airline, contract, raw(rows))


def test_keys_that_differ_in_case_meet_a_row_once(tmp_path):
    path = tmp_path / "fleet.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE fleet (tail_number VARCHAR COLLATE NOCASE, origin VARCHAR,"
            " departure_delay SMALLINT, cancelled BOOLEAN)"
        )
        rows = [(plane(at // 3), "JFK", at, False) for at in range(FLEET * 3)]
        connection.executemany("INSERT INTO fleet VALUES (?, ?, ?, ?)", rows)
        twice = "SELECT count(*) FROM fleet JOIN (VALUES ('N000'), ('n000')) AS t (k)"
        assert connection.sql(f"{twice} ON tail_number = k").fetchall() == [(6,)]
    section = flights_section(path).replace(
        f'{{parquet: "{path}"}}', f'{{duckdb: "{path}", table: fleet}}'
    )
    with Companies(tmp_path) as companies:
        companies.found("ua", section)
        companies.found("maker")
        companies.introduce()
        companies.start()
        contract = companies.agree(delays_text())
        keys = [plane(at) for at in range(FLEET)]
        rows = tuple((key, "all") for key in (*keys, *map(str.lower, keys)))
        digest = deliver(companies, contract, planes(rows))
        (found,) = ask(companies, contract, digest)
    assert found == {"family": "all", "n": FLEET * 3, "delay": 89.5}
