"""A revoked key's signatures are evidence by their place: ahead of the revocation or not at all."""

from dataclasses import replace

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.documents.notice import build_notice
from sekisho.errors import EvidenceError
from sekisho.ledger.bodies import ContractChange, ContractEvent
from sekisho.model.notices import Notice, NoticeKind
from support.evidence import CHANNEL, DL, MAKER, PROPOSAL, UA, Book, at, renewed, successor

NEW = renewed(MAKER)
"""The consumer after it revoked its node's key."""
REVOKES = successor(MAKER, NEW, revoked=(MAKER.node.public,))
PEOPLE = renewed(MAKER, people=True)
"""The consumer after it revoked both its keys."""
REVOKES_BOTH = successor(MAKER, PEOPLE, revoked=(MAKER.node.public, MAKER.people.public))


def learned(document=REVOKES, *, answers=2):
    """A ledger with some answers, in which the revocation is recorded after them."""
    book = Book(documents=[document]).agreed()
    for _ in range(answers):
        book.answer()
    book.learns(document, MAKER)
    return book


def test_a_file_without_revoked_keys_says_nothing_of_any():
    book = Book().agreed()
    book.answer()
    assert book.verified().revoked == ()


def test_what_stands_ahead_of_the_revocation_holds_and_is_told():
    book = learned()
    book.answer(NEW.node)
    found = book.verified()
    (key,) = found.revoked
    assert (key.party, key.public, key.version) == (MAKER.name, MAKER.node.public, 2)
    assert (key.index, key.held, key.unseen) == (8, 2, 2)
    assert len(found.answers) == 3


def test_what_stands_behind_it_does_not_hold_and_is_named():
    book = learned()
    book.answer()
    with pytest.raises(EvidenceError, match=r"key of `maker\.example` that entry 8 revokes"):
        book.verified()


def test_a_contract_holds_that_was_signed_before_the_key_was_revoked():
    (node, people) = sorted(
        learned(REVOKES_BOTH).verified().revoked, key=lambda item: item.public != MAKER.node.public
    )
    assert (node.held, people.held) == (2, 1)


def test_a_contract_that_was_signed_behind_the_revocation_does_not_hold():
    book = Book(documents=[REVOKES_BOTH])
    book.learns(REVOKES_BOTH, MAKER)
    with pytest.raises(EvidenceError, match="with a key that entry 0 revokes"):
        book.agreed().verified()


def test_a_contract_whose_signing_is_not_in_the_ledger_does_not_hold():
    book = Book(documents=[REVOKES_BOTH])
    book.learns(REVOKES_BOTH, MAKER)
    with pytest.raises(EvidenceError, match=r"line 6 .*no entry says that it was recorded"):
        book.verified()


def test_a_contract_that_was_signed_again_rests_on_no_revoked_key():
    book = learned(REVOKES_BOTH)
    book.contract = seal(PROPOSAL, PayloadType.CONTRACT, [UA.people, DL.people, PEOPLE.people])
    found = {item.public: item.held for item in book.verified().revoked}
    assert found == {MAKER.node.public: 2, MAKER.people.public: 0}


@pytest.mark.parametrize("is_ahead", [True, False])
def test_a_notice_holds_by_the_entry_that_recorded_it(is_ahead):
    notice = Notice(
        kind=NoticeKind.TERMINATION,
        contract=CHANNEL.contract,
        party=MAKER.name,
        reason="We leave.",
        issued_at=at(5),
        effective_at=at(5),
    )
    envelope = seal(build_notice(notice), PayloadType.NOTICE, [MAKER.people])
    step = ContractEvent(
        contract=CHANNEL.contract,
        event=ContractChange.TERMINATED,
        party=MAKER.name,
        document=envelope.digest,
    )
    book = Book(documents=[REVOKES_BOTH], notices=[envelope]).agreed()
    if is_ahead:
        book.append(step)
        book.learns(REVOKES_BOTH, MAKER)
        assert book.verified().notices
        return
    book.learns(REVOKES_BOTH, MAKER)
    book.append(step)
    with pytest.raises(EvidenceError, match="with a key that entry 4 revokes"):
        book.verified()


def test_what_another_company_cosigned_before_is_older_by_its_word_too():
    book = Book(documents=[REVOKES]).agreed()
    book.answer()
    book.cosigned(DL, minutes=9)
    book.answer()
    book.learns(REVOKES, MAKER)
    (key,) = book.verified().revoked
    assert (key.held, key.unseen) == (2, 1)


def test_a_revocation_that_the_keeper_never_learned_of_leaves_what_others_had_seen():
    book = Book().agreed()
    book.answer()
    book.cosigned(DL, minutes=10)
    (key,) = book.verified(REVOKES).revoked
    assert (key.index, key.held, key.unseen) == (None, 1, 0)
    # An auditor may have compared the newest document as well.
    assert book.verified(REVOKES, maker=REVOKES.digest)


def test_a_cosignature_by_the_revoked_key_bounds_nothing_and_is_told():
    book = Book(documents=[REVOKES]).agreed()
    book.answer()
    book.cosigned(MAKER, minutes=9)
    book.learns(REVOKES, MAKER)
    found = book.verified()
    assert found.witnesses[MAKER.name].is_revoked
    assert found.revoked[0].unseen == 1
    book.cosigned(NEW, minutes=20)  # its new key
    assert not book.verified().witnesses[MAKER.name].is_revoked


def test_the_keepers_own_cosignature_is_nobody_elses():
    book = Book().agreed()
    book.cosigned(UA, minutes=1)
    with pytest.raises(EvidenceError, match="no party of the file cosigned"):
        book.verified()


def test_a_keeper_that_revoked_its_own_key_makes_a_newer_file():
    new = renewed(UA)
    document = successor(UA, new, revoked=(UA.node.public,))
    book = Book(documents=[document]).agreed()
    book.answer()
    book.cosigned(DL, minutes=5)
    book.learns(document, UA)
    with pytest.raises(EvidenceError, match="has revoked the key of the checkpoint"):
        book.verified()

    newer = Book(signer=new.node, documents=[document]).agreed()
    newer.answer()
    newer.learns(document, UA)
    newer.witnessed = book.witnessed  # its own old signature under what another cosigned
    found = newer.verified()
    assert found.witnesses[DL.name].size == 6
    assert found.revoked[0].public == UA.node.public


def test_an_entry_about_a_document_that_revokes_nothing_is_not_shown():
    plain = successor(MAKER, NEW, revoked=())
    book = Book(documents=[plain]).agreed()
    book.learns(plain, MAKER)
    with pytest.raises(EvidenceError, match="something else than the contract"):
        book.verified()


def test_documents_of_companies_outside_the_file_change_nothing():
    stranger = replace(renewed(MAKER), name="stranger.example")
    book = Book().agreed()
    assert book.verified(stranger.member()).revoked == ()
