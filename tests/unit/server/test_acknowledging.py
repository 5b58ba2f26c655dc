"""Of a channel one acknowledgement is on its way at a time, however many processes make them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from sekisho.server.acknowledging import Acknowledging
from sekisho.store.answers import Sent
from sekisho.trust.keys import generate_signing_key, load_signer
from support.state import CHANNEL, CONSUMER, NOW, asked, opened

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
    index = state.questions.ask(asked(number), channel=CHANNEL, now=NOW).index
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
