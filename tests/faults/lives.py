"""Kills a node while it brings its state forward, and a command while it puts a backup back."""

import gzip
import signal
from collections.abc import Sequence
from pathlib import Path

from faults.points import Point
from faults.report import Report
from faults.struck import Struck, armed
from support.nodes import Companies


def kill_while_migrating(root: Path, former: Path, points: Sequence[Point]) -> Report:
    """Kill a node that brings a former release's file forward, at each point; then it starts.

    Args:
        root: For the node's folder.
        former: The file, compressed.
        points: Where.
    """
    report = Report()
    node = Struck(Companies(root).found("ua").folder)
    state = node.folder.state_file()
    for point in points:
        state.unlink(missing_ok=True)
        state.write_bytes(gzip.decompress(former.read_bytes()))
        assert node.start(armed(point.name, "kill")).wait_dead() == -signal.SIGKILL, point
        _note(report, point, "a state is brought forward whole")
        node.start().wait_ready()
        with node.records() as records:
            assert records.ledger.verify().open == ()
        assert node.stop() == 0
    return report


def kill_while_restoring(root: Path, points: Sequence[Point]) -> Report:
    """Kill the command that restores at each point: the node starts on a whole state, or not."""
    report = Report()
    node = Struck(Companies(root).found("ua").folder)
    backup = root / "backup"
    assert node.run("state", "backup", str(backup)).code == 0
    for point in points:
        command = ("state", "restore", str(backup), "--replace", "--dir", str(node.folder.root))
        assert node.launch(command, armed(point.name, "kill")).wait_dead() == -signal.SIGKILL, point
        _note(report, point, "a backup is put back whole, or can be again")
        if node.folder.state_file().exists():
            node.start().wait_ready()
            assert node.stop() == 0
        else:
            assert node.start().wait_dead() == 1
        assert node.run("state", "restore", str(backup), "--replace").code == 0
        node.start().wait_ready()
        assert node.stop() == 0
    return report


def _note(report: Report, point: Point, invariant: str) -> None:
    report.points.add(point.name)
    report.struck["kill"] += 1
    report.checked[invariant] += 1
