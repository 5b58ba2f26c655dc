"""Entries of contracts that ended long ago are pruned, and nothing else is."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from sekisho.config import RetentionConfig
from sekisho.documents.envelope import Envelope, EnvelopeSignature, PayloadType
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import LedgerError
from sekisho.ledger.acknowledgement import Acknowledged, Ending
from sekisho.ledger.bodies import Pruned
from sekisho.model.notices import Notice, NoticeKind
from sekisho.server import retention
from sekisho.server.comparing import Comparing
from sekisho.server.contracts import ContractBook
from sekisho.server.retention import Retention
from sekisho.store.answers import Sent
from sekisho.store.contracts import NewContract, StoredNotice
from support.state import (
    CONSUMER,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    opened,
    proposal,
    received,
    refused,
)

DAYS = 30
KEY = "ed25519:" + "ab" * 32


@pytest.fixture
def kept(tmp_path):
    """Two contracts, each with an answer, and one question that is refused under neither."""
    path = tmp_path / "node.db"
    with opened(path) as state:
        first, second = (agree(state, zone) for zone in ("Asia/Tokyo", "UTC"))
        for number, signed in enumerate((first, second, first)):
            answer(state, signed, number)
        yield SimpleNamespace(state=state, first=first, second=second, path=path)


def agree(state, zone):
    payload = proposal(zone=zone)
    signed = parse_proposal(payload)
    envelope = Envelope(payload=payload, payload_type=PayloadType.CONTRACT, signatures=())
    new = NewContract(id=signed.id, title="Delays", envelope=envelope, amends=None, by=PROVIDER)
    signature = EnvelopeSignature(key_id=KEY, signature=b"s" * 64)

    def work(tx):
        state.contracts.add(tx, new, now=NOW)
        for party in signed.parties:
            state.contracts.sign(tx, signed.id, party, signature=signature, now=NOW)

    state.submit(work)
    return signed


def answer(state, signed, number):
    request = received(number, signed=signed)
    start = state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
    state.answers.close(start.index, Sent(rows=1, bytes=10, blake3="ab"), now=NOW)


def terminate(state, contract, at):
    notice = StoredNotice(
        id="sha256:" + "1" * 64,
        notice=Notice(
            kind=NoticeKind.TERMINATION,
            contract=contract,
            party=PROVIDER,
            reason="enough",
            issued_at=at,
            effective_at=at,
            for_breach=False,
        ),
        envelope=b"{}",
    )
    state.submit(lambda tx: state.contracts.notice(tx, notice, now=at))


def prune(kept, now, **config):
    parts = SimpleNamespace(
        party=PROVIDER,
        config=SimpleNamespace(retention=RetentionConfig(**config) if config else None),
        state=kept.state,
        contracts=ContractBook(kept.state),
        now=lambda: now,
        monotonic=lambda: 0.0,
    )
    Retention(parts).prune()


def bodies(kept):
    return [not entry.is_pruned for entry in kept.state.ledger.stored_entries()]


def test_a_contract_is_pruned_days_after_its_end_and_not_before(kept):
    ended = NOW + timedelta(days=1)
    terminate(kept.state, kept.first.id, ended)
    before = bodies(kept)

    prune(kept, ended + timedelta(days=DAYS, seconds=-1), days_after_contract=DAYS)
    assert bodies(kept) == before
    prune(kept, ended + timedelta(days=DAYS), days_after_contract=DAYS)

    answers = kept.state.pruning.entries_of({kept.first.id, kept.second.id})
    assert [len(answers[item.id]) for item in (kept.first, kept.second)] == [0, 2]
    assert bodies(kept).count(False) == 4
    assert kept.state.pruning.contracts() == {kept.first.id}
    assert kept.state.ledger.verify().pruned == 4


def test_nothing_of_what_was_pruned_is_left_in_the_file(kept):
    terminate(kept.state, kept.first.id, NOW)
    nonces = [received(number).nonce.encode() for number in range(3)]
    prune(kept, NOW + timedelta(days=DAYS), days_after_contract=DAYS)
    kept.state.close()

    found = b"".join(path.read_bytes() for path in kept.path.parent.glob("node.db*"))
    assert [nonce in found for nonce in nonces] == [False, True, False]


def test_a_contract_that_ran_out_is_pruned_too(kept):
    prune(kept, kept.second.ends_at + timedelta(days=DAYS, hours=1), days_after_contract=DAYS)
    assert kept.state.ledger.verify().pruned == 6


def test_without_a_rule_nothing_is_pruned(kept):
    prune(kept, kept.second.ends_at + timedelta(days=10_000))
    assert all(bodies(kept))


def test_a_second_look_finds_nothing_more(kept):
    later = kept.second.ends_at + timedelta(days=DAYS, hours=1)
    prune(kept, later, days_after_contract=DAYS)
    size = kept.state.ledger.head().size
    prune(kept, later + timedelta(days=1), days_after_contract=DAYS)
    assert kept.state.ledger.head().size == size


def test_many_entries_are_pruned_in_several_steps(kept, monkeypatch):
    monkeypatch.setattr(retention, "MAX_PRUNED", 1)
    terminate(kept.state, kept.first.id, NOW)
    prune(kept, NOW + timedelta(days=DAYS), days_after_contract=DAYS)
    named = [e.body.entries for e in kept.state.ledger.entries() if isinstance(e.body, Pruned)]
    assert len(named) == 4
    assert kept.state.ledger.verify().pruned == 4


def test_what_is_asked_under_a_pruned_contract_still_goes_into_its_channel(kept):
    terminate(kept.state, kept.first.id, NOW)
    later = NOW + timedelta(days=DAYS)
    prune(kept, later, days_after_contract=DAYS)
    channel = received(signed=kept.first).channel
    kept.state.submit(
        lambda tx: kept.state.ledger.append(tx, refused(), channel=channel, now=later)
    )
    assert kept.state.ledger.verify().pruned == 4


def test_the_state_opens_again_after_a_pruning(kept):
    terminate(kept.state, kept.first.id, NOW)
    prune(kept, NOW + timedelta(days=DAYS), days_after_contract=DAYS)
    kept.state.close()
    with opened(kept.path, now=NOW + timedelta(days=DAYS)) as state:
        assert state.ledger.verify().pruned == 4
        pruned = next(e.index for e in state.ledger.stored_entries() if e.is_pruned)
        with pytest.raises(LedgerError, match="was pruned"):
            state.ledger.get(pruned)


def test_a_contract_whose_answer_still_runs_is_not_pruned(kept):
    request = received(9, signed=kept.first)
    kept.state.answers.open(request, kept.first, decision=DECISION, plan=PLAN, now=NOW)
    terminate(kept.state, kept.first.id, NOW)
    with pytest.raises(LedgerError, match="still runs"):
        prune(kept, NOW + timedelta(days=DAYS), days_after_contract=DAYS)
    assert all(bodies(kept))


def test_two_replicas_that_listed_the_same_entries_name_each_once(kept):
    terminate(kept.state, kept.first.id, NOW)
    listed = kept.state.pruning.entries_of({kept.first.id})[kept.first.id]

    def work(tx):
        return kept.state.pruning.prune(tx, kept.first.id, listed, now=NOW)

    assert [kept.state.submit(work) for _ in range(2)] == [4, 0]
    assert kept.state.ledger.verify().pruned == 4


def test_an_acknowledgement_of_what_was_pruned_is_no_difference(kept):
    answer = Acknowledged(
        request=received(0, signed=kept.first).digest,
        ending=Ending.RECEIVED,
        rows=1,
        bytes=10,
        blake3="ab",
        verified=True,
    )
    unknown = replace(answer, request="sha256:" + "0" * 64)
    said = SimpleNamespace(contract=kept.first.id, consumer=CONSUMER, made_at="")
    comparing = Comparing(SimpleNamespace(state=kept.state, monotonic=lambda: 0.0))

    def compare(item):
        return list(comparing._compare(said, item, [], before=None))

    compared = [compare(item) for item in (answer, unknown)]
    assert [[item.kind.value for item in found] for found in compared] == [[], ["not-recorded"]]

    terminate(kept.state, kept.first.id, NOW)
    prune(kept, NOW + timedelta(days=DAYS), days_after_contract=DAYS)
    assert not compare(answer)
