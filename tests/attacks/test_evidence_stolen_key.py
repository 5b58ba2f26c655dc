"""A keeper has a consumer's key that was stolen and revoked, and writes requests with it.

expect: spec/evidence.md, section 4, rules 3 and 4
effect: the consumer would be shown to have asked what it never asked
source: a signature does not say when it was made
"""

import pytest

from sekisho.errors import EvidenceError
from support.evidence import DL, MAKER, Book, renewed, successor

STOLEN = MAKER.node
NEW = renewed(MAKER)
REVOKES = successor(MAKER, NEW, revoked=(STOLEN.public,), minutes=10)


def test_a_request_behind_the_recorded_revocation_is_not_believed():
    book = Book(documents=[REVOKES]).agreed()
    index = book.learns(REVOKES, MAKER)
    book.answer(STOLEN)
    with pytest.raises(EvidenceError, match=f"that entry {index} revokes"):
        book.verified()


def test_hiding_the_entry_that_records_the_revocation_makes_it_worse():
    book = Book(documents=[REVOKES]).agreed()
    index = book.learns(REVOKES, MAKER)
    book.answer(STOLEN)
    book.hide(index)
    with pytest.raises(EvidenceError, match="no entry records that document") as failed:
        book.verified()
    assert "newer file" in failed.value.hint


def test_a_keeper_that_never_recorded_it_is_held_to_what_others_had_seen():
    book = Book().agreed()
    book.cosigned(DL, minutes=9)
    book.answer(STOLEN)
    with pytest.raises(EvidenceError, match="nobody else had seen entry 4 before"):
        book.verified(REVOKES)


def test_a_neighbour_that_is_shown_the_forgery_afterwards_proves_nothing():
    book = Book().agreed()
    book.answer(STOLEN)
    book.cosigned(DL, minutes=11)
    with pytest.raises(EvidenceError, match="nobody else had seen"):
        book.verified(REVOKES)


def test_the_stolen_key_does_not_cosign_for_its_owner():
    book = Book().agreed()
    book.answer(STOLEN)
    book.cosigned(MAKER, minutes=5)  # the keeper writes what it likes
    with pytest.raises(EvidenceError, match="nobody else had seen"):
        book.verified(REVOKES)


def test_a_forgery_that_is_put_ahead_of_the_revocation_is_told_apart():
    """What no place can refute is named: the auditor sees that the keeper alone vouches for it."""
    book = Book(documents=[REVOKES]).agreed()
    book.answer()
    book.cosigned(DL, minutes=9)
    book.answer(STOLEN)
    book.learns(REVOKES, MAKER)
    (key,) = book.verified().revoked
    assert (key.held, key.unseen) == (2, 1)
