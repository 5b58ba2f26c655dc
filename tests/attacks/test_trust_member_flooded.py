"""A company hands over one member document after another, so that its partner decides nothing.

expect: `LIMIT_REACHED` before a document is read, and the other companies are heard
effect: every document is kept for ever, and every decision under way is taken anew
source: docs/spec/documents.md section 6
"""

from types import SimpleNamespace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.server.members import MemberBook
from sekisho.server.peers import MAX_RENEWALS, RENEWAL_SECONDS, PeersFace
from sekisho.wire.envelopes import envelope_to_proto
from sekisho.wire.gen.sekisho.v1 import exchange_service_pb2 as exchange
from support.parties import NOW, Party
from support.state import opened

OWN, UA, DL = (Party(name=f"{name}.example") for name in ("maker", "ua", "dl"))


@pytest.fixture
def world(tmp_path):
    with opened(tmp_path / "node.db", now=NOW) as state:
        found = SimpleNamespace(state=state, moment=0.0, first=UA.member(), other=DL.member())
        found.book = MemberBook(state, OWN.member())
        for document in (found.first, found.other):
            found.book.add(state, document, alias="", fingerprint=document.digest, now=NOW)
        parts = SimpleNamespace(
            state=state,
            members=found.book,
            engine=None,
            now=lambda: NOW,
            monotonic=lambda: found.moment,
        )
        rooms = ("plans", "answering", "agreeing", "comparing", "lookups", "witness")
        found.face = PeersFace(parts, **dict.fromkeys(rooms))
        yield found


def hand_over(world, party, first, version):
    document = party.member(version=version, first=first.digest)
    message = exchange.DeliverMemberRequest(member=envelope_to_proto(document))
    return world.face._deliver_member(party.name, message)


def test_beyond_its_share_nothing_is_looked_at(world):
    versions = iter(range(2, 100))
    for _ in range(MAX_RENEWALS):
        hand_over(world, UA, world.first, next(versions))
    version = world.state.version
    with pytest.raises(Refusal) as caught:
        hand_over(world, UA, world.first, next(versions))
    assert caught.value.reason is RefusalReason.LIMIT_REACHED
    assert world.state.version == version

    hand_over(world, DL, world.other, 2)
    world.moment += RENEWAL_SECONDS
    hand_over(world, UA, world.first, next(versions))
