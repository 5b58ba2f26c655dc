"""Copies a node's state to one file while the node runs, and puts such a file back in its place.

A copy is an ordinary state file of one instant, with everything that was on disk by then. It is
checked whole before it is called a backup, and again before it is put back: the file's pages, every
entry against the ledger's head, and what limits have counted against the entries. What it replaces
is moved aside, never deleted. The backup itself is only read: it may lie on a medium that cannot be
written, and whoever keeps its digest finds it again.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sekisho.errors import LedgerError, NodeError
from sekisho.ledger.entry import parse_entry
from sekisho.ledger.merkle import Tree, parse_frontier
from sekisho.ledger.recounting import Recount
from sekisho.ledger.spans import StoredEntry
from sekisho.ledger.verify import verify_ledger
from sekisho.model.names import PartyId
from sekisho.store.folder import PRIVATE_FOLDER_MODE, SECRET_MODE, StateLock, sync_folder
from sekisho.store.recount import payload_of, read_kept
from sekisho.store.sqlite import check_pages, version_of

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file; the first holds commits that are not in it yet."""
_UNFINISHED = ("-wal", "-journal")
"""What, beside a file, says that the file alone is not the whole database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup holds."""

    path: Path
    entries: int
    root: str
    """Of the ledger, in hex."""
    last_at: str
    """Instant of the ledger's last entry; empty when there is none."""


def back_up(state: Path, path: Path) -> BackedUp:
    """Copy a state, which may be in use, to a file that must not be there yet.

    Raises:
        NodeError: There is no state, the file is there already, or it cannot be written.
        LedgerError: The copy does not hold; no file is left then.
    """
    if not state.is_file():
        raise NodeError(f"`{state}` is not there", hint="run `sekisho init` in this folder")
    with _new_file(path) as beside, closing(_open(state)) as source:
        _copy(source, beside, shown=state)
        return _checked(beside, shown=path)


def restore(path: Path, state: Path, *, party: PartyId, replace: bool) -> BackedUp:
    """Put a backup in a state's place; the node must not run.

    Args:
        path: What `back_up` has written.
        state: Where the node's state is, or was.
        party: Whose node this is.
        replace: Whether a state that is there may be moved aside.

    Raises:
        NodeError: The node runs, a state is there and shall not be moved, or the backup is
            another company's or another release's.
        LedgerError: The backup does not hold; nothing is changed then.
    """
    if not path.is_file():
        raise NodeError(f"`{path}` is not there")
    try:
        state.parent.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise _trouble(state.parent, "cannot be made", error) from error
    with StateLock(state):
        if state.exists() and not replace:
            raise NodeError(
                f"there is a state at `{state}`",
                hint="look at it with `sekisho ledger verify`, then move it aside with --replace",
            )
        beside = state.with_name(f".{state.name}.{os.getpid()}.new")
        try:
            with closing(_open_whole(path)) as source:
                _copy(source, beside, shown=path)
            found = _checked(beside, shown=path)
            _check_party(beside, party)
            _move_aside(state)
            beside.replace(state)
            sync_folder(state.parent)
        except OSError as error:
            raise _trouble(state, "cannot be written", error) from error
        finally:
            beside.unlink(missing_ok=True)
    return found


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a file beside, which becomes the one that is meant only once it is whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield beside
        # A link, unlike a rename, never takes the place of what is there.
        path.hardlink_to(beside)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise NodeError(f"`{path}` is there already", hint="name another file") from error
    except OSError as error:
        raise _trouble(path, "cannot be written", error) from error
    finally:
        beside.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: Path, *, shown: Path) -> None:
    """Copy a database as it is at one instant, and bring the copy onto the disk."""
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, SECRET_MODE)
    try:
        with closing(sqlite3.connect(target)) as other:
            # In one step: it reads one snapshot, and does not hold the node's writer up.
            source.backup(other)
            # The copy shall be one file, whatever the journal of the state.
            other.execute("PRAGMA journal_mode = DELETE").fetchone()
        os.fsync(descriptor)
    except sqlite3.DatabaseError as error:
        raise _unreadable(shown, error) from error
    finally:
        os.close(descriptor)


