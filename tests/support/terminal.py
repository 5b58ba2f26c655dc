"""A command at a terminal of its own, typed to and read from as a person would."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import Self

SECONDS = 60
"""Nothing that is waited for takes longer."""
TAKE_TERMINAL = """
import os, sys
os.close(os.open(os.ttyname(0), os.O_RDWR))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A new session's first terminal becomes its own, so that Ctrl-C reaches who runs in it."""


class Terminal:
    """`sekisho` behind a pseudo-terminal; a context manager that ends it."""

    def __init__(self, *command: str, folder: Path) -> None:
        ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, sys.executable, "-m", "sekisho", *command],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
        )
        os.close(theirs)
        self._file = ours
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._file)

    def type(self, text: str) -> None:
        """Press keys; a return is `\\n`."""
        os.write(self._file, text.encode())

    def read_until(self, wanted: str) -> str:
        """Read on until a text is there; give what came before its end."""
        while wanted not in self.seen:
            ready, _, _ = select.select([self._file], [], [], SECONDS)
            assert ready, f"waited for {wanted!r}, saw {self.seen[-2000:]!r}"
            try:
                data = os.read(self._file, 65536)
            except OSError:  # the other end is closed
                data = b""
            assert data, f"ended before {wanted!r}: {self.seen[-2000:]!r}"
            self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        at = self.seen.index(wanted) + len(wanted)
        found, self.seen = self.seen[:at], self.seen[at:]
        return found

    def wait(self) -> int:
        """Wait until it has ended; gives its exit code."""
        while True:
            try:
                if not os.read(self._file, 65536):
                    break
            except OSError:
                break
        return self._process.wait(SECONDS)
