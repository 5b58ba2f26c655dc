"""Many indexes of entries, in few words: `12` is one, `12-40` the stretch from 12 to 40."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Indexes:
    """A set of indexes as stretches; what is added must come in order."""

    __slots__ = ("_starts", "_stops")

    def __init__(self, indexes: Iterable[int] = ()) -> None:
        """Take indexes, in order."""
        self._starts: list[int] = []
        self._stops: list[int] = []
        for index in indexes:
            self.add(index)

    def add(self, first: int, last: int | None = None) -> None:
        """Add one, or a stretch with both of its ends.

        Raises:
            ValueError: It is not after all that were added before, or its ends are not in order.
        """
        stop = (first if last is None else last) + 1
        if stop <= first or (self._stops and first < self._stops[-1]) or first < 0:
            message = "indexes are not in order"
            raise ValueError(message)
        if self._stops and self._stops[-1] == first:
            self._stops[-1] = stop
        else:
            self._starts.append(first)
            self._stops.append(stop)

    def __contains__(self, index: int) -> bool:
        """Tell whether an index was added."""
        at = bisect_right(self._starts, index) - 1
        return at >= 0 and index < self._stops[at]

    def __len__(self) -> int:
        """Count the indexes."""
        return sum(self._stops) - sum(self._starts)

    def __iter__(self) -> Iterator[int]:
        """Give each index, in order."""
        for start, stop in self.stretches():
            yield from range(start, stop)

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Give each stretch: its first index, and the one after its last."""
        return zip(self._starts, self._stops, strict=True)

    def texts(self) -> tuple[str, ...]:
        """Write the stretches."""
        return tuple(
            str(start) if stop == start + 1 else f"{start}-{stop - 1}"
            for start, stop in self.stretches()
        )


def parse_indexes(texts: Iterable[str]) -> Indexes:
    """Read stretches as `Indexes.texts` writes them.

    Raises:
        ValueError: They are not in order, or not in that spelling.
    """
    found = Indexes()
    written = tuple(texts)
    for text in written:
        first, dash, last = text.partition("-")
        if not all(part.isascii() and part.isdecimal() for part in (first, last if dash else "0")):
            message = "not a stretch of indexes"
            raise ValueError(message)
        found.add(int(first), int(last) if dash else None)
    if found.texts() != written:
        message = "not the spelling of these indexes"
        raise ValueError(message)
    return found
