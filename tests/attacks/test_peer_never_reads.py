"""A peer that asks, reads nothing, and never goes away.

expect: the sweeper cuts the answer once it was not read for as long as a query may take
effect: it holds no engine worker, thread or place for ever; the ledger says how it ended
source: DESIGN 13 (a peer that stalls, a slow reader)
"""

import re
import time

import pytest

from sekisho.ledger.bodies import Cut, CutReason
from sekisho.wire.flight import DO_GET, pack_request_ticket
from support.asking import fetch, request, sealed
from support.border import SQL
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ALL = "SELECT tail_number, origin, departure_delay FROM flights"
PATIENCE_SECONDS = 60


def test_an_answer_that_is_never_read_is_cut(tmp_path):
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "flights.parquet", 3_000_000)
        ua = companies.found("ua", flights_section(path))
        maker = companies.found("maker")
        text = ua.folder.config.read_text()
        ua.folder.config.write_text(re.sub(r"seconds: \d+", "seconds: 3", text))
        assert ua.config.engine.seconds == 3
        companies.introduce()
        companies.start()
        contract = companies.agree(contract_text(limits="{concurrent: 1}"))
        peer = maker.peer_at(ua)
        envelope = sealed(maker, request(maker, ua, contract, ALL))
        call = peer._channel.unary_stream(DO_GET)(pack_request_ticket(envelope))
        deadline = time.monotonic() + PATIENCE_SECONDS
        cuts = []
        while not cuts:
            assert time.monotonic() < deadline
            with ua.records() as records:
                cuts = [item.body for item in records.ledger.entries() if item.kind == "cut"]
        (cut,) = cuts
        assert isinstance(cut, Cut)
        assert cut.reason == CutReason.PEER
        assert cut.rows < 2_700_000
        assert fetch(maker, ua, contract, SQL).num_rows == 1
        del call
        peer.close()
        assert ua.run("ledger", "verify").code == 0
