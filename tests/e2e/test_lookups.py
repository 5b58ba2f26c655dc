"""An airline that grants statistics only, and the maker's planes joined there."""

import json
import re
import sqlite3
from datetime import UTC, datetime

import duckdb
import pytest

from sekisho.ledger.bodies import Asked, Brought, Dropped, Opened, Taken
from support.border import unchanged
from support.guardrails import restart
from support.lookups import (
    BY_FAMILY,
    DATA,
    FAMILIES,
    FLEET_KEYS,
    FLIGHTS,
    delays_text,
    families_section,
    flights_section,
    write_fleet,
)
from support.nodes import Companies, around_today

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


def test_four_airlines_answer_for_the_families_that_they_fly(tmp_path):
    airlines = ("ua", "dl", "aa", "b6")
    text = (DATA / "families.contract.yaml").read_text()
    sql = """
        SELECT p.family, count(*) AS n, avg(f.departure_delay) AS delay
        FROM flights AS f JOIN local.families AS p ON f.tail_number = p.tail_number
        GROUP BY p.family ORDER BY p.family
    """
    with Companies(tmp_path) as companies:
        for name in airlines:
            companies.found(name, flights_section(DATA / f"flights_{name}.parquet"))
        own = f'  families:\n    source: {{parquet: "{DATA / "families.parquet"}"}}\n'
        companies.found("maker", own)
        companies.introduce()
        companies.start()
        contract = companies.agree(re.sub(r"(?m)^term: .*", around_today(), text))
        node = companies["maker"].node()
        found = node.query(sql, contract=contract).to_arrow().to_pylist()
        node.close()
        assert len(bodies(companies["maker"], Brought)) == len(airlines)
    flown = " UNION ALL ".join(
        f"SELECT '{name}' AS airline, * FROM '{DATA / f'flights_{name}.parquet'}'"
        for name in airlines
    )
    truth = duckdb.sql(
        f"""SELECT family, sum(n)::INT, sum(delays) / sum(n) FROM (
            SELECT airline, family, count(*) AS n, sum(departure_delay) AS delays
            FROM ({flown}) JOIN '{DATA / "families.parquet"}' USING (tail_number)
            WHERE NOT cancelled GROUP BY ALL HAVING count(DISTINCT tail_number) >= 10
        ) GROUP BY family ORDER BY family"""
    ).fetchall()
    assert [row["family"] for row in found] == [family for family, *_ in truth]
    for row, (_, count, mean) in zip(found, truth, strict=True):
        assert abs(row["n"] - count) <= 2 * len(airlines)
        assert row["delay"] == pytest.approx(mean, rel=2e-3)


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


def test_an_amendment_lets_a_changed_table_be_brought(small):
    ua, maker = small["ua"], small["maker"]
    path = small.root / "planes.parquet"
    families_section(path, ALIKE)
    contract = small.agree(delays_text())
    assert [row["family"] for row in answered(maker, contract)] == ["all"]
    families_section(path, ALIKE.replace("all", "every one"))
    assert [row["family"] for row in answered(maker, contract)] == ["all"]
    today = datetime.now(UTC).date()
    amends = f'amends: {{contract: "{contract}", effective: {today}, because: "New names."}}'
    amended = small.agree(delays_text().replace("parties:", f"{amends}\nparties:", 1))
    assert [row["family"] for row in answered(maker, amended)] == ["every one"]
    restart(ua)
    with ua.records() as records:
        assert records.lookups.content(contract, "planes") is None
        assert records.lookups.content(amended, "planes") is not None
        (table,) = records.lookups.of_contract(contract)
    assert [item.digest for item in bodies(ua, Dropped)] == [table.digest]


@pytest.mark.parametrize(
    ("select", "words"),
    [
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


def test_the_makers_families_are_made_as_the_example_says():
    (sql,) = re.findall(
        r"(?s)```sql\n(SELECT tail_number,.*?)```", (DATA / "README.md").read_text()
    )
    made = duckdb.sql(sql.replace("planes.parquet", str(DATA / "planes.parquet"))).fetchall()
    assert made == duckdb.sql(f"SELECT * FROM '{DATA / 'families.parquet'}'").fetchall()
