"""What an analyst at the consumer's node gets: one query over several providers and local data."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sekisho
from sekisho.errors import PeerError, Refusal, RefusalReason, TrustError
from sekisho.ledger.bodies import Asked, Opened
from support.flights import CANARY, flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

JOINED = """
SELECT p.model, count(*) AS departures, avg(f.departure_delay) AS mean_delay
FROM flights AS f JOIN local.planes AS p ON f.tail_number = p.tail_number
GROUP BY p.model ORDER BY p.model
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers and a consumer with planes of its own, and a contract in force."""
    root = tmp_path_factory.mktemp("world")
    with Companies(root) as companies:
        for index, name in enumerate(("ua", "dl")):
            path = write_flights(root / f"{name}.parquet", 3_000 + 500 * index)
            companies.found(name, flights_section(path))
        planes = root / "planes.parquet"
        duckdb.sql(
            "COPY (SELECT printf('N%03d', i) AS tail_number, 'M' || (i % 5) AS model"
            f" FROM range(97) AS r(i)) TO '{planes}'"
        )
        companies.found("maker", f'  planes:\n    source: {{parquet: "{planes}"}}\n')
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(providers=("ua", "dl")))
        yield companies


def over_the_files(world, sql: str) -> list[dict]:
    flights = " UNION ALL ".join(
        f"SELECT * FROM '{world.root / name}.parquet'" for name in ("ua", "dl")
    )
    sql = sql.replace("FROM flights AS f", f"FROM ({flights}) AS f")
    sql = sql.replace("local.planes", f"'{world.root / 'planes.parquet'}'")
    sql = sql.replace("GROUP BY", "WHERE NOT f.cancelled GROUP BY")
    return duckdb.sql(sql).to_arrow_table().to_pylist()


def test_a_query_over_two_providers_and_local_data_equals_it_over_the_files(world):
    with world["maker"].node() as node:
        answer = node.query(JOINED, contract=world.contract)
        assert answer.to_arrow().to_pylist() == over_the_files(world, JOINED)
        assert [receipt.provider for receipt in answer.receipts] == ["ua.example", "dl.example"]
        # One row for each aircraft, not for each flight.
        assert [receipt.rows for receipt in answer.receipts] == [97, 97]


def test_every_format_of_the_command_holds_the_same_rows(world, tmp_path):
    expected = over_the_files(world, JOINED)

    def query(form: str) -> str:
        ran = world["maker"].run(
            "query",
            JOINED,
            "--contract",
            world.contract,
            "--format",
            form,
            "--out",
            str(tmp_path / form),
        )
        assert ran.code == 0, ran.err
        return str(tmp_path / form)

    assert json.loads(Path(query("json")).read_text()) == expected
    assert pq.read_table(query("parquet")).to_pylist() == expected
    assert pa.ipc.open_stream(Path(query("arrow")).read_bytes()).read_all().to_pylist() == expected
    assert duckdb.sql(f"FROM read_csv('{query('csv')}')").to_arrow_table().to_pylist() == expected
    assert "M0" in Path(query("table")).read_text()


PARAMETERIZED = """
SELECT p.model, count(*) AS departures FROM flights AS f
JOIN local.planes AS p ON f.tail_number = p.tail_number
WHERE f.origin = $origin AND f.departure_delay > $least AND p.model <> $model
GROUP BY p.model ORDER BY p.model
"""
VALUES = {"origin": "JFK", "least": 3, "model": "M0"}


def last_body(company):
    with company.records() as records:
        size = records.ledger.head().size
        return [records.ledger.get(index).body for index in range(size)]


def test_parameters_reach_each_provider_and_the_residual(world):
    with world["maker"].node() as node:
        answer = node.query(PARAMETERIZED, contract=world.contract, parameters=VALUES)
        found = answer.to_arrow().to_pylist()
    flights = " UNION ALL ".join(f"FROM '{world.root / name}.parquet'" for name in ("ua", "dl"))
    written = PARAMETERIZED.replace("flights AS f", f"({flights}) AS f")
    written = written.replace("local.planes", f"'{world.root / 'planes.parquet'}'")
    written = written.replace("WHERE", "WHERE NOT f.cancelled AND")
    expected = duckdb.sql(written, params=VALUES).to_arrow_table().to_pylist()
    assert found == expected
    assert found


def test_ledgers_name_the_values_by_their_digest_alone(world):
    secret = "an origin that is nobody's business"
    with world["maker"].node() as node:
        for value in (secret, "JFK"):
            node.query(
                "SELECT count(*) FROM ua.flights WHERE origin = ?",
                contract=world.contract,
                parameters=[value],
            ).to_arrow()
    opened = [body for body in last_body(world["ua"]) if isinstance(body, Opened)][-2:]
    asked = [body for body in last_body(world["maker"]) if isinstance(body, Asked)][-2:]
    assert opened[0].plan == opened[1].plan
    assert opened[0].parameters != opened[1].parameters
    assert [item.parameters for item in asked] == [item.parameters for item in opened]
    assert secret not in repr((opened, asked))


def test_parameters_of_the_command_are_text_unless_their_type_is_written(world, tmp_path):
    ran = world["maker"].run(
        "query",
        "SELECT count(*) AS n FROM flights WHERE origin = $o AND departure_delay > $n",
        "--contract",
        world.contract,
        "--parameter",
        "o=JFK",
        "--parameter",
        "n:integer=3",
        "--format",
        "json",
        "--out",
        str(tmp_path / "found"),
    )
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "found").read_text())[0]["n"] > 0
    explained = world["maker"].run(
        "explain", "SELECT $x FROM flights", "--contract", world.contract, "--parameter", "x=a"
    )
    assert explained.code == 0, explained.err


@pytest.mark.parametrize("written", ["o", "o:date=tomorrow", "O=x", "o:json=1"])
def test_parameter_that_is_none_is_a_misuse_of_the_command(world, written):
    ran = world["maker"].run(
        "query", "SELECT $o", "--contract", world.contract, "--parameter", written
    )
    assert ran.code == 2
    assert "such as --parameter" in ran.err


def test_each_provider_has_its_own_schema_and_tells_whose_row_it_is(world):
    with world["maker"].node() as node:
        one = node.query("SELECT count(*) AS n FROM dl.flights", contract=world.contract)
        assert one.to_arrow().to_pylist() == [{"n": 3_150}]
        both = node.query(
            "SELECT provider, count(*) AS n FROM flights GROUP BY provider ORDER BY 1",
            contract=world.contract,
        )
        assert both.to_arrow().to_pylist() == [
            {"provider": "dl", "n": 3_150},
            {"provider": "ua", "n": 2_700},
        ]


def test_a_refusal_at_the_command_is_a_document_and_exit_code_3(world):
    ran = world["maker"].run(
        "query",
        "SELECT flight_number FROM flights",
        "--contract",
        world.contract,
        "--format",
        "json",
    )
    assert ran.code == 3
    refusal = json.loads(ran.out)["refusal"]
    assert refusal["reason"] == "COLUMN_NOT_GRANTED"
    assert refusal["clause"] == "grants.delays.columns"
    assert (refusal["line"], refusal["column"]) == (1, 8)
    assert "tail_number" in refusal["allowed"]


def test_explain_reads_no_data_and_charges_nothing(world):
    with world["ua"].records() as records:
        before = records.ledger.head()
    with world["maker"].node() as node:
        found = node.explain(JOINED, contract=world.contract)
    assert [item.provider for item in found.fragments] == ["ua.example", "dl.example"]
    assert all("cancelled" in item.plan for item in found.fragments)
    assert found.columns == ("model", "departures", "mean_delay")
    with world["ua"].records() as records:
        assert records.ledger.head() == before


def test_progress_names_every_provider(world):
    seen = []
    with world["maker"].node() as node:
        node.query(JOINED, contract=world.contract, on_progress=seen.append).to_arrow()
    assert {item.party: item.state for item in seen[-1]} == {
        "ua.example": "answered",
        "dl.example": "answered",
    }


def test_a_user_without_the_token_gets_nowhere(world):
    maker = world["maker"]
    with (
        sekisho.connect(
            f"grpc+tls://{maker.config.listen.users}",
            token="0" * 64,
            ca=maker.folder.certificate("anchor"),
        ) as node,
        pytest.raises(TrustError),
    ):
        node.query("SELECT 1", contract=world.contract)


def test_a_purpose_that_is_not_listed_is_refused(world):
    with world["maker"].node() as node, pytest.raises(Refusal) as refused:
        node.query(JOINED, contract=world.contract, purpose="marketing")
    assert refused.value.reason is RefusalReason.PURPOSE_NOT_ALLOWED


def test_a_provider_that_is_down_is_named_and_no_answer_is_given(world):
    world["dl"].kill()
    try:
        with world["maker"].node() as node, pytest.raises(PeerError) as failed:
            node.query(JOINED, contract=world.contract).to_arrow()
        assert failed.value.party == "dl.example"
        with world["maker"].node() as node:
            one = node.query("SELECT count(*) AS n FROM ua.flights", contract=world.contract)
            assert one.to_arrow().to_pylist() == [{"n": 2_700}]
    finally:
        world["dl"].start().wait_ready()


def test_no_canary_reaches_the_consumers_machine(world):
    with world["maker"].node() as node:
        rows = node.query("SELECT * FROM flights", contract=world.contract).to_arrow()
    assert CANARY not in str(rows.to_pylist())
    for path in world["maker"].folder.root.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_both_sides_ledgers_tell_the_same_story(world):
    with world["maker"].node() as node:
        node.query(JOINED, contract=world.contract).to_arrow()
    kinds = {"ua": "answer", "maker": "query"}
    rows = {
        name: [
            (row["state"], row["rows"], row["bytes"])
            for row in json.loads(world[name].run("ledger", "list", "--format", "json").out)
            if row["kind"] == kind and row["state"] == "answered"
            if "ua.example" in (row["party"], world[name].party)
        ]
        for name, kind in kinds.items()
    }
    # The provider may have answered wholly what the consumer gave up for another's failure.
    assert Counter(rows["maker"]) <= Counter(rows["ua"])
    assert rows["maker"]
    for name in ("ua", "dl", "maker"):
        assert world[name].run("ledger", "verify").code == 0
