"""The version of contracts and members that a process knows of."""

import threading


class Version:
    """A number that rises with every change; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = 0

    def __call__(self) -> int:
        """Give it as it is known now."""
        return self._value

    def advance(self, value: int) -> None:
        """Learn of a version; an older one changes nothing."""
        with self._lock:
            self._value = max(self._value, value)

    def reset(self) -> None:
        """Know of none, since the state may be another one."""
        with self._lock:
            self._value = 0
