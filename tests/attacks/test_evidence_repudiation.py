"""A company revokes its keys so that what it asked for and signed counts no more.

expect: spec/evidence.md, section 4, rule 3: what stands ahead of the revocation holds
effect: requests, and the contract itself, would fall out of the other side's evidence
source: spec/documents.md once let revoked signatures count no more, whenever they were made
"""

import pytest

from support.evidence import MAKER, Book, renewed, successor

NEW = renewed(MAKER, people=True)
REVOKES = successor(MAKER, NEW, revoked=(MAKER.node.public, MAKER.people.public))
BACK_DATED = successor(MAKER, NEW, revoked=(MAKER.node.public, MAKER.people.public), minutes=-9_999)


@pytest.mark.parametrize("document", [REVOKES, BACK_DATED], ids=["now", "back-dated"])
def test_what_was_asked_and_signed_before_stays_proven(document):
    book = Book(documents=[document]).agreed()
    for _ in range(3):
        book.answer()
    index = book.learns(document, MAKER)
    found = book.verified()
    assert [item.state for item in found.answers] == ["answered"] * 3
    held = {item.public: (item.index, item.held) for item in found.revoked}
    assert held == {MAKER.node.public: (index, 3), MAKER.people.public: (index, 1)}


def test_a_document_handed_to_the_auditor_alone_does_not_undo_what_the_ledger_records():
    book = Book(documents=[REVOKES]).agreed()
    book.answer()
    book.learns(REVOKES, MAKER)
    assert book.verified(REVOKES, maker=REVOKES.digest).answers


def test_a_second_revocation_does_not_move_the_first():
    newest = renewed(NEW)
    third = successor(
        NEW, newest, version=3,
        revoked=(MAKER.node.public, MAKER.people.public, NEW.node.public),
    )  # fmt: skip
    book = Book(documents=[REVOKES, third]).agreed()
    book.answer()
    first = book.learns(REVOKES, MAKER)
    book.answer(NEW.node)
    second = book.learns(third, MAKER, version=3)
    found = {item.public: item.index for item in book.verified().revoked}
    assert found[MAKER.node.public] == first
    assert found[NEW.node.public] == second
