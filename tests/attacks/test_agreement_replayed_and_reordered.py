"""Contracts and notices that arrive twice, or in another order than they were given.

expect: `agreeing` keeps each once; switches hold by their dates, not by their coming
effect: a replayed message changes nothing, and no order of arrival leaves two nodes in two states
source: docs/spec/lifecycle.md, notices; DESIGN 13
"""

import itertools
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.documents.notice import build_notice
from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import ContractEvent
from sekisho.model.names import ContractId
from sekisho.model.notices import Notice, NoticeKind
from support.border import offer
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SWITCHES = (NoticeKind.SUSPENSION, NoticeKind.RESUMPTION, NoticeKind.SUSPENSION)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A consumer whose node runs; its provider's hand delivers."""
    with Companies(tmp_path_factory.mktemp("orders")) as companies:
        companies.found("ua")
        companies.found("maker")
        companies.introduce()
        companies.start("maker")
        yield companies


@pytest.fixture
def envelope(world) -> Envelope:
    return world.signed_by(world.proposal(contract_text()), "ua", "maker")


def notices(world, contract: str, kinds) -> list[Envelope]:
    """Notices of the provider, a minute apart, the last one a minute ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    found = []
    for number, kind in enumerate(kinds):
        at = now - timedelta(minutes=len(kinds) - number)
        notice = Notice(
            kind=kind,
            contract=ContractId(contract),
            party=world["ua"].party,
            reason=secrets.token_hex(4),
            issued_at=at,
            effective_at=at,
        )
        found.append(seal(build_notice(notice), PayloadType.NOTICE, [world["ua"].signer]))
    return found


def deliver(world, notice: Envelope) -> None:
    peer = world["ua"].peer_at(world["maker"])
    try:
        peer.deliver_notice(notice)
    finally:
        peer.close()


def shown(world, contract: str) -> tuple[str, list[str]]:
    """Give the contract's state at the consumer, and what its ledger says happened."""
    with world["maker"].records() as records:
        entries = records.ledger.entries()
        bodies = [entry.body for entry in entries if isinstance(entry.body, ContractEvent)]
        events = [body.event.value for body in bodies if body.contract == contract]
    ran = world["maker"].run("contract", "show", contract, "--format", "json")
    return ran.out.partition('"state": "')[2].partition('"')[0], events


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_switches_hold_by_their_dates_in_whatever_order_they_come(world, envelope, order):
    offer(world, envelope, by="ua", to="maker")
    given = notices(world, envelope.digest, SWITCHES)
    for index in (*order, *order):
        deliver(world, given[index])
    state, events = shown(world, envelope.digest)
    assert state == "suspended"
    assert sorted(events[-3:]) == ["resumed", "suspended", "suspended"]
    assert len(events) == 6  # proposed, signed by two, and each notice once


def test_a_notice_ahead_of_its_contract_is_not_kept_and_can_come_again(world, envelope):
    (ended,) = notices(world, envelope.digest, [NoticeKind.TERMINATION])
    with pytest.raises(Refusal) as refused:
        deliver(world, ended)
    assert refused.value.reason is RefusalReason.CONTRACT_NOT_FOUND
    offer(world, envelope, by="ua", to="maker")
    assert shown(world, envelope.digest)[0] == "in-force"
    for _ in range(2):
        deliver(world, ended)
    state, events = shown(world, envelope.digest)
    assert state == "terminated"
    assert events.count("terminated") == 1


def test_signatures_count_in_whatever_order_and_number_they_come(world, envelope):
    parts = [
        Envelope(
            payload=envelope.payload, payload_type=envelope.payload_type, signatures=(signature,)
        )
        for signature in envelope.signatures
    ]
    for part in (parts[1], parts[0], parts[1], envelope, parts[0]):
        offer(world, part, by="ua", to="maker")
    state, events = shown(world, envelope.digest)
    assert state == "in-force"
    assert events == ["proposed", "signed", "signed"]


def test_a_termination_is_not_undone_by_a_resumption_that_comes_late(world, envelope):
    offer(world, envelope, by="ua", to="maker")
    resumed, ended = notices(
        world, envelope.digest, [NoticeKind.RESUMPTION, NoticeKind.TERMINATION]
    )
    deliver(world, ended)
    deliver(world, resumed)
    assert shown(world, envelope.digest)[0] == "terminated"
