"""A table that is replaced while a provider is brought it."""

from types import SimpleNamespace

import pytest

from sekisho.documents.envelope import digest_of
from sekisho.errors import Refusal
from sekisho.ledger.bodies import Brought
from sekisho.server.bringing import Bringing
from sekisho.store.lookups import Content
from support.state import CONSUMER, CONTRACT, NOW, PROVIDER, opened

FIRST, SECOND = (
    Content(name="planes", digest=digest_of(data), rows=1, data=data) for data in (b"one", b"two")
)
SIGNED = SimpleNamespace(id=CONTRACT)
FRAGMENT = SimpleNamespace(
    party=PROVIDER, lookups=(SimpleNamespace(name="planes", dataset="planes"),)
)


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "node.db") as state:
        found = SimpleNamespace(state=state, took=[], meanwhile=list, refusal=None)

        def deliver_lookup(_contract, data):
            found.took.append(data)
            found.meanwhile()
            if found.refusal is not None:
                raise found.refusal

        peer = SimpleNamespace(deliver_lookup=deliver_lookup)
        parts = SimpleNamespace(state=state, party=CONSUMER, now=lambda: NOW)
        found.bringing = Bringing(parts, SimpleNamespace(peer=lambda _party: peer))
        upload(found, FIRST)
        yield found


def upload(world, content):
    def work(tx):
        world.state.lookups.withdraw(tx, CONTRACT, content.name)
        world.state.lookups.keep(tx, CONTRACT, content, now=NOW)

    world.state.submit(work)


def test_what_the_provider_took_is_the_contracts(world):
    world.meanwhile = lambda: upload(world, SECOND)
    assert world.bringing.bring(SIGNED, FRAGMENT) == {"planes": FIRST.digest}

    stored = world.state.lookups.find(CONTRACT, "planes")
    assert (stored.digest, stored.parties) == (FIRST.digest, (PROVIDER,))
    assert world.state.lookups.content(CONTRACT, "planes") == FIRST.data
    (entry,) = world.state.ledger.entries()
    assert entry.body == Brought(lookup="planes", digest=FIRST.digest, rows=1, bytes=3)
    assert world.took == [FIRST.data]


def test_a_refusal_of_the_old_one_does_not_withdraw_the_new_one(world):
    world.meanwhile = lambda: upload(world, SECOND)
    world.refusal = Refusal("LOOKUP_NOT_ALLOWED", "not this one")
    with pytest.raises(Refusal, match="not this one"):
        world.bringing.bring(SIGNED, FRAGMENT)
    assert world.state.lookups.find(CONTRACT, "planes").digest == SECOND.digest
