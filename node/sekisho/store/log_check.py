"""Checks the write-ahead log that a fall left, before SQLite reads it.

SQLite takes a log's frames up to the first that does not fit its sum, and drops the rest without a
word: what a fall tore must go. But a byte that was altered in the middle would take every commit
after it along, which were acknowledged. The two are told apart by what follows: a node syncs each
commit before it begins the next, so that after a torn frame there is at most the end of the one
commit that it belongs to.

Source:
    The WAL format, https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sekisho.errors import LedgerError, NodeError

_HEADER: Final = 32
_FRAME: Final = 24
_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}
"""`struct`'s sign for the words of sums, by what a log begins with."""
_MASK: Final = 0xFFFFFFFF
_Sum = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Log:
    data: bytes
    page_bytes: int
    salts: bytes
    order: str
    """How the words of sums are read."""
    sum: _Sum

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Give each frame of this log's own, header and page; those of older ones are passed by."""
        size = _FRAME + self.page_bytes
        for start in range(_HEADER, len(self.data) - size + 1, size):
            header = self.data[start : start + _FRAME]
            if header[8:16] == self.salts:
                yield header, self.data[start + _FRAME : start + size]


def check_log(path: Path) -> None:
    """Check the log beside a state file, if there is one; nothing is changed.

    Raises:
        LedgerError: Commits that were acknowledged would be dropped.
        NodeError: It cannot be read.
    """
    beside = path.with_name(f"{path.name}-wal")
    try:
        data = beside.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise NodeError(f"`{beside}` cannot be read: {(error.strerror or '').lower()}") from error
    if len(data) <= _HEADER + _FRAME:
        return
    log = _parse(data)
    if log is None:
        raise _damaged(f"`{beside}` does not begin as a log")
    if _commits_after_first_bad_frame(log) > 1:
        raise _damaged(f"`{beside}` was altered before its end")


def _parse(data: bytes) -> _Log | None:
    magic, _, page_bytes = struct.unpack_from(">III", data)
    order = _MAGIC.get(magic)
    if order is None:
        return None
    found = _add((0, 0), data[: _HEADER - 8], order)
    if found != struct.unpack_from(">II", data, _HEADER - 8):
        return None
    return _Log(data, page_bytes, data[16:24], order, found)


def _commits_after_first_bad_frame(log: _Log) -> int:
    total, commits, is_whole = log.sum, 0, True
    for header, page in log.frames():
        stored = struct.unpack_from(">II", header, 16)
        if is_whole:
            total = _add(_add(total, header[:8], log.order), page, log.order)
            is_whole = total == stored
        # The second word tells the file's pages after a commit, and is 0 in every other frame.
        if not is_whole and header[4:8] != bytes(4):
            commits += 1
    return commits


def _add(total: _Sum, data: bytes, order: str) -> _Sum:
    first, second = total
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, other in zip(words, words, strict=True):
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second


def _damaged(message: str) -> LedgerError:
    return LedgerError(
        f"the state file is damaged: {message}",
        hint="keep the files as they are and restore the latest backup beside them",
    )
