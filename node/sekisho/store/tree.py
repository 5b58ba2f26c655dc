"""The ledger's tree as it is kept: proofs from a few hundred hashes, however long the ledger is."""

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import Tree
from sekisho.ledger.proofs import Proof, consistency_subtrees, inclusion_subtrees
from sekisho.ledger.tiles import WIDTH, Subtree, completed_by, root_over
from sekisho.store.connections import Readers
from sekisho.store.database import Connection, chunks
from sekisho.store.transaction import add_subtrees

_BATCH = 1_000
"""Subtrees that are written at once while those of an older state are made."""
_PAGE = 10_000
"""Leaves that are read at once then."""


class TreeStore:
    """Roots and proofs of the ledger at every size that it has had."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def root(self, size: int) -> bytes:
        """Give the root that the ledger had at a size.

        Raises:
            LedgerError: It has fewer entries, or a hash is missing.
        """
        return self._roots((range(size),))[0]

    def inclusion(self, index: int, size: int) -> Proof:
        """Prove that an entry is in the ledger of a size.

        Raises:
            ValueError: It is not.
            LedgerError: A hash is missing.
        """
        return self._roots(inclusion_subtrees(index, size))

    def consistency(self, old: int, new: int) -> Proof:
        """Prove that the ledger of one size begins with that of another.

        Raises:
            LedgerError: A hash is missing.
        """
        # Every ledger begins with the empty one and with itself, which needs no hash.
        return self._roots(consistency_subtrees(old, new)) if 0 < old < new else ()

    def _roots(self, subtrees: tuple[range, ...]) -> Proof:
        with self._readers.connection() as db:
            try:
                return tuple(root_over(item, lambda *at: _read(db, *at)) for item in subtrees)
            except ValueError as error:
                raise LedgerError(f"the ledger's tree is not whole: {error}") from error


def complete_subtrees(db: Connection) -> None:
    """Make the subtrees that a state of an earlier release has not; inside a transaction."""
    (size,) = db.execute("SELECT size FROM head").fetchone()
    (kept,) = db.execute("SELECT count(*) FROM subtrees WHERE level = 1").fetchone()
    if kept == size // WIDTH:
        return
    db.execute("DELETE FROM subtrees")
    tree = Tree()
    made: list[Subtree] = []
    select = "SELECT idx, leaf FROM entries WHERE idx > ? ORDER BY idx LIMIT ?"
    for _, leaf in chunks(db, select, after=-1, size=_PAGE):
        if tree.size % WIDTH == WIDTH - 1:
            made.extend(completed_by(tree, leaf))
        tree = tree.append(leaf)
        if len(made) >= _BATCH:
            add_subtrees(db, made)
            made.clear()
    add_subtrees(db, made)


def _read(db: Connection, level: int, at: range) -> list[bytes]:
    """Read hashes of one level; those of the entries themselves are level 0."""
    if level == 0:
        rows = db.execute(
            "SELECT leaf FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx",
            (at.start, at.stop),
        )
    else:
        rows = db.execute(
            "SELECT root FROM subtrees WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
            (level, at.start, at.stop),
        )
    return [bytes(row[0]) for row in rows.fetchall()]
