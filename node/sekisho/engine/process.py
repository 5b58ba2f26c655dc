"""One worker process, as the node holds it: started, spoken to, killed."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sekisho
from sekisho.engine.channel import (
    SOCKET_BUFFER_BYTES,
    ChannelError,
    Kind,
    Received,
    receive,
    send_json,
)
from sekisho.engine.confine import Confinement
from sekisho.engine.engine import EngineSettings, Source
from sekisho.errors import EngineError

START_SECONDS = 60.0
"""For a worker to load DuckDB and Arrow; a second on an idle machine."""
MAX_LAST_WORDS_BYTES = 65_536
"""What is kept of a dead worker's standard error: one pipe's worth."""


def _environment() -> dict[str, str]:
    """Give the little that the interpreter needs, and nothing of the node's own environment."""
    own = [str(Path(folder).parent) for folder in sekisho.__path__]
    paths = dict.fromkeys([*own, *(path for path in sys.path if path)])
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _readable(sources: Sequence[Source]) -> list[str]:
    """List what a worker may read: each source's file, with its log; a glob's folder."""
    paths: list[str] = []
    for source in sources:
        path = Path(source.path)
        while not path.exists() and path != path.parent and set("*?[") & set(str(path)):
            path = path.parent
        paths += [str(path), f"{path}.wal"]
    return paths


def _numbers(paths: Sequence[str]) -> tuple[tuple[int, int] | None, ...]:
    """Tell which files some paths lead to."""
    return tuple(map(_number, paths))


def _number(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)  # noqa: PTH116  for every query
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


class Process:
    """A worker process. Used by one caller at a time; `cancel` and `kill` from any thread."""

    def __init__(self, settings: EngineSettings, sources: frozenset[Source]) -> None:
        """Start the process and return at once; `wait_ready` waits for it."""
        self.sources = sources
        self._readable = _readable(sorted(sources, key=lambda source: source.name))
        self._files = _numbers(self._readable)
        self.confinement: Confinement | None = None
        self._private = tempfile.mkdtemp(prefix="sekisho-", dir=settings.temp_path or None)
        self._number = 0
        self._lock = threading.Lock()
        self._is_dead = False
        self._sock, theirs = socket.socketpair()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        with theirs:
            self._popen = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-P", "-S", "-m", "sekisho.engine.worker", str(theirs.fileno())],
                env=_environment(),
                cwd=self._private,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        bounds = {
            "memory_bytes": settings.memory_bytes,
            "threads": settings.threads,
            "spill_bytes": settings.spill_bytes,
            "private": self._private,
        }
        order = {"bounds": bounds, "readable": self._readable}
        self._send(order)

    @property
    def is_current(self) -> bool:
        """Whether its paths still lead to the files that they led to when it started.

        The kernel lets a worker read files, not names: another file under the same name, as a
        nightly job puts it there, is for another worker.
        """
        return _numbers(self._readable) == self._files

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process can take another order."""
        return not self._is_dead and self._popen.poll() is None

    def wait_ready(self) -> None:
        """Wait until the worker has confined itself.

        Raises:
            EngineError: It did not start.
        """
        if self.confinement is None:
            value = self.receive(START_SECONDS).json()["value"]
            self.confinement = Confinement(**value)

    def order(self, order: Mapping[str, Any], descriptors: Sequence[int] = ()) -> int:
        """Send an order and give its number."""
        with self._lock:
            self._number += 1
            number = self._number
        self._send({**order, "number": number}, descriptors)
        return number

    def cancel(self, number: int) -> None:
        """Ask the worker to stop that order; nothing when it is done or the worker is gone."""
        try:
            self._send({"order": "cancel", "number": number})
        except EngineError:
            return

    def receive(self, seconds: float) -> Received:
        """Receive one message.

        Raises:
            EngineError: The worker is gone, too slow or broke its protocol; it is killed.
        """
        whole = max(int(seconds * 1_000_000), 1)
        timeout = (whole // 1_000_000).to_bytes(8, "little") + (whole % 1_000_000).to_bytes(
            8, "little"
        )
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            return receive(self._sock)
        except (ChannelError, OSError) as error:
            raise self.lost(str(error)) from error

    def lost(self, why: str) -> EngineError:
        """Kill the worker and give the error that says so."""
        self.kill()
        words = self._last_words()
        detail = f"{why}; worker ended with {self._popen.returncode}: {words}"
        return EngineError("an engine worker ended before its answer did", detail=detail)

    def kill(self) -> None:
        """End the process now and remove its folder; may be called again."""
        with self._lock:
            if self._is_dead:
                return
            self._is_dead = True
        self._popen.kill()
        self._popen.wait()
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        shutil.rmtree(self._private, ignore_errors=True)

    def close(self) -> None:
        """Kill the process and let go of its sockets; only when nobody uses it."""
        self.kill()
        self._sock.close()
        if self._popen.stderr is not None:
            self._popen.stderr.close()

    def _send(self, order: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        with self._lock:
            try:
                send_json(self._sock, Kind.CONTROL, order, descriptors=descriptors)
            except OSError as error:
                raise EngineError("an engine worker is gone", detail=str(error)) from error

    def _last_words(self) -> str:
        if self._popen.stderr is None or self._popen.stderr.closed:
            return ""
        descriptor = self._popen.stderr.fileno()
        os.set_blocking(descriptor, False)
        try:
            return os.read(descriptor, MAX_LAST_WORDS_BYTES).decode(errors="replace")
        except OSError:
            return ""
