"""The companies that a node knows, whose documents they renew themselves."""

import pytest

from sekisho.errors import TrustError
from sekisho.server.members import MemberBook
from support.parties import NOW, Party
from support.state import opened

OWN = Party(name="maker.example")
UA = Party(name="ua.example")


@pytest.fixture
def state(tmp_path):
    with opened(tmp_path / "node.db", now=NOW) as state:
        yield state


def test_a_document_that_comes_again_after_a_later_one_changes_nothing(state):
    book = MemberBook(state, OWN.member())
    first = UA.member()
    second, third = (UA.member(version=number, first=first.digest) for number in (2, 3))
    book.add(state, first, alias="", fingerprint=first.digest, now=NOW)
    for envelope in (second, third):
        book.renew(state, envelope, party=UA.name, now=NOW)
    size = state.ledger.head().size

    assert book.renew(state, second, party=UA.name, now=NOW).member.version == 2

    assert state.ledger.head().size == size
    assert book.current(UA.name).member.version == 3
    with pytest.raises(TrustError, match="not its own"):
        book.renew(state, second, party=OWN.name, now=NOW)
