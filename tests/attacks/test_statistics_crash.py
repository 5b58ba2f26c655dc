"""The node is killed after it decided and before it answered.

expect: aggregate.md, step 6.4: remembered before any byte leaves
effect: an answer that left and is not remembered: its neighbour is published by the next start
source: PRIVACY.md: crash between debit and reply
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import support.publisher
from support.statistics import Node, agreed, one_test

TESTS = Path(support.publisher.__file__).parents[1]
CONTRACT = agreed(disclosure="")


def decide_and_die(folder: Path) -> None:
    """Have a process ask, and kill it when it says that it decided."""
    child = subprocess.Popen(
        [sys.executable, support.publisher.__file__, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "decided\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


@pytest.mark.parametrize("figure", ["count(*)", "avg(ct)"])
def test_what_was_decided_is_remembered_after_a_fall(tmp_path, figure):
    decide_and_die(tmp_path)
    with Node(tmp_path) as node:
        node.tests(*(one_test(patient) for patient in range(60)))
        near = f"SELECT {figure} FROM tests WHERE day < 29"
        assert node.ask(near, CONTRACT) == [(None,)]
        node.run("INSERT INTO data.tests VALUES (900, 20, 1, 'f', 'negative', 99.0, 3, '')")
        same = "SELECT count(*), avg(ct) FROM tests WHERE day < 30"
        assert node.ask(same, CONTRACT) == [(30, 22.83)]
        assert node.fresh[-1] == 0
