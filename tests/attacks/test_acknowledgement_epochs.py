"""A consumer that claims its ledger was recovered, to say otherwise what it has said, or to flood.

expect: a later epoch is taken over beside what was said before, and what it unsays is named; one
    of an epoch that is over is refused; documents that settle nothing are held back
effect: both words stand in the provider's ledger, which verifies, whatever epochs are claimed
source: docs/spec/ledger.md, section 12
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sekisho.errors import Refusal, RefusalReason, TrustError
from sekisho.ledger.acknowledgement import Acknowledged, Ending, parse_acknowledgement
from sekisho.ledger.bodies import AcknowledgementCompared
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.entry import Channel
from sekisho.server import comparing
from sekisho.server.comparing import Comparing
from sekisho.store.answers import Sent
from support.acknowledging import acknowledgement, signed
from support.nodes import contract_text
from support.state import DECISION, PLAN, received
from support.witnessing import DL, MAKER, watched

SENT = Sent(rows=3, bytes=9, blake3="ab" * 32)
NOTHING = {"rows": 0, "bytes": 0, "blake3": "", "verified": False}


class Told:
    """`maker.example`'s node, a provider, and what `dl.example` says of its answers."""

    def __init__(self, world):
        payload = world.others.proposal(contract_text(providers=("maker",), consumer="dl"))
        envelope = world.others.signed_by(payload, "maker", "dl")
        world.node._agreeing.receive_contract(DL, envelope)
        self.parts, self.dl, self.contract = world.node.parts, world.others["dl"], envelope.digest
        self.channel = Channel(provider=MAKER, consumer=DL, contract=self.contract)
        self.taking = Comparing(self.parts)

    def answer(self, number):
        """Give an answer whole; what an honest consumer says of it."""
        agreed, now = self.parts.contracts.signed(self.contract), self.parts.now()
        request = replace(received(number, signed=agreed), channel=self.channel)
        answers = self.parts.state.answers
        opened = answers.open(request, agreed, decision=DECISION, plan=PLAN, now=now)
        answers.close(opened.index, SENT, now=now)
        return Acknowledged(
            request=request.digest,
            ending=Ending.RECEIVED,
            rows=SENT.rows,
            bytes=SENT.bytes,
            blake3=SENT.blake3,
            verified=True,
        )

    def say(self, *answers, epoch=0, number=0, previous="", **changes):
        """Sign a document and hand it over; gives it."""
        fields = {"epoch": epoch, "number": number, "through": number + 1} | changes
        said = acknowledgement(
            self.dl,
            SimpleNamespace(party=MAKER),
            self.contract,
            *answers,
            previous=previous or ("sha256:" + "0" * 64 if number else ""),
            **fields,
        )
        envelope = signed(self.dl, said)
        self.taking.take(DL, envelope)
        return envelope

    def compared(self):
        """Give each document that was taken over: its position, and what differs."""
        entries = [item for item in self.parts.state.ledger.entries() if item.kind == "compared"]
        found, confirmations = [], Confirmations()
        for entry in entries:
            held = self.parts.state.acknowledgements.envelope_of(entry.index)
            confirmations.take(entry, held, signers=(DL,))
            position = parse_acknowledgement(held.payload).position
            found.append((position, [item.kind.value for item in entry.body.differences]))
        assert self.parts.state.ledger.verify().size == self.parts.state.ledger.head().size
        return found

    def last_differences(self):
        """Give what the last document was found to differ in."""
        entries = self.parts.state.ledger.entries()
        bodies = [item.body for item in entries if isinstance(item.body, AcknowledgementCompared)]
        return bodies[-1].differences


@pytest.fixture
def told(tmp_path):
    with watched(tmp_path) as world:
        yield Told(world)


def test_a_recovered_consumer_says_again_what_it_said_and_nothing_differs(told):
    one, two, three = map(told.answer, range(3))
    told.say(one, two)
    told.say(two, three, epoch=1, through=0)
    assert told.compared() == [((0, 0), []), ((1, 0), [])]


