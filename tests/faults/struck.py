"""A company whose real node is started with faults in it, and takes orders while it runs."""

import contextlib
import json
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sekisho.config import NodeConfig, parse_config
from sekisho.store.locating import find_database
from sekisho.store.state import Records, read_state
from support.nodes import Company, Ran
from support.nursery import Child, nursery

PROGRAM = "faults.launch:main"
PATIENCE_SECONDS = 60
"""For what must come; only a failure waits so long."""

COMMANDS = threading.Lock()
"""Commands run in this process, and share its stdout."""


class SilentError(AssertionError):
    """A node did not say what it had to."""


@dataclass
class Struck(Company):
    """One such company."""

    reached: set[str] = field(default_factory=set)
    """Points that the node has come by, over all its lives."""
    fallen: list[str] = field(default_factory=list)
    """Threads that an error has ended, over all lives."""
    falls: int = 0
    """How often it was killed."""
    _heard: threading.Condition = field(default_factory=threading.Condition)

    @property
    def journal(self) -> Path:
        """Where each frame is written down before it leaves."""
        return self.folder.root / "journal"

    @property
    def config(self) -> NodeConfig:
        return _parsed(self.folder.config.read_bytes())

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def records(self) -> Records:
        return read_state(find_database(self.folder, self.config))

    def run(self, *command: str) -> Ran:
        with COMMANDS:
            return super().run(*command)

    def rows(self, sql: str) -> list[tuple]:
        """Read rows of the node's state beside it."""
        with self.records() as records, records._readers.connection() as db:
            return [tuple(row) for row in db.execute(sql)]

    def start(self, *orders: dict) -> "Struck":
        """Start the node with some orders; `wait_ready` says when it serves."""
        return self.launch(("serve", "--dir", str(self.folder.root)), *orders)

    def launch(self, command: Sequence[str], *orders: dict) -> "Struck":
        """Start any of its commands so."""
        environment = {"SEKISHO_FAULTS": json.dumps(orders), "SEKISHO_JOURNAL": str(self.journal)}
        with (self.folder.root / "node.log").open("ab") as log:
            self.process = nursery(PROGRAM).start(
                command, stderr=log.fileno(), environment=environment, takes_orders=True
            )
        self._said: list[str] = []
        self._has_said_all = False
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()
        return self

    def _read(self, process: Child) -> None:
        for told in process.stdout:
            line = told.rstrip("\n")
            with self._heard:
                if line.startswith("reached "):
                    self.reached.add(line.removeprefix("reached "))
                elif line.startswith("fell "):
                    self.fallen.append(line.removeprefix("fell "))
                else:
                    self._said.append(line)
                self._heard.notify_all()
        process.stdout.close()
        with self._heard:
            self._has_said_all = True
            self._heard.notify_all()

    def wait_for(self, start: str, seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait for a line; tells whether it came before the node ended, or in time."""

        def found() -> list[str]:
            return [line for line in self._said if line.startswith(start)]

        with self._heard:
            self._heard.wait_for(lambda: found() or self._has_said_all, seconds)
            lines = found()
            if lines:
                self._said.remove(lines[0])
        return bool(lines)

    def wait_ready(self) -> "Struck":
        if not self.wait_for("ready peers="):
            raise SilentError(f"{self.party} does not start: {self.log()[-2000:]}")
        return self

    def order(self, **order: object) -> None:
        """Give an order, and wait until it was taken."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{json.dumps(order)}\n")
            self.process.stdin.flush()
        self.wait_for("done")

    def arm(self, point: str, action: str, *, skip: int = 0, seconds: float = 0) -> None:
        """Let an action strike when the node comes by a point once more than `skip` times."""
        self.order(**armed(point, action, skip=skip, seconds=seconds))

    def was_hit(self, point: str, seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until the order at a point has struck."""
        return self.wait_for(f"hit {point}", seconds)

    def kill(self) -> None:
        self.falls += 1
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def wait_dead(self) -> int:
        """Wait until the node has ended by itself; gives its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self.falls += code == -signal.SIGKILL
        self._close()
        return code

    def thaw(self) -> None:
        """Let a node go on that stops itself, once it has."""
        self.process.wait_stopped()
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        if self.process is None:
            return 0
        code = super().stop()
        self._close()
        return code

    def _close(self) -> None:
        self._reader.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()


@cache
def _parsed(settings: bytes) -> NodeConfig:
    return parse_config(settings)


def armed(point: str, action: str, *, skip: int = 0, seconds: float = 0) -> dict:
    """Write an order for a point."""
    return {"do": "arm", "point": point, "action": action, "skip": skip, "seconds": seconds}
