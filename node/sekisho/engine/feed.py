"""Carries one peer's frames into a worker, only as fast as the worker takes them.

A thread for each input: the kernel's socket buffer is the only queue, so memory stays bounded
whoever is slow, and neither input nor output can wait for the other.
"""

import socket
import threading
from collections.abc import Iterable

from sekisho.engine.channel import INPUT_LENGTH, SOCKET_BUFFER_BYTES, send_parts


class Feed:
    """One input on its way into a worker."""

    def __init__(self, name: str, frames: Iterable[bytes]) -> None:
        """Make the line; the worker's end is `theirs`, to be closed once it is sent."""
        self.name = name
        self.failure: BaseException | None = None
        self._frames = frames
        self._ours, self.theirs = socket.socketpair()
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self._thread = threading.Thread(target=self._feed, name=f"feed-{name}", daemon=True)

    def start(self) -> None:
        """Begin to feed."""
        self.theirs.close()
        self._thread.start()

    def stop(self) -> None:
        """Stop feeding; a source that is waited for is left to its own thread."""
        try:
            self._ours.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def drop(self) -> None:
        """Let go of a line that never started."""
        self.theirs.close()
        self._ours.close()

    def _feed(self) -> None:
        try:
            for frame in self._frames:
                if not self._sent(INPUT_LENGTH.pack(len(frame)), frame):
                    return
            self._sent(INPUT_LENGTH.pack(0))
        except BaseException as error:  # noqa: BLE001  kept for whoever reads the answer
            # INVARIANT: set before the socket closes, so that the worker's complaint finds it.
            self.failure = error
        finally:
            self._ours.close()
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()

    def _sent(self, *parts: bytes) -> bool:
        """Send, and tell whether the worker still takes what is sent."""
        try:
            send_parts(self._ours, parts)
        except OSError:
            return False
        return True
