"""A partner asks the replica that cannot have heard yet that its contract has ended.

First the replica is stopped while another one of the same node records the termination; the request
lies in its socket when it wakes. Nothing may leave: what it decides holds for one version of
contracts, and the transaction that would open the answer finds another.

Then its line to the database goes dead while an answer leaves: connections stand, nothing comes
through, and no transaction is needed for what was reserved. It must end by itself, in a bounded
time, and nothing may leave by the time at which the termination returns.
"""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sekisho.errors import PeerError, Refusal, RefusalReason, SekishoError
from sekisho.store.database import HEARING_SECONDS
from support import asking
from support.asking import ask, sealed, table_of
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.postgres import running_server
from support.relay import Line
from support.replicas import move, replicate

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SQL = "SELECT origin FROM flights LIMIT 3"


LONG = "SELECT tail_number, origin, departure_delay FROM flights"
ROWS = 3_000_000
PATIENCE_SECONDS = 30
PAUSE_SECONDS = 0.02
"""Between two batches: the partner reads so slowly that the answer outlasts the bound."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("replicas")
    with running_server() as server, Companies(root) as companies:
        flights = write_flights(root / "flights.parquet", ROWS)
        companies.found("ua", flights_section(flights))
        companies.found("maker")
        companies.introduce()
        move(companies["ua"], server)
        replicate(companies, "ua", "ua2")
        socket = next(server.root.glob(".s.PGSQL.*[0-9]"))
        # A socket's path has a bound that a test's own folder may pass.
        with TemporaryDirectory(prefix="pg") as near:
            Path(near).chmod(0o755)
            settings = companies["ua2"].folder.config
            settings.write_text(settings.read_text().replace(str(server.root), near))
            with closing(Line(Path(near) / socket.name, socket)) as companies.line:
                companies.start()
                yield companies
                # What holds a session is let go before the line is.
                companies["ua2"].kill()


def begin(world, peer, contract, sql=SQL):
    asked = asking.request(world["maker"], world["ua2"], contract, sql)
    return ask(peer, sealed(world["maker"], asked), asked)


def test_a_replica_that_slept_through_a_termination_answers_nothing(world):
    contract = world.agree(contract_text())
    sleeper = world["ua2"].process
    peer = world["maker"].peer_at(world["ua2"])
    with ThreadPoolExecutor(1) as other:
        assert table_of(begin(world, peer, contract)).num_rows == 3
        sleeper.send_signal(signal.SIGSTOP)
        try:
            waiting = other.submit(lambda: table_of(begin(world, peer, contract)))
            ended = world["ua"].run("contract", "terminate", contract, "--reason", "enough")
        finally:
            sleeper.send_signal(signal.SIGCONT)
        assert ended.code == 0, ended.err
        with pytest.raises(Refusal) as refused:
            waiting.result()
    peer.close()
    assert refused.value.reason is RefusalReason.NOT_IN_FORCE


def read(frames):
    """Read an answer slowly to its end; gives when the last of it came, and how it ended."""
    last_at = time.monotonic()
    pause = threading.Event()
    try:
        for _ in frames:
            last_at = time.monotonic()
            pause.wait(PAUSE_SECONDS)
    except SekishoError as error:
        return last_at, error
    return last_at, None


def test_a_replica_whose_line_is_dead_ends_its_answers_by_itself(world):
    contract, other = (world.agree(contract_text()) for _ in range(2))
    with closing(world["maker"].peer_at(world["ua2"])) as peer, ThreadPoolExecutor(1) as reader:
        frames = iter(begin(world, peer, contract, LONG))
        next(frames)
        reading = reader.submit(read, frames)
        world.line.flowing.clear()
        dead_at = time.monotonic()
        try:
            ended = world["ua"].run("contract", "terminate", contract, "--reason", "enough")
            returned_at = time.monotonic()
            last_at, error = reading.result()
        finally:
            world.line.flowing.set()
        assert ended.code == 0, ended.err
        assert isinstance(error, PeerError), "it was not there whole"
        assert last_at < returned_at
        assert last_at - dead_at < HEARING_SECONDS + 1

        with pytest.raises(Refusal) as refused:
            ask_until_back(world, peer, contract)
        assert refused.value.reason is RefusalReason.NOT_IN_FORCE
        assert table_of(begin(world, peer, other)).num_rows == 3


def ask_until_back(world, peer, contract):
    """Ask until the replica decides again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(PeerError):
            table_of(begin(world, peer, contract))
            return
    pytest.fail("the replica did not come back")
