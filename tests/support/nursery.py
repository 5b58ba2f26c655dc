"""Node processes that begin with the code imported: a tenth of a second instead of one.

A run of tests starts hundreds of nodes, and most of a start goes into importing the same modules.
Here one process imports them, and each node is a fork of it: a process of its own as any other, of
which the tests see what they see of `subprocess.Popen`. What a start from nothing does is shown by
the guides and the stories, which run the commands themselves.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Self

MAX_MESSAGE = 65_536
NODE = "sekisho.cli.main:main"


class Child:
    """One process of the nursery, as `subprocess.Popen` shows a process."""

    def __init__(
        self,
        nursery: "Nursery",
        pid: int,
        *,
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._nursery = nursery
        # Nobody else gets this number before the nursery was asked how the process ended. The file
        # stays open as long as this, as a thread may be waiting for it still.
        self._handle = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._handle)
        self._ending = threading.Lock()

    def poll(self) -> int | None:
        """Tell how it ended; nothing while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; `timeout` in seconds."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"node {self.pid}", timeout or 0)
        return code

    def wait_stopped(self) -> None:
        """Wait until it has stopped itself, or has ended."""
        self._nursery.stopping(self.pid)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended since
                signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            ready = select.poll()
            ready.register(self._handle, select.POLLIN)
            has_ended = ready.poll(None if timeout is None else timeout * 1000)
            # Threads may wait for the same process; how it ended is told once.
            with self._ending:
                if has_ended and self.returncode is None:
                    self.returncode = self._nursery.ending(self.pid)
        return self.returncode


class Nursery:
    """The process whose forks are nodes."""

    def __init__(self, asking: socket.socket) -> None:
        """Speak to the process that serves the other end."""
        self._socket = asking
        self._asking = threading.Lock()
        self._process: subprocess.Popen | None = None

    @classmethod
    def started(cls, program: str) -> Self:
        """Start the process.

        Args:
            program: What each fork runs, `module:function`, given its arguments.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        nursery = cls(ours)
        with theirs:
            nursery._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), program],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        atexit.register(nursery.close)
        return nursery

    def start(
        self,
        arguments: Sequence[str],
        *,
        stderr: int,
        environment: Mapping[str, str] | None = None,
        takes_orders: bool = False,
    ) -> Child:
        """Start `sekisho` with some arguments.

        Args:
            arguments: Of its command line.
            stderr: A file's number.
            environment: Beside this process's own.
            takes_orders: Whether what is written to `stdin` reaches it.
        """
        reader, writer = os.pipe()
        files, stdin = [writer, stderr], None
        if takes_orders:
            orders, ours = os.pipe()
            files.append(orders)
            stdin = os.fdopen(ours, "w", encoding="utf-8")
        order = {
            "arguments": arguments,
            "environment": {**os.environ, **(environment or {})},
            "folder": str(Path.cwd()),
        }
        pid = self.ask(order, *files)
        for file in (writer, *files[2:]):
            os.close(file)
        return Child(self, pid, stdin=stdin, stdout=os.fdopen(reader, encoding="utf-8"))

    def ending(self, pid: int) -> int:
        """Tell how a process that has ended did: its code, or the signal with a minus."""
        return self.ask({"ended": pid})

    def stopping(self, pid: int) -> None:
        """Wait until a process has stopped itself, or has ended."""
        self.ask({"stopped": pid})

    def close(self) -> None:
        """End the nursery; what it bore goes on."""
        self._socket.close()
        self._process.wait()

    def ask(self, order: dict[str, object], *files: int) -> int:
        """Give an order, and have its answer."""
        with self._asking:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)
            answer = self._socket.recv(MAX_MESSAGE)
        if not answer:
            message = "the nursery of nodes has fallen"
            raise RuntimeError(message)
        return int(answer)


@cache
def nursery(program: str = NODE) -> Nursery | None:
    """Give this process's nursery for a program, where the system can have one: on Linux."""
    is_able = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")
    return Nursery.started(program) if is_able else None


def serve(asked: socket.socket) -> list[str] | None:
    """Bear processes until nobody asks any more; in each of them, give its arguments.

    The first files of an order become stdout, stderr and stdin; of others it is told the numbers.
    """
    while True:
        words, files, _, _ = socket.recv_fds(asked, MAX_MESSAGE, 4)
        if not words:
            return None
        order = json.loads(words)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            asked.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        if "stopped" in order:
            os.waitid(os.P_PID, order["stopped"], os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            asked.send(b"0")
            continue
        pid = os.fork()
        if not pid:
            for number, file in zip((1, 2, 0), files, strict=False):
                os.dup2(file, number)
                os.close(file)
            if "environment" in order:
                os.environ.clear()
                os.environ.update(order["environment"])
            os.chdir(order["folder"])
            return [*order["arguments"], *map(str, files[3:])]
        for file in files:
            os.close(file)
        asked.send(str(pid).encode())


def _main() -> int:
    import sekisho.cli.serve  # noqa: PLC0415, F401  what this process is for

    module, _, function = sys.argv[2].partition(":")
    run = getattr(import_module(module), function)
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        arguments = serve(asked)
    return 0 if arguments is None else run(arguments)


if __name__ == "__main__":
    # Programs of the tests are found as the tests find them.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(_main())
