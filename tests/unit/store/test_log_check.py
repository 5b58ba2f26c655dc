"""The write-ahead log that a fall left: what was torn is dropped, what was altered is noticed."""

import random
import shutil
import struct

import pytest

from sekisho.errors import LedgerError
from sekisho.store.log_check import check_log
from support.state import append_many, opened

COMMITS = 6
HEADER, FRAME, PAGE = 32, 24, 4096


@pytest.fixture
def fallen(tmp_path):
    """A state of which the commits lie in the log, as a kill leaves it."""
    path, fallen = tmp_path / "node.db", tmp_path / "fallen.db"
    opened(path).close()
    with opened(path) as state:
        append_many(state, COMMITS)
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{fallen}{end}")
    return fallen


@pytest.fixture
def log(fallen):
    return fallen.with_name("fallen.db-wal")


def commits(data):
    """Places of the frames that end a commit."""
    starts = range(HEADER, len(data) - FRAME - PAGE + 1, FRAME + PAGE)
    return [start for start in starts if data[start + 4 : start + 8] != bytes(4)]


def alter(log, at):
    data = bytearray(log.read_bytes())
    data[at] ^= 1
    log.write_bytes(data)


def size(path):
    with opened(path) as state:
        return state.ledger.verify().size


def test_what_a_fall_left_is_taken_over(fallen):
    assert size(fallen) == COMMITS


def test_a_state_that_was_closed_has_no_log(fallen):
    opened(fallen).close()
    check_log(fallen)
    assert size(fallen) == COMMITS


@pytest.mark.parametrize("seed", range(12))
def test_a_byte_altered_before_the_last_commits_is_noticed_and_nothing_changed(fallen, log, seed):
    data = log.read_bytes()
    # After the second last commit begins, an altered frame looks as one that a fall tore.
    alter(log, random.Random(seed).randrange(HEADER, commits(data)[-2]))
    before = log.read_bytes()
    for _ in range(2):
        with pytest.raises(LedgerError, match="was altered before its end"):
            opened(fallen)
        assert log.read_bytes() == before


@pytest.mark.parametrize("at", range(0, HEADER, 3))
def test_a_log_whose_beginning_was_altered_is_noticed(fallen, log, at):
    alter(log, at)
    with pytest.raises(LedgerError, match="does not begin as a log"):
        opened(fallen)


def test_a_last_commit_that_was_torn_is_dropped(fallen, log):
    data = log.read_bytes()
    last = commits(data)[-1]
    alter(log, last + FRAME)
    assert size(fallen) == COMMITS - 1


def test_a_log_that_breaks_off_in_its_last_commit_is_taken_up_to_there(fallen, log):
    data = log.read_bytes()
    log.write_bytes(data[: commits(data)[-1] + 100])
    assert size(fallen) == COMMITS - 1


@pytest.mark.parametrize("left", [0, 10, HEADER])
def test_a_log_without_frames_is_none(fallen, log, left):
    log.write_bytes(log.read_bytes()[:left])
    check_log(fallen)


def test_frames_of_an_older_log_are_passed_by(fallen, log):
    data = bytearray(log.read_bytes())
    for start in commits(data):
        (salt,) = struct.unpack_from(">I", data, start + 8)
        struct.pack_into(">I", data, start + 8, salt - 1)
    old = bytes(data[HEADER:])
    log.write_bytes(log.read_bytes() + old)
    assert size(fallen) == COMMITS
