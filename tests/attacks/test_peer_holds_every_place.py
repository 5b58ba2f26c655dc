"""A peer that opens as many calls as it can and reads none of its answers.

expect: LIMIT_REACHED beyond its share of the calls (`bounds`); its answers wait in its own line
effect: others are served meanwhile; a termination still ends all of it, and no answer stays open
source: DESIGN 13 (bounded everything, a peer that floods, a slow reader)
"""

import time

import grpc
import pytest

from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.server.bounds import MAX_CALLS_PER_PARTY
from sekisho.wire.flight import DO_GET, pack_request_ticket
from support.asking import fetch, request, sealed
from support.border import SQL
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ALL = "SELECT tail_number, origin, departure_delay FROM flights"
PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A provider with more data than any buffer holds, and two consumers."""
    root = tmp_path_factory.mktemp("places")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet", 3_000_000)
        companies.found("ua", flights_section(path))
        companies.found("maker")
        companies.found("dl")
        companies.introduce()
        companies.start()
        yield companies


def is_full(peer, contract: str) -> bool:
    try:
        peer.list_granted_datasets(contract)
    except Refusal as refusal:
        if refusal.reason is not RefusalReason.LIMIT_REACHED:
            raise
        return True
    return False


def open_answers(company) -> int:
    with company.records() as records, records._readers.connection() as db:
        return db.execute("SELECT count(*) FROM open_answers").fetchone()[0]


def test_a_peer_that_reads_nothing_does_not_hold_up_others(world):
    ua, maker = world["ua"], world["maker"]
    bad = world.agree(contract_text())
    good = world.agree(contract_text(consumer="dl"))
    peer = maker.peer_at(ua)
    calls = []
    for _ in range(MAX_CALLS_PER_PARTY + 8):
        envelope = sealed(maker, request(maker, ua, bad, ALL))
        calls.append(peer._channel.unary_stream(DO_GET)(pack_request_ticket(envelope)))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_full(peer, bad):
        assert time.monotonic() < deadline
    assert fetch(world["dl"], ua, good, SQL).to_pylist() == [{"n": 2_700_000}]
    assert is_full(peer, bad)
    began = time.monotonic()
    assert ua.run("contract", "terminate", bad, "--reason", "enough").code == 0
    assert time.monotonic() - began < 30
    peer.close()
    del calls
    while open_answers(ua):
        assert time.monotonic() < deadline
    assert fetch(world["dl"], ua, good, SQL).num_rows == 1
    assert ua.run("ledger", "verify").code == 0


def test_watching_the_health_service_holds_no_place(world):
    peer = world["maker"].peer_at(world["ua"])
    check = peer._channel.unary_unary("/grpc.health.v1.Health/Check")
    watch = peer._channel.unary_stream("/grpc.health.v1.Health/Watch")
    assert check(b"", timeout=30) == b"\x08\x01"
    with pytest.raises(grpc.RpcError) as failed:
        next(watch(b"", timeout=30))
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
    peer.close()


def test_a_message_that_no_document_needs_is_not_taken_in(world):
    peer = world["maker"].peer_at(world["ua"])
    with world["ua"].records() as records:
        before = records.contracts.all()
    deliver = peer._channel.unary_unary("/sekisho.v1.ExchangeService/DeliverContract")
    with pytest.raises(grpc.RpcError) as failed:
        deliver(b"\x0a\x80\x80\x80\x08" + bytes(16 * 1024 * 1024), timeout=60)
    assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with world["ua"].records() as records:
        assert records.contracts.all() == before
    peer.close()


@pytest.mark.parametrize("field", ["sql", "purpose"])
def test_a_query_of_a_megabyte_does_not_fill_the_ledger(world, field):
    ua, maker = world["ua"], world["maker"]
    contract = world.agree(contract_text())
    asked = request(maker, ua, contract, SQL, **{field: "x" * 700_000})
    peer = maker.peer_at(ua)
    with pytest.raises(SekishoError, match="cannot be read"):
        list(peer.ask(sealed(maker, asked), asked, lambda envelope: envelope))
    # Answers of other tests may be ending meanwhile: only this contract's entries count.
    with ua.records() as records:
        links = [entry.link for entry in records.ledger.entries()]
    assert contract not in {link.channel.contract for link in links if link is not None}
    peer.close()
