"""A small world for the gate's tests: a contract, a provider's data, what is asked of it."""

from datetime import UTC, datetime

import duckdb

from sekisho.documents.contract import parse_contract
from sekisho.errors import Refusal
from sekisho.gate.decide import decide
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from support.second_parser import DuckDBParser

PROVIDER = PartyId("ua.example")
CONSUMER = PartyId("maker.example")
CONTRACT_ID = ContractId("sha256:" + "a" * 64)
PARSER = DuckDBParser()

CONTRACT = """
format: sekisho.contract/v1
title: Departures
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: dl.example, role: provider, alias: dl}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: America/New_York}
grants:
  - grant: delays
    datasets: [ua.example/flights, dl.example/flights]
    access: rows
    where: "NOT cancelled"
    columns:
      origin: {}
      destination: {}
      departure_delay: {}
      distance: {}
      fare: {}
      late: {}
      departed: {}
      flight_date: {mask: {truncate: month}}
      tail_number: {mask: {pseudonym: this-contract-and-provider}}
      seats: {mask: {bucket: [0, 100, 200]}}
      carrier: {use: [group]}
      dep_hour: {use: [filter]}
      arrival_delay: {use: [measure]}
      air_time: {use: [filter, group, measure]}
  - grant: totals
    datasets: [ua.example/crews]
    access: aggregate
    privacy_units: [crew]
    columns:
      crew: {use: [join]}
      hours: {use: [measure]}
  - grant: held
    datasets: [ua.example/patients]
    access: rows
    privacy_units: [patient]
    columns: {patient: {}, age: {}}
    disclosure: {minimum_units: 10}
  - grant: noisy
    datasets: [ua.example/noisy]
    access: private
    privacy_units: [id]
    columns: {id: {use: [join]}, x: {use: [measure], clamp: [0, 9]}}
  - grant: gone
    datasets: [ua.example/gone, ua.example/changed]
    access: rows
    columns: {x: {}}
  - grant: parts
    datasets: [ua.example/parts]
    access: rows
    columns: {part: {}, weight: {}}
  - grant: parts_wide
    datasets: [ua.example/parts]
    access: rows
    where: "weight > 10"
    columns: {part: {}, price: {}}
"""

FLIGHTS = {
    "flight_number": "INTEGER",
    "origin": "VARCHAR",
    "destination": "VARCHAR",
    "departure_delay": "SMALLINT",
    "arrival_delay": "SMALLINT",
    "distance": "INTEGER",
    "fare": "DECIMAL(10,2)",
    "late": "BOOLEAN",
    "departed": "TIMESTAMP",
    "flight_date": "DATE",
    "tail_number": "VARCHAR",
    "seats": "INTEGER",
    "carrier": "ENUM('UA', 'OO')",
    "dep_hour": "INTEGER",
    "air_time": "DOUBLE",
    "cancelled": "BOOLEAN",
    "remark": "VARCHAR",
}
ROWS = """
    (1, 'JFK', 'LAX', 5, 1, 2475, 199.90, true, '2026-01-05 10:00', '2026-01-05',
        'N1', 150, 'UA', 10, 330.5, false, 'HIV-canary'),
    (2, 'JFK', 'SFO', -3, -9, 2586, 249.00, false, '2026-01-06 11:30', '2026-01-06',
        'N1', 150, 'UA', 11, 345.0, false, 'HIV-canary'),
    (3, 'EWR', 'LAX', 32767, 9, 2454, 99.50, true, '2026-02-07 12:00', '2026-02-07',
        'N2', 90, 'OO', 12, 'inf', false, 'HIV-canary'),
    (4, 'EWR', 'ORD', NULL, NULL, 719, NULL, NULL, NULL, '2026-02-08',
        'N3', 220, 'OO', 13, NULL, false, NULL),
    (5, 'HIV-canary', 'HIV-canary', 7, 7, 1, 1.00, true, '2026-03-01 00:00', '2026-03-01',
        'HIV-canary', 5, 'UA', 1, 1.0, true, 'HIV-canary')
"""


def signed_contract(text: str = CONTRACT) -> SignedContract:
    """Wrap a contract as though all its parties had signed."""
    return SignedContract(
        id=CONTRACT_ID,
        contract=parse_contract(text.encode()).contract,
        starts_at=datetime(2026, 12, 1, 5, tzinfo=UTC),
        ends_at=datetime(2027, 12, 1, 5, tzinfo=UTC),
        sign_by_at=datetime(2026, 12, 31, tzinfo=UTC),
        nonce="0" * 32,
        members={},
    )


def dataset(name: str, columns: dict[str, str], party: str = PROVIDER) -> Dataset:
    """Make a dataset of columns and their types."""
    return Dataset(
        id=DatasetId(f"{party}/{name}"),
        columns=tuple(Column(name=key, type=value) for key, value in columns.items()),
    )


DATASETS = {
    item.id: item
    for item in (
        dataset("flights", FLIGHTS),
        dataset("crews", {"crew": "VARCHAR", "hours": "INTEGER"}),
        dataset("patients", {"patient": "VARCHAR", "age": "INTEGER"}),
        dataset("noisy", {"id": "VARCHAR", "x": "INTEGER"}),
        dataset("changed", {"y": "INTEGER"}),
        dataset("parts", {"part": "VARCHAR", "weight": "INTEGER", "price": "DECIMAL(8,2)"}),
    )
}
SIGNED = signed_contract()


def ask(sql: str, *, signed: SignedContract = SIGNED, datasets=DATASETS, **changes):
    """Ask the gate; the rest of the query is in order unless a test changes it."""
    facts = {
        "sql": sql,
        "contract": signed.id,
        "purpose": "reliability",
        "consumer": CONSUMER,
        "provider": PROVIDER,
    }
    return decide(Query(**{**facts, **changes}), signed, datasets, parser=PARSER)


def refused(sql: str, **changes) -> Refusal:
    """Ask the gate what it must refuse."""
    answer = ask(sql, **changes)
    assert isinstance(answer, Refusal), f"allowed: {answer.sql}"
    return answer


def allowed(sql: str, **changes):
    """Ask the gate what it must allow."""
    answer = ask(sql, **changes)
    assert not isinstance(answer, Refusal), f"{answer.reason}: {answer.message}"
    return answer


class ProviderData:
    """The provider's flights in a real DuckDB, as an engine would have them."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("CREATE SCHEMA data")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in FLIGHTS.items())
        self.connection.execute(f"CREATE TABLE data.flights ({columns})")
        self.connection.execute(f"INSERT INTO data.flights VALUES {ROWS}")

    def run(self, plan):
        """Run a plan; give its types and its rows."""
        parameters = dict(plan.parameters)
        if plan.pseudonyms:
            parameters |= {"k1": "1" * 64, "k2": "2" * 64}
        relation = self.connection.sql(plan.sql, params=parameters or None)
        return [str(item) for item in relation.types], relation.fetchall()
