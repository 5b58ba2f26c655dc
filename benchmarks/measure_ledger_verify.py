"""ledger_verify: seconds to verify a ledger of a million entries.

Every entry is read from the state's file, hashed, read as canonical JSON, held to its channel and
to what it ends, and the root over all is computed: what `sekisho ledger verify` does before it
looks at the signatures of requests and receipts.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import Figure, figure

from sekisho.documents.envelope import digest_of
from sekisho.ledger.bodies import Closed, Opened
from sekisho.ledger.entry import Channel
from sekisho.model.contract import RequestEvidence
from sekisho.store.state import State, open_state
from sekisho.store.transaction import Transaction

ENTRIES, CHANNELS, BATCH = 1_000_000, 8, 5_000
_CONTRACT = digest_of(b"contract")
_STARTS = datetime(2026, 1, 1, tzinfo=UTC)


def measure(root: Path) -> list[Figure]:
    """Give seconds."""
    with open_state(root / "node.db", now=_STARTS, founding=True) as state:
        for start in range(0, ENTRIES, BATCH):
            state.submit(lambda tx, start=start: _fill(state, tx, start))
        started = time.perf_counter()
        report = state.ledger.verify()
        seconds = time.perf_counter() - started
    assert report.size == ENTRIES
    return [figure("ledger_verify", seconds, unit="s", aim="<= 10")]


def _fill(state: State, tx: Transaction, start: int) -> None:
    """Append answers, each `opened` and `closed`."""
    for index in range(start, start + BATCH, 2):
        now = _STARTS + timedelta(milliseconds=index)
        channel = Channel(
            provider="ua.example",
            consumer=f"maker{index // 2 % CHANNELS}.example",
            contract=_CONTRACT,
        )
        opened = state.ledger.append(tx, _opened(), now=now, channel=channel)
        closed = Closed(ends=opened.index, rows=10, bytes=1_000, blake3="e" * 64)
        state.ledger.append(tx, closed, now=now, channel=channel)


def _opened() -> Opened:
    nonce = os.urandom(16)
    return Opened(
        request=digest_of(nonce),
        nonce=nonce.hex(),
        purpose="reliability",
        sql="SELECT origin, count(*) AS n FROM flights WHERE departure_delay > 15 GROUP BY origin",
        evidence=RequestEvidence.SIGNED,
        grant="flights",
        clauses=("grants.flights.columns.origin", "grants.flights.where"),
        plan=digest_of(b"plan"),
        reserved_rows=1_000,
        reserved_bytes=100_000,
    )
