"""What limits have counted, during one batch of writes: each count is read once and written once.

Many answers of one contract open and close in a batch, and each looks at the same few counts.
"""

from collections.abc import Iterable

from sekisho.ledger.charging import Count
from sekisho.store.database import Connection


class Counts:
    """The table `charges` inside one transaction."""

    __slots__ = ("_changed", "_db", "_known", "changes")

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[Count, int] = {}
        self._changed: set[Count] = set()
        self.changes = 0
        """Grows with everything that is added."""

    def used(self, counts: Iterable[Count]) -> int:
        """Sum up what some counts have reached."""
        return sum(map(self._read, counts))

    def add(self, count: Count, amount: int) -> None:
        """Raise a count, or lower it by what was reserved and not needed.

        Raises:
            ValueError: It would fall below nothing, which must never happen.
        """
        now = self._read(count) + amount
        if now < 0:
            message = "more would be given back than was charged"
            raise ValueError(message)
        self._known[count] = now
        self._changed.add(count)
        self.changes += 1

    def flush(self) -> None:
        """Write what has changed."""
        if self._changed:
            self._db.executemany(
                "INSERT INTO charges (root, consumer, name, started, used) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (root, name, started, consumer) DO UPDATE SET used = excluded.used",
                [(*count, self._known[count]) for count in sorted(self._changed)],
            )
            self._changed.clear()

    def forget(self) -> None:
        """Read everything anew; what was not written is undone."""
        self._known.clear()
        self._changed.clear()

    def _read(self, count: Count) -> int:
        if count not in self._known:
            row = self._db.execute(
                "SELECT used FROM charges"
                " WHERE root = ? AND consumer = ? AND name = ? AND started = ?",
                count,
            ).fetchone()
            self._known[count] = int(row[0]) if row else 0
        return self._known[count]
