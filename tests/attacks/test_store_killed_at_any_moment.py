"""The node is killed while it writes, again and again, at moments that nobody chose.

expect: the next start, which ends what was open as `interrupted`
effect: an answer that left without its entry, or an entry that was acknowledged and lost
source: DESIGN 13; docs/spec/ledger.md, what a fall leaves
"""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import support.appender
from sekisho.ledger.bodies import Interrupted
from support.state import opened

TESTS = Path(support.appender.__file__).parents[1]


def run_and_kill(path: Path, *, after: int) -> list[int]:
    """Let the appender say so many indexes, kill it, and return all that it said."""
    child = subprocess.Popen(
        [sys.executable, support.appender.__file__, str(path), "4"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert child.stdout is not None
    said: list[str] = []
    for line in child.stdout:
        said.append(line)
        if len(said) == after:
            child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    # A last line may have been cut off by the kill.
    return [int(line) for line in said if line.endswith("\n")]


def charged(state) -> int:
    (rows,) = state.submit(
        lambda tx: tx.db.execute(
            "SELECT coalesce(sum(used), 0) FROM charges WHERE name = 'rows'"
        ).fetchone()
    )
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_no_acknowledged_entry_is_lost_and_none_is_half(tmp_path, seed):
    path = tmp_path / "node.db"
    chance = random.Random(seed)
    for _ in range(2):
        said = run_and_kill(path, after=chance.randint(1, 150))
        with opened(path) as state:
            report = state.ledger.verify()
            bodies = [entry.body for entry in state.ledger.entries()]
            assert max(said) < report.size
            assert len(set(said)) == len(said)
            assert report.open == ()
            assert state.submit(
                lambda tx: tx.db.execute("SELECT count(*) FROM open_answers").fetchone()
            ) == (0,)
            closed = sum(1 for entry in bodies if type(entry).__name__ == "Closed")
            reserved = sum(
                entry.reserved_rows for entry in bodies if isinstance(entry, Interrupted)
            )
            # What was closed is charged with what left, what was cut off with its reserve.
            assert charged(state) == closed + reserved
