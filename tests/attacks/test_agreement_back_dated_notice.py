"""Notices whose dates say something else than when they were given.

expect: the notice counts from when a node records it, or is refused (`agreeing`, `counts_from`)
effect: no notice period is dodged, no contract in force is unmade, no termination is without effect
source: docs/spec/lifecycle.md; DESIGN 4.2
"""

import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from sekisho.client.steward import connect_steward
from sekisho.documents.envelope import PayloadType, seal
from sekisho.documents.notice import build_notice
from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.model.names import ContractId
from sekisho.model.notices import Notice, NoticeKind
from support.asking import fetch
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT count(*) AS n FROM flights"
WHOLE = "termination: {for_convenience: {by: any-party, notice_days: %d}, scope: whole-contract}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers and a consumer."""
    root = tmp_path_factory.mktemp("dates")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet")
        companies.found("ua", flights_section(path))
        companies.found("dl", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


def to_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def notice_of(company, contract: str, kind: NoticeKind, ago: timedelta, days: int = 0):
    """A notice that its author signed with whatever dates it liked."""
    issued_at = to_milliseconds(datetime.now(UTC) - ago)
    notice = Notice(
        kind=kind,
        contract=ContractId(contract),
        party=company.party,
        reason=f"enough {secrets.token_hex(4)}",
        issued_at=issued_at,
        effective_at=issued_at + timedelta(days=days),
    )
    return seal(build_notice(notice), PayloadType.NOTICE, [company.signer])


def deliver(world, name: str, to: str, envelope) -> None:
    peer = world[name].peer_at(world[to])
    try:
        peer.deliver_notice(envelope)
    finally:
        peer.close()


def state(company, contract: str) -> str:
    ran = company.run("contract", "show", contract, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["state"]


def answers(world, contract: str) -> bool:
    try:
        fetch(world["maker"], world["ua"], contract, SQL)
    except Refusal as refusal:
        if refusal.reason is not RefusalReason.NOT_IN_FORCE:
            raise
        return False
    return True


def test_a_back_dated_termination_does_not_dodge_the_days_of_notice(world):
    contract = world.agree(contract_text(providers=("ua", "dl"), extra=WHOLE % 30))
    early = notice_of(world["dl"], contract, NoticeKind.TERMINATION, timedelta(days=40), days=30)
    deliver(world, "dl", "ua", early)
    assert answers(world, contract)


def test_a_termination_dated_before_the_last_signature_still_ends_the_contract(world):
    contract = world.agree(contract_text(providers=("ua", "dl"), extra=WHOLE % 0))
    assert answers(world, contract)
    early = notice_of(world["dl"], contract, NoticeKind.TERMINATION, timedelta(hours=1))
    deliver(world, "dl", "ua", early)
    assert not answers(world, contract)


def test_a_termination_by_a_clock_that_is_ahead_ends_the_contract_at_once(world):
    contract = world.agree(contract_text(providers=("ua", "dl"), extra=WHOLE % 0))
    early = notice_of(world["dl"], contract, NoticeKind.TERMINATION, -timedelta(hours=1))
    deliver(world, "dl", "ua", early)
    assert not answers(world, contract)


def test_a_back_dated_rejection_does_not_unmake_a_contract_in_force(world):
    path = world.root / "unmake.contract.yaml"
    path.write_text(contract_text(providers=("ua", "dl"), extra=WHOLE % 30))
    contract = world["maker"].run("contract", "propose", str(path)).out.strip()
    assert world["ua"].run("contract", "sign", contract).code == 0
    while_proposed = datetime.now(UTC)
    assert world["dl"].run("contract", "sign", contract).code == 0
    ago = datetime.now(UTC) - while_proposed
    deliver(world, "dl", "ua", notice_of(world["dl"], contract, NoticeKind.REJECTION, ago))
    assert answers(world, contract)
    assert state(world["ua"], contract) == "in-force"


def test_an_own_suspension_counts_whatever_the_stewards_clock_says(world):
    contract = world.agree(contract_text(providers=("ua", "dl")))
    for minutes in (5, -5):
        with connect_steward(
            str(world["ua"].config.listen.users),
            token=world["ua"].folder.token("operator"),
            ca=world["ua"].folder.certificate("anchor"),
        ) as steward:
            ago = timedelta(minutes=minutes)
            suspension = notice_of(world["ua"], contract, NoticeKind.SUSPENSION, ago)
            steward.issue(ContractId(contract), suspension)
            with pytest.raises(Refusal) as refused:
                fetch(world["maker"], world["ua"], contract, SQL)
            assert refused.value.reason is RefusalReason.SUSPENDED
            resumption = notice_of(world["ua"], contract, NoticeKind.RESUMPTION, timedelta(0))
            steward.issue(ContractId(contract), resumption)
        assert answers(world, contract)


def test_a_resumption_kept_since_long_cannot_be_handed_in_later(world):
    contract = world.agree(contract_text(providers=("ua", "dl")))
    kept = notice_of(world["ua"], contract, NoticeKind.RESUMPTION, timedelta(days=1))
    assert world["ua"].run("contract", "suspend", contract, "--reason", "a check").code == 0
    with (
        connect_steward(
            str(world["ua"].config.listen.users),
            token=world["ua"].folder.token("operator"),
            ca=world["ua"].folder.certificate("anchor"),
        ) as steward,
        pytest.raises(SekishoError, match="not from now"),
    ):
        steward.issue(ContractId(contract), kept)
    with pytest.raises(Refusal) as refused:
        fetch(world["maker"], world["ua"], contract, SQL)
    assert refused.value.reason is RefusalReason.SUSPENDED


def test_nobody_gives_notice_in_anothers_name(world):
    contract = world.agree(contract_text(providers=("ua", "dl"), extra=WHOLE % 0))
    own = notice_of(world["ua"], contract, NoticeKind.TERMINATION, timedelta(0))
    before = len(world["ua"].run("ledger", "list", "--format", "json").out)
    with pytest.raises(SekishoError, match="not believed"):
        deliver(world, "dl", "ua", own)
    forged = Notice(
        kind=NoticeKind.TERMINATION,
        contract=ContractId(contract),
        party=world["ua"].party,
        reason="enough",
        issued_at=datetime.now(UTC).replace(microsecond=0),
        effective_at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1),
    )
    sealed = seal(build_notice(forged), PayloadType.NOTICE, [world["dl"].signer])
    with pytest.raises(SekishoError, match="not believed"):
        deliver(world, "dl", "ua", sealed)
    assert len(world["ua"].run("ledger", "list", "--format", "json").out) == before
    assert answers(world, contract)
