"""Of a channel one acknowledgement is on its way at a time, however many processes make them."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from sekisho.ledger.acknowledgement import parse_acknowledgement
from sekisho.server.acknowledging import Acknowledging
from sekisho.store.answers import Sent
from sekisho.store.recovery import Shown, recover
from sekisho.trust.keys import generate_signing_key, load_signer
from support.state import CHANNEL, CONSUMER, NOW, asked, later_checkpoint, opened

SENT = Sent(rows=3, bytes=9, blake3="ab")


@pytest.fixture
def state(tmp_path):
    with opened(tmp_path / "node.db") as state:
        yield state


def process(state):
    """Make one process of the consumer's node; its providers are away."""
    parts = SimpleNamespace(
        party=CONSUMER,
        state=state,
        now=lambda: NOW + timedelta(seconds=2),
        config=SimpleNamespace(acknowledge_seconds=1),
        keys=SimpleNamespace(request=load_signer(generate_signing_key())),
    )
    return Acknowledging(parts, SimpleNamespace(deliver_all=lambda *_: None))


def end(state, number):
    question = replace(asked(number), request=f"sha256:{number:064x}")
    index = state.questions.ask(question, channel=CHANNEL, now=NOW).index
    state.questions.receive(index, SENT, receipt="{}", verified=True, now=NOW)


def test_none_is_made_behind_one_that_another_process_has_just_made(state):
    one, other = process(state), process(state)
    end(state, 0)
    (due,) = one._due()
    assert other.acknowledge() == 1
    end(state, 1)
    assert one._make(due) == "", "its provider has not taken over the one ahead"
    assert state.acknowledgements.last(CHANNEL).number == 0
    (queued,) = state.outbox.due(NOW + timedelta(hours=2))
    state.submit(lambda tx: state.outbox.acknowledge(tx, queued, now=NOW))
    assert one._make(due)
    assert state.acknowledgements.last(CHANNEL).number == 1


def test_what_a_provider_refuses_for_ever_does_not_hold_up_the_next_epoch(state):
    consumer = process(state)
    end(state, 0)
    assert consumer.acknowledge() == 1
    end(state, 1)
    assert consumer.acknowledge() == 0, "the one ahead was refused, as one of its number is held"
    held = later_checkpoint(state, CONSUMER)
    state.submit(lambda tx: state.standing.keep(tx, held, held_by=CONSUMER, now=NOW))
    recover(state, Shown(held=held, by=CONSUMER), now=NOW)
    assert consumer.acknowledge() == 1
    last = state.acknowledgements.last(CHANNEL)
    assert last.position == (1, 0)
    said = parse_acknowledgement(state.acknowledgements.envelope(last).payload)
    assert len(said.answers) == 2, "what the refused one named is said again"
    (queued,) = state.outbox.due(NOW + timedelta(hours=2))
    assert queued.document == last.document


def test_a_node_in_doubt_acknowledges_nothing(state):
    consumer = process(state)
    end(state, 0)
    (due,) = consumer._due()
    held = later_checkpoint(state, CONSUMER)
    state.submit(lambda tx: state.standing.keep(tx, held, held_by=CONSUMER, now=NOW))
    before = state.ledger.head()
    assert consumer.acknowledge() == 0
    assert consumer._try(due) == "", "the doubt came in between"
    assert state.ledger.head() == before
