"""An airline that grants statistics only, and the maker's planes joined there."""

import json

import duckdb
import pytest

from sekisho.ledger.bodies import Asked, Brought, Opened, Taken
from support.lookups import (
    BY_FAMILY,
    FAMILIES,
    FLIGHTS,
    delays_text,
    families_section,
    flights_section,
)
from support.nodes import Companies

pytestmark = pytest.mark.e2e
OWN = BY_FAMILY.replace("flights", "ua.flights").replace("planes", "local.planes")


@pytest.fixture
def companies(tmp_path):
    with Companies(tmp_path) as companies:
        companies.found("ua", flights_section())
        companies.found("maker", families_section(tmp_path / "families.parquet"))
        companies.introduce()
        companies.start()
        yield companies


def bodies(company, kind):
    with company.records() as records:
        return [item.body for item in records.ledger.entries() if isinstance(item.body, kind)]


def test_delays_by_family_are_those_of_both_tables_together(companies):
    ua, maker = companies["ua"], companies["maker"]
    contract = companies.agree(delays_text())
    node = maker.node()
    found = node.query(OWN, contract=contract).to_arrow().to_pylist()
    again = node.query(OWN, contract=contract).to_arrow().to_pylist()
    node.close()
    assert again == found
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

    (brought,), (taken,) = bodies(maker, Brought), bodies(ua, Taken)
    assert (brought.digest, brought.rows) == (taken.digest, taken.rows)
    named = {"planes": brought.digest}
    assert [item.lookups for item in bodies(maker, Asked)] == [named, named]
    assert [item.lookups for item in bodies(ua, Opened)] == [named, named]
    for company, party in ((ua, "maker.example"), (maker, "ua.example")):
        shown = json.loads(company.run("contract", "show", contract, "--format", "json").out)
        (table,) = shown["lookups"]
        assert (table["digest"], table["parties"]) == (brought.digest, [party])
        assert "table       planes" in company.run("contract", "show", contract).out
