"""Checkpoints as C2SP spells them."""

import pytest

from sekisho.errors import DocumentError
from sekisho.ledger.checkpoint import (
    Checkpoint,
    checkpoint_of,
    checkpoint_text,
    origin_of,
    parse_checkpoint,
)
from sekisho.ledger.merkle import Tree, leaf_hash
from sekisho.model.names import PartyId

EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_a_checkpoint_is_three_lines():
    origin = origin_of(PartyId("ua.example"))
    text = checkpoint_text(checkpoint_of(Tree(), origin=origin))
    assert text == f"ua.example/sekisho-ledger\n0\n{EMPTY}\n"


def test_the_head_of_a_tree_is_read_back():
    checkpoint = checkpoint_of(Tree().append(leaf_hash(b"")), origin="ua.example/sekisho-ledger")
    assert parse_checkpoint(checkpoint_text(checkpoint)) == checkpoint


def test_further_lines_are_kept():
    checkpoint = Checkpoint(origin="a", size=1, root=bytes(32), extensions=("more",))
    assert parse_checkpoint(checkpoint_text(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "three lines"),
        (f"a\n1\n{EMPTY}", "three lines"),
        (f"a\n1\n{EMPTY}\nmore", "not ended"),
        (f"a\n01\n{EMPTY}\n", "leading zeros"),
        (f"a\n-1\n{EMPTY}\n", "decimal"),
        (f"a\n１\n{EMPTY}\n", "decimal"),
        ("a\n1\n???\n", "base64"),
        (f"a\n1\n{EMPTY[:-2]}V=\n", "base64"),
        ("a\n1\nAAAA\n", "32 bytes"),
        (f"\n1\n{EMPTY}\n", "not empty"),
        (f"a\n1\n{EMPTY}\n\n", "not empty"),
    ],
)
def test_any_other_spelling_is_refused(text, words):
    with pytest.raises(DocumentError, match=words):
        parse_checkpoint(text)
