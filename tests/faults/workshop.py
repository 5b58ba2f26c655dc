"""Engine workers that begin with DuckDB and Arrow loaded: forks of a process that is idle.

Loading both is most of what a node's start costs, and every fall is followed by a start. A worker
confines itself before it reads anything here too; the process that it is a fork of has one thread.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import IO

from sekisho.engine import process, worker
from support.nursery import Child, Nursery, serve


class _Workers(Nursery):
    """The process whose forks are workers."""

    def popen(
        self,
        _command: Sequence[str],
        *,
        cwd: str,
        pass_fds: tuple[int],
        **_: object,
    ) -> Child:
        """Start a worker where `subprocess.Popen` would."""
        reader, writer = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        files = (nowhere, writer, nowhere, *pass_fds)
        pid = self.ask({"arguments": [], "folder": cwd}, *files)
        os.close(writer)
        os.close(nowhere)
        return Child(self, pid, stderr=_opened(reader))


def _opened(reader: int) -> IO[bytes]:
    return os.fdopen(reader, "rb", buffering=0)


def open_workshop() -> None:
    """Let this process, which has one thread still, take its workers from a fork of itself."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if not os.fork():
        ours.close()
        for number in (0, 1):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        with theirs:
            arguments = serve(theirs)
        if arguments is not None:
            os.setsid()
            sys.argv[1:] = arguments
            worker.main()
        os._exit(0)
    theirs.close()
    process.subprocess = SimpleNamespace(
        Popen=_Workers(ours).popen, DEVNULL=subprocess.DEVNULL, PIPE=subprocess.PIPE
    )
