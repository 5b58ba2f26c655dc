"""A second process opens the state of a running node.

expect: the state's lock
effect: two writers with two ideas of the ledger's head, and limits that are counted twice
source: DESIGN 13; docs/spec/ledger.md, one writer
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import support.appender
from sekisho.errors import NodeError
from support.state import opened

TESTS = Path(support.appender.__file__).parents[1]


def test_a_second_process_is_told_who_has_the_state(tmp_path):
    path = tmp_path / "node.db"
    with subprocess.Popen(
        [sys.executable, support.appender.__file__, str(path), "1"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        drain = threading.Thread(target=child.stdout.read)
        drain.start()
        try:
            with pytest.raises(NodeError, match=f"in use by process {child.pid}"):
                opened(path)
        finally:
            child.kill()
            drain.join()
    with opened(path) as state:
        assert state.ledger.verify().open == ()
