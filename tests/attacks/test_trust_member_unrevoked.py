"""An older member document is shown again, in which a key is not revoked yet.

expect: steps member.rollback, member.revoked and evidence.fingerprint
effect: a stolen key would count again, at a node or before an auditor
source: docs/spec/documents.md section 6
"""

import pytest

from sekisho.errors import EvidenceError, TrustError
from sekisho.trust.members import Members, verify_member
from support.evidence import MAKER, Book, first_of, renewed, successor
from support.parties import NOW

NEW = renewed(MAKER)
REVOKES = successor(MAKER, NEW, revoked=(MAKER.node.public,), minutes=-1)
TAKEN_BACK = successor(NEW, NEW, version=3, revoked=(), minutes=-1)


def believed(*envelopes):
    known = Members()
    for envelope in envelopes:
        known = known.add(verify_member(envelope, known=known, now=NOW))
    return known


def test_a_node_that_knows_of_the_revocation_keeps_to_it():
    known = believed(first_of(MAKER), REVOKES)
    again = known.add(verify_member(first_of(MAKER), known=known, now=NOW))
    assert again.latest(MAKER.name).member.version == 2
    assert again.is_revoked(MAKER.node.public)


def test_a_later_document_does_not_take_a_revocation_back():
    with pytest.raises(TrustError, match="takes a revocation back"):
        believed(first_of(MAKER), REVOKES, TAKEN_BACK)


def test_a_file_does_not_end_with_an_older_document():
    book = Book(documents=[REVOKES, TAKEN_BACK]).agreed()
    with pytest.raises(EvidenceError, match="takes a revocation back"):
        book.verified()


def test_a_file_without_the_document_that_was_compared_does_not_hold():
    book = Book().agreed()
    book.answer()
    with pytest.raises(EvidenceError, match=r"no member document of `maker\.example`") as failed:
        book.verified(maker=REVOKES.digest)
    assert "--document" in failed.value.hint


def test_with_the_document_at_hand_the_older_one_does_not_count():
    book = Book().agreed()
    book.answer()
    with pytest.raises(EvidenceError, match="no entry records that document"):
        book.verified(REVOKES)
