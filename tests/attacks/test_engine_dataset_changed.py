"""A dataset whose file went away, was replaced by another, or is no data at all.

expect: SCHEMA_CHANGED or another refusal in fixed words; an answer that had begun is cut
effect: no path, no name of a hidden column and no engine's text reaches the peer; others are served
source: DESIGN 7, 8; docs/spec/answering.md
"""

import os
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sekisho.errors import PeerError, Refusal, RefusalReason, SekishoError
from sekisho.ledger.bodies import Closed, Refused
from support.asking import ask, fetch, request, sealed
from support.flights import CANARY, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM flights"


@contextmanager
def provider_of_two(root):
    """A provider of two datasets in files that a test may change."""
    with Companies(root) as companies:
        lines = "".join(
            f'  {name}:\n    source: {{parquet: "{root / name}.parquet"}}\n'
            for name in ("flights", "others")
        )
        for name in ("flights", "others"):
            write_flights(root / f"{name}.parquet")
        companies.found("ua", lines)
        companies.found("maker")
        companies.introduce()
        companies.start()
        text = contract_text()
        grant = text[text.index("  - grant:") :]
        others = grant.replace("delays", "others").replace("/flights", "/others")
        yield companies, companies.agree(text + others.strip("\n") + "\n")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with provider_of_two(tmp_path_factory.mktemp("changed")) as found:
        yield found


@pytest.fixture
def flights(world):
    """The file of the dataset, as it was again after each test."""
    companies, contract = world
    path = companies.root / "flights.parquet"
    before = path.read_bytes()
    yield path
    path.with_suffix(".away").exists() and path.with_suffix(".away").rename(path)
    path.write_bytes(before)
    assert fetch(companies["maker"], companies["ua"], contract, SQL).num_rows == 1_800


def last(company):
    with company.records() as records:
        return records.ledger.get(records.ledger.head().size - 1).body


def told(error: SekishoError) -> str:
    parts = [
        error.message,
        error.hint,
        *getattr(error, "allowed", ()),
        getattr(error, "clause", ""),
    ]
    return " ".join(parts)


def write_over(path, table) -> None:
    """Write another file over one."""
    if not isinstance(table, bytes):
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        table = sink.getvalue().to_pybytes()
    path.write_bytes(table)


OTHERS = {
    "a column less": pa.table({"tail_number": [CANARY], "cancelled": [False]}),
    "another type": pa.table({"origin": [1], "departure_delay": [CANARY], "cancelled": ["no"]}),
    "other columns": pa.table({CANARY: [1]}),
    "no data": CANARY.encode() * 100,
    "nothing": b"",
}


@pytest.mark.parametrize("kind", ["away", *OTHERS])
def test_a_file_that_is_not_what_was_signed_is_refused_in_fixed_words(world, flights, kind):
    companies, contract = world
    ua, maker = companies["ua"], companies["maker"]
    fetch(maker, ua, contract, SQL)  # the plan is remembered now
    if kind == "away":
        flights.rename(flights.with_suffix(".away"))
    else:
        write_over(flights, OTHERS[kind])
    with pytest.raises(Refusal) as refused:
        fetch(maker, ua, contract, "SELECT origin, departure_delay FROM flights")
    assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
    text = told(refused.value)
    assert CANARY not in text
    assert str(companies.root) not in text
    assert ".parquet" not in text
    assert isinstance(last(ua), Refused)
    found = fetch(maker, ua, contract, "SELECT origin FROM others")
    assert found.num_rows == 1_800


def test_a_file_that_loses_its_rows_in_mid_life_cuts_the_answer(world, flights):
    companies, contract = world
    ua, maker = companies["ua"], companies["maker"]
    # More than all buffers between the two engines hold, so that the file is still being read.
    flights.write_bytes(write_flights(flights.with_suffix(".big"), 8_000_000).read_bytes())
    wide = "SELECT tail_number, origin, departure_delay FROM flights"
    asked = request(maker, ua, contract, wide)
    peer = maker.peer_at(ua)
    asking = ask(peer, sealed(maker, asked), asked)
    next(frames := iter(asking))
    os.truncate(flights, 1_000)
    with pytest.raises(SekishoError) as failed:
        for _ in frames:
            pass
    peer.close()
    assert isinstance(failed.value, (PeerError, Refusal))
    assert asking.receipt is None
    assert str(companies.root) not in told(failed.value)
    assert not isinstance(last(ua), Closed)
    assert ua.process.poll() is None


def test_a_file_that_a_nightly_job_puts_in_anothers_place_is_served(tmp_path):
    with provider_of_two(tmp_path) as (companies, contract):
        other = write_flights(tmp_path / "others.new", 4_000)
        other.replace(tmp_path / "others.parquet")
        found = fetch(companies["maker"], companies["ua"], contract, "SELECT origin FROM others")
        assert found.num_rows == 3_600