def _checked(path: Path, *, shown: Path) -> BackedUp:
    try:
        with closing(_open(path)) as db:
            if not version_of(db) > 0:
                raise NodeError(f"`{shown}` is not a node's state")
            check_pages(db)
            size, frontier, last_at = db.execute(
                "SELECT size, frontier, last_at FROM head"
            ).fetchone()
            head = _head(size, frontier)
            verify_ledger(_entries(db), head=head)
            _recount(db)
    except sqlite3.DatabaseError as error:
        raise _unreadable(shown, error) from error
    return BackedUp(path=shown, entries=size, root=head.root().hex(), last_at=last_at)


def _head(size: int, frontier: bytes) -> Tree:
    try:
        return parse_frontier(size, frontier)
    except ValueError as error:
        raise LedgerError(f"the ledger's head cannot be read: {error}") from error


def _recount(db: sqlite3.Connection) -> None:
    """Hold counters to the entries: one that was lowered would open a limit again."""
    recount = Recount(read_kept(db), partial(payload_of, db))
    for stored in _entries(db):
        if not stored.is_pruned:
            recount.take(parse_entry(stored.body, index=stored.index))
    recount.check()


def _entries(db: sqlite3.Connection) -> Iterator[StoredEntry]:
    for index, salt, body, leaf in db.execute(
        "SELECT idx, salt, body, leaf FROM entries ORDER BY idx"
    ):
        yield StoredEntry(index=index, salt=salt, body=body, leaf=leaf)


def _check_party(path: Path, party: PartyId) -> None:
    """Every answer in a company's ledger is one that it gave or got."""
    with closing(_open(path)) as db:
        row = db.execute(
            "SELECT provider, consumer FROM channels WHERE provider <> ?1 AND consumer <> ?1",
            (party,),
        ).fetchone()
    if row is not None:
        raise NodeError(f"the backup is not of `{party}`: it holds answers of {row[0]} to {row[1]}")


def _move_aside(state: Path) -> None:
    """Move a state and what SQLite keeps beside it into a folder of their own.

    What lies beside goes even where the state itself is gone: a new file must never be read with
    the commits of an old one.
    """
    found = [path for path in _files(state) if path.exists()]
    if not found:
        return
    number = 1
    while (folder := state.with_name(f"replaced-{number}")).exists():
        number += 1
    folder.mkdir(mode=PRIVATE_FOLDER_MODE)
    for path in found:
        path.rename(folder / path.name)
    sync_folder(folder)


def _files(state: Path) -> tuple[Path, ...]:
    return (state, *(state.with_name(f"{state.name}{end}") for end in _BESIDE))


def _open_whole(path: Path) -> sqlite3.Connection:
    """Open a file that nobody changes, and that holds everything, without a trace on its medium."""
    for end in _UNFINISHED:
        beside = path.with_name(f"{path.name}{end}")
        if beside.exists() and beside.stat().st_size:
            raise NodeError(
                f"`{path}` is no backup: `{beside.name}` beside it holds a part of it",
                hint="restore a file that `sekisho state backup` has written",
            )
    return _open(path, "mode=ro&immutable=1")


def _open(path: Path, how: str = "mode=rw") -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


def _unreadable(path: Path, error: sqlite3.DatabaseError) -> LedgerError | NodeError:
    if error.sqlite_errorcode in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return LedgerError(f"`{path}` is damaged: {error}")
    return NodeError(f"`{path}` cannot be read or copied: {error}", hint="check the disk")


def _trouble(path: Path, what: str, error: OSError) -> NodeError:
    return NodeError(f"`{path}` {what}: {(error.strerror or str(error)).lower()}")