def test_what_its_backup_had_as_running_is_interrupted_and_no_contradiction(told):
    one = told.answer(0)
    told.say(one)
    fallen = replace(one, ending=Ending.INTERRUPTED, **NOTHING)
    told.say(fallen, epoch=1)
    told.say(one, epoch=2)
    assert told.compared() == [((0, 0), []), ((1, 0), ["not-arrived"]), ((2, 0), [])]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"ending": Ending.FAILED} | NOTHING, "repeated"),
        ({"verified": False}, "repeated"),
        ({"rows": 2}, "content"),
        ({"ending": Ending.DENIED} | NOTHING, "outcome"),
    ],
    ids=["it never came", "its receipt did not hold", "it was another", "it was refused"],
)
def test_who_unsays_in_a_new_epoch_what_it_said_is_named_and_both_words_stand(told, changes, kind):
    one = told.answer(0)
    first = told.say(one)
    second = told.say(replace(one, **changes), epoch=1)
    assert told.compared() == [((0, 0), []), ((1, 0), [kind])]
    store = told.parts.state.acknowledgements
    held = [store.envelope(store.find(item.digest)) for item in (first, second)]
    assert held == [first, second]


def test_an_answer_that_is_named_twice_in_the_new_epoch_is_repeated(told):
    one = told.answer(0)
    told.say(one)
    begun = told.say(one, epoch=1)
    told.say(one, told.answer(1), epoch=1, number=1, previous=begun.digest, through=4)
    assert told.compared() == [((0, 0), []), ((1, 0), []), ((1, 1), ["repeated"])]


def test_what_a_new_epoch_passes_over_is_named_as_not_asked(told):
    one, passed_over = told.answer(0), told.answer(1)
    told.say(one, running=(passed_over.request,))
    late = told.answer(2)
    begun = told.say(one, epoch=7)
    (difference,) = told.last_differences()
    assert (difference.kind, difference.request) == ("not-asked", passed_over.request)
    assert (difference.consumer, difference.provider) == (
        "nothing, in epoch 7",
        "answered, 3 rows, 9 bytes",
    )
    told.say(told.answer(3), epoch=7, number=1, previous=begun.digest, through=4)
    assert [item.request for item in told.last_differences()] == [late.request]
    told.say(passed_over, epoch=8)
    assert [kind for _, kind in told.compared()] == [[], ["not-asked"], ["not-asked"], []]


def test_an_epoch_that_is_over_does_not_come_back(told):
    one, two, three = map(told.answer, range(3))
    first = told.say(one)
    told.say(two, epoch=2)
    before = told.parts.state.ledger.head()
    for epoch in (0, 1):
        with pytest.raises(TrustError, match="is over, 2 is held") as caught:
            told.say(three, epoch=epoch, number=1, previous=first.digest, through=9)
        assert caught.value.step == "acknowledgement.epoch"
    with pytest.raises(TrustError, match="another one here") as caught:
        told.say(three, epoch=2)
    assert caught.value.step == "acknowledgement.number"
    told.taking.take(DL, first)
    assert told.parts.state.ledger.head() == before, "the same document again changes nothing"


def test_what_is_left_out_of_a_new_epoch_is_named(told):
    told.say(told.answer(0), number=4)
    told.say(told.answer(1), epoch=1, number=2)
    (missing,) = told.last_differences()
    assert (missing.kind, missing.provider, missing.consumer) == ("missing", "0 held", "2 said")
    assert [kinds for _, kinds in told.compared()] == [["missing"], ["missing"]]


def test_epochs_without_end_settle_nothing_and_are_held_back(told, monkeypatch):
    monkeypatch.setattr(comparing, "MAX_IDLE", 3)
    told.taking = Comparing(told.parts)
    one = told.answer(0)
    told.say(one)
    for epoch in range(1, 4):
        told.say(one, epoch=epoch)
    before = told.parts.state.ledger.head()
    with pytest.raises(Refusal) as caught:
        told.say(one, epoch=4)
    assert caught.value.reason is RefusalReason.LIMIT_REACHED
    assert told.parts.state.ledger.head() == before
    told.say(told.answer(1), epoch=4)


def test_a_provider_that_lost_documents_names_the_gap_once_and_goes_on(told):
    """It was restored from a backup: what came after the first document is not there any more."""
    told.say(told.answer(0))
    lost = told.answer(1)
    third = told.say(told.answer(2), number=3, through=7)
    fourth = told.say(told.answer(3), number=4, previous=third.digest, through=9)
    (difference,) = told.last_differences()
    assert (difference.kind, difference.request) == ("not-asked", lost.request)
    told.say(told.answer(4), number=5, previous=fourth.digest, through=11)
    assert [kinds for _, kinds in told.compared()] == [[], ["missing"], ["not-asked"], []]
    assert told.parts.state.unacknowledged.awaited(MAKER) == ()
