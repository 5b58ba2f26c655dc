"""The disk under a provider's state fills up: before an answer, and in the middle of one.

expect: step 4 refuses (LEDGER_UNAVAILABLE) before a byte leaves; an end that could not be recorded
        is recorded once there is room
effect: no answer without its entry; no answer stays open and holds its place for ever
source: DESIGN 13; docs/spec/answering.md, step 4
"""

import errno
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.ledger.bodies import Cut
from support.asking import ask, fetch, request, sealed
from support.border import SQL
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ALL = "SELECT tail_number, origin, departure_delay FROM flights"
PATIENCE_SECONDS = 60


@contextmanager
def small_disk(path):
    """Mount a disk of 24 MB."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(path)]
    can_mount = os.geteuid() == 0 and shutil.which("mount")
    if not can_mount or subprocess.run(mount, capture_output=True, check=False).returncode:
        if os.environ.get("CI"):
            pytest.fail("the continuous run must be able to mount a small disk")
        pytest.skip("mounting a small disk needs root")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path):
    """Leave no room at all; gives the file to be removed."""
    ballast = path / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (1 << 20, 4096):
            try:
                while True:
                    out.write(b"\xff" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return ballast


@pytest.fixture
def world(tmp_path):
    """A provider whose folder is on a small disk."""
    with small_disk(tmp_path / "disk") as disk, Companies(tmp_path) as companies:
        data = write_flights(tmp_path / "flights.parquet", 3_000_000)
        ua = companies.found("ua", flights_section(data))
        companies.found("maker")
        companies.introduce()
        # Only the state: the log has room.
        shutil.copytree(ua.folder.root / "state", disk / "state")
        shutil.rmtree(ua.folder.root / "state")
        (ua.folder.root / "state").symlink_to(disk / "state")
        companies.start()
        yield companies, disk


def last(company):
    with company.records() as records:
        return records.ledger.get(records.ledger.head().size - 1).body


def test_on_a_full_disk_nothing_is_answered_and_it_passes(world):
    companies, disk = world
    ua, maker = companies["ua"], companies["maker"]
    contract = companies.agree(contract_text())
    fetch(maker, ua, contract, SQL)
    with ua.records() as records:
        before = records.ledger.head().size
    ballast = fill(disk)
    answered = 0
    for _ in range(200):  # what the write-ahead log had room for is still answered
        asked = request(maker, ua, contract, SQL)
        peer = maker.peer_at(ua)
        asking = ask(peer, sealed(maker, asked), asked)
        try:
            list(asking)
        except SekishoError as error:
            failed = error
            break
        finally:
            peer.close()
        answered += 1
    else:
        pytest.fail("the disk never filled")
    assert "ledger cannot take an entry" in failed.message
    assert asking.tally.bytes == 0
    with ua.records() as records:
        assert records.ledger.head().size == before + 2 * answered
    ballast.unlink()
    assert fetch(maker, ua, contract, SQL).num_rows == 1
    assert ua.run("ledger", "verify").code == 0
    assert ua.stop() == 0


def test_an_answer_whose_end_could_not_be_recorded_does_not_hold_its_place(world):
    companies, disk = world
    ua, maker = companies["ua"], companies["maker"]
    contract = companies.agree(contract_text(limits="{concurrent: 1}"))
    asked = request(maker, ua, contract, ALL)
    peer = maker.peer_at(ua)
    asking = ask(peer, sealed(maker, asked), asked)
    next(frames := iter(asking))
    ballast = fill(disk)
    while exhaust(companies, contract):
        pass
    asking.cancel()
    del frames
    peer.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "end not recorded" not in ua.log():
        assert time.monotonic() < deadline
    ballast.unlink()
    while True:
        try:
            assert fetch(maker, ua, contract, SQL).num_rows == 1
            break
        except Refusal as refusal:
            if refusal.reason is not RefusalReason.LIMIT_REACHED or time.monotonic() > deadline:
                raise
    with ua.records() as records:
        bodies = [entry.body for entry in records.ledger.entries()]
    assert sum(isinstance(body, Cut) for body in bodies) == 1
    assert ua.run("ledger", "verify").code == 0
    assert ua.stop() == 0


def exhaust(companies, contract: str) -> bool:
    """Use up the room that the write-ahead log still had, by refusals; tell whether there was."""
    try:
        fetch(companies["maker"], companies["ua"], contract, SQL)
    except Refusal:
        return True
    except SekishoError as error:
        if "ledger cannot take an entry" not in error.message:
            raise
        return False
    raise AssertionError("the only place was taken")
