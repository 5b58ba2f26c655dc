"""Contracts before their first day, after their last, and signed too late.

expect: answering step 2 refuses (NOT_IN_FORCE); `agreeing` takes no signature after the last day
effect: no query is answered outside the term
source: docs/spec/lifecycle.md; DESIGN 4.1, 4.2
"""

from datetime import UTC, datetime, timedelta

import pytest

from sekisho.documents.proposal import parse_proposal
from sekisho.errors import RefusalReason
from sekisho.server.members import MemberBook
from sekisho.store.contracts import NewContract
from sekisho.store.founding import found_node
from sekisho.store.state import open_state
from support.border import not_believed, offer, refused
from support.flights import flights_section, write_flights
from support.nodes import Companies, Company, around_today, contract_text
from support.ports import free_address

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_a_contract_is_not_answered_before_its_first_day(three):
    contract = three.agree(contract_text(term=around_today(before=-2)))
    assert refused(three, contract) is RefusalReason.NOT_IN_FORCE


def test_a_contract_that_is_over_cannot_be_brought_in(three):
    payload = three.proposal(contract_text(term=around_today(before=40, after=-2)))
    with not_believed(three["ua"]):
        offer(three, three.signed_by(payload, "ua", "maker"), by="maker", to="ua")


def test_a_contract_is_not_completed_after_the_last_day_to_sign(three):
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    payload = three.proposal(contract_text(extra=f"sign_by: {yesterday}"))
    envelope = three.signed_by(payload, "ua", "maker")
    with not_believed(three["ua"]):
        offer(three, envelope, by="maker", to="ua")
    assert refused(three, envelope.digest) is RefusalReason.CONTRACT_NOT_FOUND


def test_a_contract_is_not_answered_after_its_last_day(tmp_path):
    """Both signed in time, forty days ago; since then its term has ended."""
    then = datetime.now(UTC) - timedelta(days=40)
    with Companies(tmp_path) as companies:
        for name in ("ua", "maker"):
            founded = found_node(
                tmp_path / name,
                f"{name}.example",
                now=then,
                alias=name,
                peers=free_address(),
                users=free_address(),
            )
            companies.by_name[name] = Company(founded.folder)
        ua, maker = companies["ua"], companies["maker"]
        ua.settle(flights_section(write_flights(tmp_path / "flights.parquet")))
        payload = companies.proposal(contract_text(term=around_today(before=50, after=-2)))
        envelope = companies.signed_by(payload, "ua", "maker")
        signed = parse_proposal(payload)
        new = NewContract(
            id=signed.id, title="over", envelope=envelope, amends=None, by=maker.party
        )
        for company, other in ((ua, maker), (maker, ua)):
            with open_state(company.folder.state_file(), now=then) as state:
                book = MemberBook(state, company.member)
                fingerprint = other.member.digest
                book.add(state, other.member, alias="", fingerprint=fingerprint, now=then)
                state.submit(lambda tx, state=state: state.contracts.add(tx, new, now=then))
                for party, signature in zip((ua, maker), envelope.signatures, strict=True):
                    state.submit(
                        lambda tx, state=state, party=party, signature=signature: (
                            state.contracts.sign(
                                tx, signed.id, party.party, signature=signature, now=then
                            )
                        )
                    )
        companies.start()
        assert refused(companies, signed.id) is RefusalReason.NOT_IN_FORCE
