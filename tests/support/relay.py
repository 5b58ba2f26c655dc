"""Lines that carry bytes as they are, until they are cut, go dead, or kill the node behind them."""

import socket
import threading
from contextlib import suppress
from pathlib import Path

from support.nodes import Company

_CHUNK = 4_096


class Line:
    """Listens at one Unix socket and carries bytes to and from another; it can go dead."""

    def __init__(self, near: Path, far: Path) -> None:
        """Make the socket that clients connect to.

        Args:
            near: The socket's path, which must not be there yet.
            far: The server's.
        """
        self.flowing = threading.Event()
        """Cleared, the line is dead: connections stand, and nothing comes through."""
        self.flowing.set()
        self._far = far
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(near))
        near.chmod(0o777)
        listener.listen()
        self._open: list[socket.socket] = [listener]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Let go of every connection."""
        self.flowing.set()
        for item in self._open:
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
            item.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._far))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                self.flowing.wait()
                sink.sendall(data)
        for item in (source, sink):
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)


class Relay:
    """Listens where a company's node did, and carries bytes to and from its new place."""

    def __init__(self, company: Company) -> None:
        """Move a company's node, which must not run, to another port, and take its place."""
        self.company = company
        self.carried = 0
        """Bytes from the node since they were counted last."""
        self.kill_at: int | None = None
        """How many bytes from the node pass before it is killed; None for all."""
        host, port = company.config.listen.peers.split(":")
        self._listener = socket.create_server((host, int(port)))
        with socket.create_server((host, 0)) as free:
            self._target = free.getsockname()
        config = company.folder.config
        text = config.read_text().replace(
            f'peers: "{host}:{port}"', f'peers: "{host}:{self._target[1]}"'
        )
        config.write_text(text)
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def count(self, *, kill_at: int | None = None) -> None:
        """Count from none again."""
        self.carried, self.kill_at = 0, kill_at

    def cut(self) -> None:
        """Break every connection, as a line that fails does; new ones are carried."""
        broken, self._open = self._open[1:], self._open[:1]
        for item in broken:
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of every connection."""
        for item in self._open:
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
            item.close()

    def reach(self) -> socket.socket:
        """Connect to the node."""
        return socket.create_connection(self._target)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = self.reach()
                except OSError:
                    near.close()
                    continue
                self._open += [near, far]
                threading.Thread(target=self._join, args=(near, far), daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            back = threading.Thread(
                target=self._carry, args=(far, near), kwargs={"is_answer": True}, daemon=True
            )
            back.start()
            self._carry(near, far, is_answer=False)
            back.join()

    def _carry(self, source: socket.socket, sink: socket.socket, *, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if is_answer and self._is_due(len(data)):
                    break
                sink.sendall(data)
        for item in (source, sink):
            with suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)

    def _is_due(self, more: int) -> bool:
        self.carried += more
        if self.kill_at is None or self.carried < self.kill_at:
            return False
        if self.company.process.poll() is None:
            self.company.kill()
        return True
