"""A consumer that acknowledges answers which it never got, 500 in a document, to fill the disk.

expect: LIMIT_REACHED after some documents that settle nothing; those that settle one are taken
effect: every document is a durable entry at the provider, of up to 500 kB
source: docs/spec/ledger.md, section 12
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.acknowledgement import Acknowledged, Ending
from sekisho.server import comparing
from sekisho.server.comparing import Comparing
from support.acknowledging import acknowledgement, signed
from support.nodes import contract_text
from support.witnessing import MAKER, watched


@pytest.fixture
def world(tmp_path):
    """`maker.example`'s node, made a provider: `dl.example` is its consumer."""
    with watched(tmp_path) as found:
        payload = found.others.proposal(contract_text(providers=("maker",), consumer="dl"))
        envelope = found.others.signed_by(payload, "maker", "dl")
        found.node._agreeing.receive_contract(found.others["dl"].party, envelope)
        found.contract = envelope.digest
        yield found


def void(number):
    return Acknowledged(
        request=f"sha256:{number:064x}",
        ending=Ending.FAILED,
        rows=0,
        bytes=0,
        blake3="",
        verified=False,
    )


def documents(world, count, answer=void):
    previous = ""
    for number in range(count):
        said = acknowledgement(
            world.others["dl"],
            SimpleNamespace(party=MAKER),
            world.contract,
            answer(number),
            number=number,
            previous=previous,
            through=number + 1,
        )
        envelope = signed(world.others["dl"], said)
        previous = envelope.digest
        yield envelope


def test_documents_that_settle_nothing_are_held_back(world, monkeypatch):
    monkeypatch.setattr(comparing, "MAX_IDLE", 3)
    taking, party = Comparing(world.node.parts), world.others["dl"].party
    told = list(documents(world, 4))
    for envelope in told[:3]:
        taking.take(party, envelope)
    before = world.node.parts.state.ledger.head()
    with pytest.raises(Refusal) as caught:
        taking.take(party, told[3])
    assert caught.value.reason is RefusalReason.LIMIT_REACHED
    assert world.node.parts.state.ledger.head() == before
    taking.take(party, told[0])


def whole(number):
    return replace(void(number), ending=Ending.RECEIVED, rows=1, bytes=8, blake3="ab" * 32)


def test_a_consumer_that_was_away_until_its_answers_were_pruned_is_not_blamed(world):
    state, taking = world.node.parts.state, Comparing(world.node.parts)
    told = list(documents(world, 2, whole))
    taking.take(world.others["dl"].party, told[0])
    entries = state.pruning.entries_of({world.contract})[world.contract]
    state.submit(
        lambda tx: state.pruning.prune(tx, world.contract, entries, now=world.node.parts.now())
    )
    taking.take(world.others["dl"].party, told[1])
    kept = [state.acknowledgements.find(item.digest).differences for item in told]
    assert kept == [1, 0]


def test_one_that_waited_while_its_key_was_renewed_is_believed(world):
    taking, dl = Comparing(world.node.parts), world.others["dl"]
    (envelope,) = documents(world, 1)
    ran = dl.run("member", "rotate", "--yes")
    assert ran.code == 0, ran.err
    parts = world.node.parts
    parts.members.renew(parts.state, dl.member, party=dl.party, now=parts.now())
    assert parts.members().latest(dl.party).member.version == 2
    taking.take(dl.party, envelope)
    assert parts.state.acknowledgements.find(envelope.digest) is not None
