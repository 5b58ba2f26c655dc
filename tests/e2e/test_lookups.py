"""An airline that grants statistics only, and the maker's planes joined there."""

import json
import sqlite3

import duckdb
import pytest

from sekisho.ledger.bodies import Asked, Brought, Dropped, Opened, Taken
from support.border import unchanged
from support.guardrails import restart
from support.lookups import (
    BY_FAMILY,
    FAMILIES,
    FLEET_KEYS,
    FLIGHTS,
    delays_text,
    families_section,
    flights_section,
    write_fleet,
)
from support.nodes import Companies

pytestmark = pytest.mark.e2e
ALIKE = f"SELECT tail_number, 'all' AS family FROM ({FLEET_KEYS})"
OWN = BY_FAMILY.replace("flights", "ua.flights").replace("planes", "local.planes")


@pytest.fixture
def companies(tmp_path):
    with Companies(tmp_path) as companies:
        companies.found("ua", flights_section())
        companies.found("maker", families_section(tmp_path / "families.parquet"))
        companies.introduce()
        companies.start()
        yield companies


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_fleet(root / "fleet.parquet")))
        companies.found("maker", families_section(root / "planes.parquet", ALIKE))
        companies.introduce()
        companies.start()
        yield companies


def answered(company, contract):
    node = company.node()
    try:
        return node.query(OWN, contract=contract).to_arrow().to_pylist()
    finally:
        node.close()


def bodies(company, kind):
    with company.records() as records:
        return [item.body for item in records.ledger.entries() if isinstance(item.body, kind)]


def test_delays_by_family_are_those_of_both_tables_together(companies):
    ua, maker = companies["ua"], companies["maker"]
    contract = companies.agree(delays_text())
    found = answered(maker, contract)
    assert answered(maker, contract) == found
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


def test_a_table_stays_as_it_was_until_the_contract_ends(companies, tmp_path):
    ua, maker = companies["ua"], companies["maker"]
    contract = companies.agree(delays_text())
    before = answered(maker, contract)
    families_section(tmp_path / "families.parquet", FAMILIES.replace("'other'", "'rest'"))
    assert answered(maker, contract) == before
    restart(maker)
    assert answered(maker, contract) == before
    assert len(bodies(maker, Brought)) == len(bodies(ua, Taken)) == 1

    ended = maker.run("contract", "terminate", contract, "--reason", "The study has ended")
    assert ended.code == 0, ended.err
    (dropped,) = bodies(ua, Dropped)
    assert dropped.digest == bodies(ua, Taken)[0].digest
    for company in (ua, maker):
        with company.records() as records:
            (table,) = records.lookups.of_contract(contract)
            assert table.dropped_at
            assert records.lookups.content(contract, "planes") is None
        shown = json.loads(company.run("contract", "show", contract, "--format", "json").out)
        assert shown["lookups"][0]["dropped_at"]
    kinds = {row["kind"] for row in json.loads(ua.run("ledger", "list", "--format", "json").out)}
    assert "lookup" in kinds
    assert ua.run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("select", "words"),
    [
        (f"{FAMILIES} LIMIT 15", "combinations of the columns' values stand at fewer than 10 keys"),
        (f"SELECT * FROM ({FAMILIES}) UNION ALL ({FAMILIES})", "stands in several rows"),
        ("SELECT NULL::VARCHAR AS tail_number, 'x' AS family FROM range(10)", "the key is NULL"),
        ("SELECT 'N1' AS tail_number, 1 AS family", "`family` is INTEGER"),
        (
            "SELECT concat('N', n) AS tail_number, 'x' AS family FROM range(20000) t(n)",
            "more than the contract's 10000 rows",
        ),
    ],
)
def test_what_the_contract_does_not_let_it_bring_is_told_at_home(small, select, words):
    ua, maker = small["ua"], small["maker"]
    families_section(small.root / "planes.parquet", select)
    contract = small.agree(delays_text())
    with unchanged(ua):
        failed = maker.run("query", OWN, "--contract", contract)
    assert failed.code == 1
    assert words in failed.err
    families_section(small.root / "planes.parquet", ALIKE)
    assert answered(maker, contract)


def test_every_column_of_the_contracts_table_is_brought(small):
    families_section(small.root / "planes.parquet", FLEET_KEYS)
    contract = small.agree(delays_text())
    sql = "SELECT count(*) FROM ua.flights AS f JOIN local.planes AS p USING (tail_number)"
    with unchanged(small["ua"]):
        failed = small["maker"].run("query", sql, "--contract", contract)
    assert failed.code == 1
    assert "local.planes: it has no column `family`" in failed.err


def test_a_provider_that_lost_a_table_is_brought_it_again(small):
    ua, maker = small["ua"], small["maker"]
    families_section(small.root / "planes.parquet", ALIKE)
    contract = small.agree(delays_text())
    before = answered(maker, contract)
    with sqlite3.connect(ua.folder.state_file()) as db:
        db.execute("DELETE FROM lookup_parties")
        db.execute("DELETE FROM lookups")
    lost = maker.run("query", OWN, "--contract", contract)
    assert lost.code == 3
    assert "has not been brought" in lost.err
    assert answered(maker, contract) == before
