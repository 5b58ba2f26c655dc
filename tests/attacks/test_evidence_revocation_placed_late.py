"""A keeper records a revocation late, so that what it forged in between seems older.

expect: spec/evidence.md, section 4, rule 2: whoever took over a new key's signature knew of it
effect: requests by a stolen key would stand ahead of its revocation
source: the ledger's order is the keeper's to choose, but not against what it shows itself
"""

import pytest

from sekisho.errors import EvidenceError
from support.evidence import MAKER, Book, renewed, successor

NEW = renewed(MAKER)
REVOKES = successor(MAKER, NEW, revoked=(MAKER.node.public,))


def test_a_forgery_behind_a_request_by_the_new_key_is_not_believed():
    book = Book(documents=[REVOKES]).agreed()
    known = book.answer(NEW.node)
    book.answer(MAKER.node)
    book.learns(REVOKES, MAKER)
    with pytest.raises(EvidenceError, match=f"that entry {known} revokes"):
        book.verified()


def test_what_stood_ahead_of_the_new_keys_first_request_holds():
    book = Book(documents=[REVOKES]).agreed()
    book.answer(MAKER.node)
    known = book.answer(NEW.node)
    book.learns(REVOKES, MAKER)
    (key,) = book.verified().revoked
    assert (key.index, key.held) == (known, 1)


def test_a_key_that_only_a_later_document_lists_tells_as_much():
    later = renewed(NEW)
    third = successor(
        NEW, later, version=3, revoked=(MAKER.node.public, NEW.node.public), minutes=20
    )
    book = Book(documents=[REVOKES, third]).agreed()
    known = book.answer(later.node)
    book.answer(NEW.node)
    book.learns(REVOKES, MAKER)
    book.learns(third, MAKER, version=3)
    with pytest.raises(EvidenceError, match=f"that entry {known} revokes"):
        book.verified()


def test_a_later_revocation_is_not_taken_for_the_first():
    newest = renewed(NEW)
    third = successor(NEW, newest, version=3, revoked=(MAKER.node.public, NEW.node.public))
    book = Book(documents=[REVOKES, third]).agreed()
    first = book.learns(REVOKES, MAKER)
    book.answer(MAKER.node)
    book.learns(third, MAKER, version=3)
    book.hide(first)
    with pytest.raises(EvidenceError, match="the entry about version 2 of"):
        book.verified()
