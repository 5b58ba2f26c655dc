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
from collections.abc import Sequence
from functools import cache
from typing import IO

MAX_MESSAGE = 65_536


class Child:
    """One process of the nursery, as `subprocess.Popen` shows a process."""

    def __init__(self, nursery: "Nursery", pid: int, stdout: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._nursery = nursery
        # Nobody else gets this number before the nursery was asked how the process ended.
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Tell how it ended; nothing while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; `timeout` in seconds."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"node {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            ready = select.poll()
            ready.register(self._handle, select.POLLIN)
            if ready.poll(None if timeout is None else timeout * 1000):
                self.returncode = self._nursery.ending(self.pid)
                os.close(self._handle)
        return self.returncode


class Nursery:
    """The process whose forks are nodes."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self._asking = threading.Lock()
        atexit.register(self.close)

    def start(self, arguments: Sequence[str], *, stderr: int) -> Child:
        """Start `sekisho` with some arguments; `stderr` is a file's number."""
        reader, writer = os.pipe()
        order = {"arguments": arguments, "environment": dict(os.environ)}
        pid = self._ask(order, writer, stderr)
        os.close(writer)
        return Child(self, pid, os.fdopen(reader, encoding="utf-8"))

    def ending(self, pid: int) -> int:
        """Tell how a process that has ended did: its code, or the signal with a minus."""
        return self._ask({"ended": pid})

    def close(self) -> None:
        """End the nursery; what it bore goes on."""
        self._socket.close()
        self._process.wait()

    def _ask(self, order: dict[str, object], *files: int) -> int:
        with self._asking:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)
            answer = self._socket.recv(MAX_MESSAGE)
        if not answer:
            message = "the nursery of nodes has fallen"
            raise RuntimeError(message)
        return int(answer)


@cache
def nursery() -> Nursery | None:
    """Give this process's nursery, where the system can have one: on Linux."""
    return Nursery() if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal") else None


def _serve(asked: socket.socket) -> list[str] | None:
    """Bear processes until nobody asks any more; in each of them, give its arguments."""
    while True:
        words, files, _, _ = socket.recv_fds(asked, MAX_MESSAGE, 2)
        if not words:
            return None
        order = json.loads(words)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            asked.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if not pid:
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            os.environ.clear()
            os.environ.update(order["environment"])
            return order["arguments"]
        for file in files:
            os.close(file)
        asked.send(str(pid).encode())


def _main() -> int:
    import sekisho.cli.serve  # noqa: PLC0415, F401  what this process is for
    from sekisho.cli.main import main  # noqa: PLC0415

    with socket.socket(fileno=int(sys.argv[1])) as asked:
        arguments = _serve(asked)
    return 0 if arguments is None else main(arguments)


if __name__ == "__main__":
    sys.exit(_main())
