"""Statement handles: known to this node alone, bound to one caller, used once, short-lived."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sekisho.errors import TrustError

HANDLE_BYTES = 32
LIFETIME_SECONDS = 60.0
"""Between GetFlightInfo and DoGet."""
MAX_TICKETS_EACH = 200
"""Handles kept of one caller, whose oldest go first: nobody fills the memory or ousts others."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued(Generic[T]):
    expires: float
    value: T


class Tickets(Generic[T]):
    """Handles and what they stand for; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Start empty; `monotonic` gives seconds that never step back."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._issued: dict[str, OrderedDict[bytes, _Issued[T]]] = {}

    def issue(self, value: T, *, bound_to: str) -> bytes:
        """Give a handle for a value, for one caller."""
        handle = secrets.token_bytes(HANDLE_BYTES)
        expires = self._monotonic() + LIFETIME_SECONDS
        with self._lock:
            own = self._issued.setdefault(bound_to, OrderedDict())
            own[handle] = _Issued(expires=expires, value=value)
            if len(own) > MAX_TICKETS_EACH:
                own.popitem(last=False)
        return handle

    def take(self, handle: bytes, *, bound_to: str) -> T:
        """Use a handle up.

        Raises:
            TrustError: It is unknown, used, expired, or another caller's; all look alike.
        """
        with self._lock:
            issued = self._issued.get(bound_to, OrderedDict()).pop(handle, None)
        if issued is not None and self._monotonic() < issued.expires:
            return issued.value
        msg = "the ticket is not one of this caller's"
        raise TrustError(msg, step="ticket", hint="ask GetFlightInfo for a new one")

    def drop(self, handle: bytes, *, bound_to: str) -> bool:
        """Forget a handle; tells whether there was one."""
        with self._lock:
            return self._issued.get(bound_to, OrderedDict()).pop(handle, None) is not None
