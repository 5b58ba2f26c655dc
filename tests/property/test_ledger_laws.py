"""Laws of the ledger: trees equal the definition, records equal RFC 8785, one byte is enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents.canonical import canonical_json
from sekisho.errors import DocumentError, LedgerError
from sekisho.ledger.bodies import Closed, Cut, CutReason, Refused, RequestEvidence
from sekisho.ledger.checkpoint import Checkpoint, checkpoint_text, parse_checkpoint
from sekisho.ledger.entry import Entry, Link, entry_bytes, parse_entry
from sekisho.ledger.merkle import EMPTY_ROOT, Tree, entry_hash, node_hash
from sekisho.ledger.record import parse_record, record_bytes
from sekisho.ledger.spans import StoredEntry
from sekisho.ledger.verify import verify_ledger
from support.state import CHANNEL

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
COUNTS = st.integers(0, 2**53 - 1)
RECORDS = st.dictionaries(
    st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True),
    st.one_of(TEXT, COUNTS, st.booleans(), st.lists(TEXT, max_size=3)),
    max_size=6,
)
BODIES = st.one_of(
    st.builds(
        Refused,
        request=TEXT,
        nonce=TEXT,
        purpose=TEXT,
        sql=TEXT,
        evidence=st.sampled_from(RequestEvidence),
        reason=TEXT,
        clause=TEXT,
    ),
    st.builds(Closed, ends=COUNTS, rows=COUNTS, bytes=COUNTS, blake3=TEXT),
    st.builds(Cut, ends=COUNTS, reason=st.sampled_from(CutReason), rows=COUNTS, bytes=COUNTS),
)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_a_grown_tree_has_the_root_of_the_definition(leaves):
    tree = Tree()
    for leaf in leaves:
        tree = tree.append(leaf)
    assert tree.root() == naive_root(leaves)
    assert tree.size == len(leaves)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.integers(0, 4))
def test_a_tree_that_is_put_together_of_parts_is_the_one_that_was_grown(leaves, level):
    parts, grown, whole = 1 << level, Tree(), Tree()
    for leaf in leaves:
        grown = grown.append(leaf)
    for start in range(0, len(leaves), parts):
        part = Tree()
        for leaf in leaves[start : start + parts]:
            part = part.append(leaf)
        whole = whole.extend(part)
    assert whole == grown


@given(RECORDS)
def test_records_are_written_as_rfc_8785_writes_them(record):
    assert record_bytes(record) == canonical_json(record)
    assert parse_record(record_bytes(record)) == record


@given(BODIES, COUNTS, COUNTS)
def test_an_entry_is_read_back_as_it_was_written(body, index, seq):
    link = Link(channel=CHANNEL, seq=seq, previous="ab" * 32)
    entry = Entry(index=index, at="2026-12-01T05:00:00.123Z", link=link, body=body)
    assert parse_entry(entry_bytes(entry)) == entry


@given(st.binary(max_size=80))
def test_bytes_that_are_no_entry_are_refused_and_nothing_else_happens(data):
    with pytest.raises(LedgerError):
        parse_entry(data)


@given(st.text(max_size=60))
def test_text_that_is_no_checkpoint_is_refused_or_is_its_own_spelling(text):
    try:
        checkpoint = parse_checkpoint(text)
    except DocumentError:
        return
    assert checkpoint_text(checkpoint) == text


@given(COUNTS, st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_back_as_it_was_written(size, root):
    checkpoint = Checkpoint(origin="ua.example/sekisho-ledger", size=size, root=root)
    assert parse_checkpoint(checkpoint_text(checkpoint)) == checkpoint


def ledger_of(count: int) -> tuple[list[StoredEntry], Tree]:
    tree, previous, stored = Tree(), "", []
    for index in range(count):
        body = Refused(
            request="sha256:" + "cd" * 32,
            nonce=f"{index:032x}",
            purpose="reliability",
            sql="SELECT 1",
            evidence=RequestEvidence.SIGNED,
            reason="COLUMN_NOT_GRANTED",
            clause="",
        )
        link = Link(channel=CHANNEL, seq=index, previous=previous)
        data = entry_bytes(Entry(index=index, at="2026-12-01T05:00:00.123Z", link=link, body=body))
        leaf = entry_hash(bytes(32), data)
        stored.append(StoredEntry(index=index, salt=bytes(32), body=data, leaf=leaf))
        tree, previous = tree.append(leaf), leaf.hex()
    return stored, tree


@given(st.data())
def test_any_byte_of_any_stored_entry_that_changes_is_found_and_its_entry_named(data):
    entries, head = ledger_of(5)
    index = data.draw(st.integers(0, 4))
    field = data.draw(st.sampled_from(["salt", "body", "leaf"]))
    old = getattr(entries[index], field)
    place = data.draw(st.integers(0, len(old) - 1))
    flip = data.draw(st.integers(1, 255))
    new = old[:place] + bytes([old[place] ^ flip]) + old[place + 1 :]
    parts = {name: getattr(entries[index], name) for name in ("index", "salt", "body", "leaf")}
    entries[index] = StoredEntry(**(parts | {field: new}))
    with pytest.raises(LedgerError) as caught:
        verify_ledger(entries, head=head)
    assert caught.value.index == index
