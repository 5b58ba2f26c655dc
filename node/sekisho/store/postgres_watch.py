"""Listens in a session of its own to what the other replicas change.

While it does not listen, this process may miss that a contract has ended: it says so, and nothing
is answered until it listens again.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg

from sekisho.errors import LedgerError

START_SECONDS: Final = 10.0
"""How long the first session may take."""
RETRY_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 0.25
"""How often the thread looks whether it shall stop; what is heard is heard at once."""
BEAT_SECONDS: Final = 1.0
"""How often the server is asked for a sign of life."""
SILENT_SECONDS: Final = 10.0
"""After so long without one it is taken to be gone, though the connection still stands."""


class PostgresWatch:
    """One thread and its session, renewed when it is lost."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        channel: str,
        *,
        on_news: Callable[[int], None],
        on_lost: Callable[[], None],
    ) -> None:
        """Begin to listen.

        Raises:
            LedgerError: The server does not let it.
        """
        self._connect = connect
        self._channel = channel
        self._on_news = on_news
        self._on_lost = on_lost
        self._closing = threading.Event()
        self._begun = threading.Event()
        self._is_listening = False
        self._heard_at = 0.0
        self._thread = threading.Thread(target=self._run, name="state-watch", daemon=True)
        self._thread.start()
        if not self._begun.wait(START_SECONDS):
            self.close()
            raise LedgerError("the state cannot be reached", hint="check PostgreSQL and its log")

    @property
    def is_listening(self) -> bool:
        """Tell whether it hears everything now."""
        return self._is_listening and time.monotonic() - self._heard_at < SILENT_SECONDS

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with suppress(psycopg.Error, LedgerError), self._connect() as raw:
                    self._listen(raw)
            finally:
                # Whatever it was, and even if this thread ends with it: nothing is heard now.
                self._lose()
            self._closing.wait(RETRY_SECONDS)

    def _listen(self, raw: psycopg.Connection[Any]) -> None:
        raw.execute(f"LISTEN {self._channel}")
        (version,) = raw.execute("SELECT version FROM head").fetchone() or (0,)
        # Heard before it is said that all is heard: nobody answers by what is older.
        self._on_news(int(version))
        self._heard_at = time.monotonic()
        self._is_listening = True
        self._begun.set()
        while not self._closing.is_set():
            for notice in raw.notifies(timeout=LOOK_SECONDS):
                self._on_news(int(notice.payload))
            if time.monotonic() - self._heard_at >= BEAT_SECONDS:
                raw.execute("SELECT 1")
                self._heard_at = time.monotonic()

    def _lose(self) -> None:
        was_listening, self._is_listening = self._is_listening, False
        if was_listening and not self._closing.is_set():
            self._on_lost()
