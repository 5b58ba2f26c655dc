"""ledger_1, _8, _32, _128: durable answers a second by so many callers, with their charges.

Each answer is `opened` and `closed`. Against raw group commit on the same disk: as many callers who
each put two rows of 500 bytes into a SQLite table, one after the other, behind one thread that
commits together what waits together.
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from companies import CONSUMER, PROVIDER, PURPOSE, found_pair, sign_contract
from figures import Figure, alternate, figure
from flights import SMALL_ROWS, write_flights

from sekisho.documents.envelope import digest_of
from sekisho.documents.proposal import parse_proposal
from sekisho.ledger.entry import Channel
from sekisho.ledger.receipt import Decision
from sekisho.model.contract import RequestEvidence
from sekisho.model.signed import SignedContract
from sekisho.store.answers import OpenedAnswer, Sent
from sekisho.store.requests import ReceivedRequest
from sekisho.store.state import State, open_state

CALLERS, SECONDS, ROUNDS = (1, 8, 32, 128), 1.5, 3
ROW_BYTES = 500
_DECISION = Decision(grant="flights", clauses=("grants.flights.columns.origin",))


class GroupCommit:
    """The peer: rows of bytes, made durable together."""

    def __init__(self, path: Path) -> None:
        """Start the one thread that writes."""
        self._jobs: SimpleQueue[tuple[bytes, threading.Lock] | None] = SimpleQueue()
        self._path = path
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def put_twice(self, row: bytes) -> None:
        """Put a row, and once it is on disk the same again: an answer begins and ends."""
        self.put(row)
        self.put(row)

    def put(self, row: bytes) -> None:
        """Return once the row is on disk."""
        done = threading.Lock()
        done.acquire()
        self._jobs.put((row, done))
        done.acquire()

    def close(self) -> None:
        """Stop the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, row BLOB)")
        while (job := self._jobs.get()) is not None:
            batch = [job, *self._waiting()]
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO rows (row) VALUES (?)", [(row,) for row, _ in batch])
            db.execute("COMMIT")
            for _, done in batch:
                done.release()
        db.close()

    def _waiting(self) -> list[tuple[bytes, threading.Lock]]:
        found: list[tuple[bytes, threading.Lock]] = []
        try:
            while len(found) < max(CALLERS) and (job := self._jobs.get_nowait()) is not None:
                found.append(job)
        except Empty:
            pass
        return found


def measure(root: Path) -> list[Figure]:
    """Give answers a second."""
    pair = found_pair(root, write_flights(root / "flights.parquet", SMALL_ROWS))
    signed = parse_proposal(sign_contract(pair).payload)
    row = secrets.token_bytes(ROW_BYTES)
    raw = GroupCommit(root / "raw.db")
    with open_state(root / "answers.db", now=datetime.now(UTC), founding=True) as state:
        figures = []
        for callers in CALLERS:
            ours, peer = alternate(
                partial(_rate, lambda: _answer(state, signed), callers),
                partial(_rate, lambda: raw.put_twice(row), callers),
                rounds=ROUNDS,
            )
            name = f"ledger_{callers}"
            figures.append(figure(name, ours, peer=peer, unit="answers/s", aim=">= 0.5"))
    raw.close()
    return figures


def _rate(call: Callable[[], object], callers: int) -> float:
    """Call from so many threads for a while; give calls a second."""
    counts = [0] * callers
    until = time.perf_counter() + SECONDS

    def run(number: int) -> None:
        while time.perf_counter() < until:
            call()
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def _answer(state: State, signed: SignedContract) -> None:
    nonce = secrets.token_hex(16)
    request = ReceivedRequest(
        digest=digest_of(nonce.encode()),
        nonce=nonce,
        channel=Channel(provider=PROVIDER, consumer=CONSUMER, contract=signed.id),
        purpose=PURPOSE,
        sql="SELECT origin FROM flights",
        evidence=RequestEvidence.SIGNED,
        envelope=b"{}",
    )
    opened = state.answers.open(
        request, signed, decision=_DECISION, plan=digest_of(b"plan"), now=datetime.now(UTC)
    )
    assert isinstance(opened, OpenedAnswer)
    sent = Sent(rows=10, bytes=1000, blake3=secrets.token_hex(32))
    state.answers.close(opened.index, sent, now=datetime.now(UTC))
