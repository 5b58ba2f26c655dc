"""Listens in a session of its own to what the other replicas change.

While it does not listen, this process may miss that a contract has ended: it says so, and nothing
is answered until it listens again. That a line still stands says nothing about what comes through
it, so the server is asked for a sign of life all the time. Its answer comes behind the news of all
that was recorded before it was asked, and confirms that this process has heard so much.

The thread that listens waits for nobody. What is done about news is done beside it: an answer that
is slow to end must neither hold up the next termination nor look as a line that is lost.
"""

import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any, Final

import psycopg
from psycopg.pq.abc import PGconn

from sekisho.errors import LedgerError
from sekisho.store.database import HEARING_SECONDS

START_SECONDS: Final = 10.0
"""How long the first session may take."""
RETRY_SECONDS: Final = 0.2
BEAT_SECONDS: Final = HEARING_SECONDS / 4
"""How often the server is asked for a sign of life; one may be late without a line being lost."""
LOOK_SECONDS: Final = 0.1
"""How often the thread looks whether it shall stop; what is heard is heard at once."""
MOST_ACTING: Final = 8
"""News that are acted on at once; they are few, and each may wait for answers that end."""


class PostgresWatch:
    """One thread and its session, renewed when it is lost."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        channel: str,
        *,
        on_news: Callable[[int], None],
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
    ) -> None:
        """Begin to listen; see `database.Database.watch`.

        Raises:
            LedgerError: The server does not let it.
        """
        self._connect = connect
        self._channel = channel
        self._on_news = on_news
        self._on_lost = on_lost
        self._on_found = on_found
        self._closing = threading.Event()
        self._begun = threading.Event()
        self._is_listening = False
        self._heard_at = 0.0
        self._acting = ThreadPoolExecutor(MOST_ACTING, thread_name_prefix="state-news")
        self._thread = threading.Thread(target=self._run, name="state-watch", daemon=True)
        self._thread.start()
        if not self._begun.wait(START_SECONDS):
            self.close()
            raise LedgerError("the state cannot be reached", hint="check PostgreSQL and its log")

    @property
    def is_listening(self) -> bool:
        """Tell whether it has heard everything up to less than `HEARING_SECONDS` ago."""
        return self._is_listening and time.monotonic() - self._heard_at < HEARING_SECONDS

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._thread.join()
        self._acting.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                # Closed as it stands: a sign of life may be on its way.
                with suppress(psycopg.Error, LedgerError), closing(self._connect()) as raw:
                    self._listen(raw)
            finally:
                # Whatever it was, and even if this thread ends with it: nothing is heard now.
                self._lose()
            self._closing.wait(RETRY_SECONDS)

    def _listen(self, raw: psycopg.Connection[Any]) -> None:
        began_at = time.monotonic()
        raw.execute(f"LISTEN {self._channel}")
        (version,) = raw.execute("SELECT version FROM head").fetchone() or (0,)
        # Heard before it is said that all is heard: nobody answers by what is older.
        self._on_news(int(version))
        self._heard_at = began_at
        self._is_listening = True
        self._on_found()
        self._begun.set()
        beat, come = _Beat(raw.pgconn), select.poll()  # `select` takes no file beyond the 1024th
        come.register(raw, select.POLLIN)
        while not self._closing.is_set() and self.is_listening:
            come.poll(LOOK_SECONDS * 1000)
            for news in beat.take():
                self._acting.submit(self._on_news, news)
            self._heard_at = max(self._heard_at, beat.answered_at)
            beat.ask(time.monotonic())

    def _lose(self) -> None:
        was_listening, self._is_listening = self._is_listening, False
        if was_listening and not self._closing.is_set():
            self._on_lost()


class _Beat:
    """Asks a server for signs of life, and reads what comes, without ever waiting for it."""

    def __init__(self, connection: PGconn) -> None:
        self._connection = connection
        self._asked_at = 0.0
        self._is_asking = False
        self.answered_at = 0.0
        """When the last question was asked that has been answered."""

    def ask(self, now: float) -> None:
        if not self._is_asking and now - self._asked_at >= BEAT_SECONDS:
            self._connection.send_query(b"SELECT 1")
            self._connection.flush()
            self._asked_at, self._is_asking = now, True

    def take(self) -> list[int]:
        """Read what has come; gives the news in it."""
        connection = self._connection
        connection.consume_input()
        while self._is_asking and not connection.is_busy():
            if connection.get_result() is None:
                self.answered_at, self._is_asking = self._asked_at, False
        found = []
        while (notice := connection.notifies()) is not None:
            found.append(int(notice.extra))
        return found
