"""proof_10m: one proof over a ledger of ten million entries, made from disk.

The entries are made up: leaves that are hashes of their numbers, without text, in the node's own
tables. The figure is the 99th percentile of inclusion and consistency proofs between random entries
and sizes, each of which is verified.
"""

import random
import sqlite3
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from figures import Figure, figure

from sekisho.ledger.merkle import Tree, frontier_bytes
from sekisho.ledger.proofs import Proof, is_consistent, is_included
from sekisho.ledger.tiles import WIDTH, completed_by
from sekisho.store.connections import Readers
from sekisho.store.state import open_state
from sekisho.store.transaction import add_subtrees
from sekisho.store.tree import TreeStore

ENTRIES, PROOFS, BATCH = 10_000_000, 500, 100_000
AIM_MILLISECONDS = 10


def measure(root: Path) -> list[Figure]:
    """Give milliseconds a proof."""
    path = root / "node.db"
    open_state(path, now=datetime.now(UTC), founding=True).close()
    tree = _fill(path)
    readers = Readers(path)
    store = TreeStore(readers)
    draw = random.Random(7)
    times, sizes = [], []
    for number in range(PROOFS):
        seconds, proof = (_included if number % 2 else _grown)(store, tree, draw)
        times.append(seconds * 1_000)
        sizes.append(len(proof))
    readers.close()
    print(f"proofs of {max(sizes)} hashes at most, {32 * max(sizes)} bytes", flush=True)
    print(f"median {statistics.median(times):.2f} ms", flush=True)
    slowest = statistics.quantiles(times, n=100)[-1]
    return [figure("proof_10m", slowest, unit="ms", aim=f"<= {AIM_MILLISECONDS}")]


def _included(store: TreeStore, tree: Tree, draw: random.Random) -> tuple[float, Proof]:
    index = draw.randrange(tree.size)
    started = time.perf_counter()
    proof = store.inclusion(index, tree.size)
    seconds = time.perf_counter() - started
    assert is_included(_leaf(index), index=index, size=tree.size, proof=proof, root=tree.root())
    return seconds, proof


def _grown(store: TreeStore, tree: Tree, draw: random.Random) -> tuple[float, Proof]:
    old = draw.randrange(1, tree.size)
    started = time.perf_counter()
    proof = store.consistency(old, tree.size)
    seconds = time.perf_counter() - started
    old_root = store.root(old)
    assert is_consistent(proof, old=old, new=tree.size, old_root=old_root, new_root=tree.root())
    return seconds, proof


def _fill(path: Path) -> Tree:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    tree = Tree()
    while tree.size < ENTRIES:
        db.execute("BEGIN")
        start, tree = tree.size, _append(db, tree)
        db.executemany(
            "INSERT INTO entries (idx, kind, salt, body, leaf) VALUES (?, 'refused', x'', x'', ?)",
            _rows(start, tree.size),
        )
        db.execute("COMMIT")
    db.execute("UPDATE head SET size = ?, frontier = ?", (tree.size, frontier_bytes(tree)))
    db.close()
    return tree


def _append(db: sqlite3.Connection, tree: Tree) -> Tree:
    for index in range(tree.size, tree.size + BATCH):
        leaf = _leaf(index)
        if tree.size % WIDTH == WIDTH - 1:
            add_subtrees(db, completed_by(tree, leaf))
        tree = tree.append(leaf)
    return tree


def _rows(start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    return ((index, _leaf(index)) for index in range(start, stop))


def _leaf(index: int) -> bytes:
    return sha256(index.to_bytes(8, "big")).digest()
