"""Real node processes for stories: started together, ready when they say so, stopped together."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from sekisho.errors import NodeError

STOP_SECONDS = 15.0
"""What a node gets to stop by itself before it is killed."""


class NodeProcesses:
    """Node processes that live as long as a block, unless they are kept."""

    def __init__(self, *, remove: Path | None) -> None:
        """Start with none.

        Args:
            remove: A folder to remove after the nodes have stopped.
        """
        self._processes: dict[Path, subprocess.Popen[str]] = {}
        self._remove = remove

    def __enter__(self) -> Self:
        """Stop every node when the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every node that is not kept."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._remove is not None:
            shutil.rmtree(self._remove, ignore_errors=True)

    def start(self, *folders: Path) -> None:
        """Start the nodes of some folders at once and wait until all are ready.

        Raises:
            NodeError: One ended before it was ready; its log's last line is in the message.
        """
        for folder in folders:
            self._processes[folder] = _start(folder)
        for folder in folders:
            self._wait_ready(folder)

    def keep(self) -> None:
        """Leave the nodes running when the block ends."""
        self._processes.clear()

    def number(self, folder: Path) -> int:
        """Give the process number of a node."""
        return self._processes[folder].pid

    def _wait_ready(self, folder: Path) -> None:
        stdout = self._processes[folder].stdout
        line = stdout.readline() if stdout is not None else ""
        if not line.startswith("ready "):
            log = (folder / "node.log").read_text().strip().splitlines()
            msg = f"the node in `{folder}` did not start: {log[-1] if log else 'no log'}"
            raise NodeError(msg, hint=f"see {folder / 'node.log'}")


def _start(folder: Path) -> subprocess.Popen[str]:
    with (folder / "node.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  our own command with a folder of our own
            [sys.executable, "-m", "sekisho", "serve", "--dir", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
