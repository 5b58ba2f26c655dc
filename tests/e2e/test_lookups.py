"""An airline that grants statistics only, and the maker's planes joined there."""

import duckdb
import pytest

from support.lookups import (
    FAMILIES,
    FLIGHTS,
    ask,
    delays_text,
    deliver,
    families,
    flights_section,
    planes,
)
from support.nodes import Companies

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    root = tmp_path_factory.mktemp("lookups")
    with Companies(root) as companies:
        companies.found("ua", flights_section())
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


def test_delays_by_family_are_those_of_both_tables_together(companies):
    contract = companies.agree(delays_text())
    digest = deliver(companies, contract, planes(families()))
    found = ask(companies, contract, digest)
    truth = duckdb.sql(
        f"SELECT family, count(*), avg(departure_delay), count(DISTINCT tail_number) AS planes"
        f" FROM '{FLIGHTS}' JOIN ({FAMILIES}) USING (tail_number) WHERE NOT cancelled"
        " GROUP BY family ORDER BY family"
    ).fetchall()
    seen = [row for row in truth if row[3] >= 10]
    assert len(seen) < len(truth)
    assert [row["family"] for row in found] == [family for family, *_ in seen]
    for row, (_, count, mean, _) in zip(found, seen, strict=True):
        assert row["n"] % 5 == 0
        assert abs(row["n"] - count) <= 2
        assert row["delay"] == pytest.approx(mean, rel=1e-3)
