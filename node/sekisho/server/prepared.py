"""Prepared statements: a query's text and bound values, kept for one caller under a random handle.

Nothing is decided here: whatever a statement stands for is decided anew each time it is run.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from sekisho.errors import TrustError
from sekisho.model.parameters import Parameter
from sekisho.model.query import QueryText
from sekisho.server.tickets import HANDLE_BYTES

MAX_STATEMENTS_EACH = 100
"""Open statements of one caller, whose least recently used goes first: a tool that never closes any
goes on working, and holds 6.4 MB of text and 100 MB of values at the very most."""
IDLE_SECONDS = 3_600.0
"""A statement that is not used for so long is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a call's headers say beside the query."""

    contract: str
    """As its caller wrote it; empty where it is left out."""
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedStatement:
    """One query that was prepared."""

    asked: Asked
    sql: str
    names: tuple[str, ...]
    """Of its parameters."""
    parameters: tuple[Parameter, ...] = ()
    """What was bound last; each of `names` before it runs."""

    @property
    def text(self) -> QueryText:
        """The query with its values."""
        return QueryText(sql=self.sql, parameters=self.parameters)


class Statements:
    """Prepared statements by caller and handle; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Start empty; `monotonic` gives seconds that never step back."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open: dict[str, OrderedDict[bytes, tuple[float, PreparedStatement]]] = {}

    def open(self, statement: PreparedStatement, *, bound_to: str) -> bytes:
        """Keep a statement for one caller, and give its handle."""
        handle = secrets.token_bytes(HANDLE_BYTES)
        with self._lock:
            own = self._open.setdefault(bound_to, OrderedDict())
            self._drop_idle(own)
            own[handle] = (self._monotonic(), statement)
            if len(own) > MAX_STATEMENTS_EACH:
                own.popitem(last=False)
        return handle

    def find(self, handle: bytes, *, bound_to: str) -> PreparedStatement:
        """Give an open statement, and count it as used.

        Raises:
            TrustError: It is unknown, closed, idle for too long, or another caller's; all look
                alike.
        """
        with self._lock:
            return self._use(handle, bound_to, parameters=None)

    def bind(self, handle: bytes, parameters: tuple[Parameter, ...], *, bound_to: str) -> None:
        """Replace the values of a statement's parameters.

        Raises:
            TrustError: As `find`.
        """
        with self._lock:
            self._use(handle, bound_to, parameters=parameters)

    def close(self, handle: bytes, *, bound_to: str) -> None:
        """Forget a statement; nothing happens where there is none."""
        with self._lock:
            self._open.get(bound_to, OrderedDict()).pop(handle, None)

    def _use(
        self, handle: bytes, bound_to: str, *, parameters: tuple[Parameter, ...] | None
    ) -> PreparedStatement:
        own = self._open.get(bound_to, OrderedDict())
        self._drop_idle(own)
        found = own.get(handle)
        if found is None:
            raise TrustError(
                "the prepared statement is not one of this caller's",
                step="statement",
                hint=f"prepare it again; {MAX_STATEMENTS_EACH} are kept, for an hour of idleness",
            )
        statement = found[1]
        if parameters is not None:
            statement = replace(statement, parameters=parameters)
        own[handle] = (self._monotonic(), statement)
        own.move_to_end(handle)
        return statement

    def _drop_idle(self, own: OrderedDict[bytes, tuple[float, PreparedStatement]]) -> None:
        """Close what was not used for long; the least recently used stands first."""
        before = self._monotonic() - IDLE_SECONDS
        while own and next(iter(own.values()))[0] < before:
            own.popitem(last=False)
