"""Entries, leaves, roots and checkpoint of the vectors, for those who write their own verifier."""

import json
from pathlib import Path

from sekisho.ledger.checkpoint import checkpoint_of, checkpoint_text
from sekisho.ledger.entry import entry_bytes, parse_entry
from sekisho.ledger.merkle import Tree
from sekisho.ledger.spans import StoredEntry
from sekisho.ledger.verify import verify_ledger

ROOT = Path(__file__).parents[3]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "ledger" / "entries.json").read_text())


def test_the_vectors_are_a_ledger_that_holds():
    tree = Tree()
    stored = []
    for index, vector in enumerate(VECTORS["entries"]):
        data = vector["entry"].encode()
        leaf = bytes.fromhex(vector["leaf"])
        salt = bytes.fromhex(vector["salt"])
        stored.append(StoredEntry(index=index, salt=salt, body=data, leaf=leaf))
        tree = tree.append(leaf)
        assert entry_bytes(parse_entry(data)) == data
        assert tree.root().hex() == vector["root"]
    verify_ledger(stored, head=tree)
    text = checkpoint_text(checkpoint_of(tree, origin="ua.example/sekisho-ledger"))
    assert text == VECTORS["checkpoint"]


def test_the_specification_shows_the_vectors():
    page = (ROOT / "docs" / "spec" / "ledger.md").read_text()
    for vector in VECTORS["entries"]:
        assert vector["entry"] in page
    assert VECTORS["entries"][0]["leaf"] in page
    assert VECTORS["checkpoint"] in page
