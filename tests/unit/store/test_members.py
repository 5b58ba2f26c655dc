"""Members on disk: versions rise, keys stay with their party, aliases are one party's."""

from dataclasses import replace

import pytest

from sekisho.errors import NodeError, TrustError
from sekisho.model.names import PartyId
from sekisho.store.members import StoredMember
from support.state import NOW, PROVIDER

FIRST = StoredMember(party=PROVIDER, version=1, fingerprint="sha256:1", envelope=b"{}", alias="ua")
SECOND = replace(FIRST, version=2, fingerprint="sha256:2")
OTHER = replace(FIRST, party=PartyId("dl.example"), alias="dl")


def add(state, member, keys=("k1",)):
    return state.submit(lambda tx: state.members.add(tx, member, keys=keys, now=NOW))


def test_a_member_is_kept_and_recorded(state):
    assert add(state, FIRST)
    assert add(state, SECOND)
    assert state.members.current(PROVIDER) == SECOND
    assert state.members.all() == (FIRST, SECOND)
    assert [entry.body.event for entry in state.ledger.entries()] == ["added", "updated"]


def test_the_same_document_again_changes_the_alias_alone(state):
    add(state, FIRST)
    assert not add(state, replace(FIRST, alias="united"))
    assert state.members.by_alias("united").party == PROVIDER
    assert state.members.by_alias("ua") is None
    assert state.ledger.head().size == 1


def test_a_document_without_an_alias_keeps_the_one_there_is(state):
    add(state, FIRST)
    add(state, replace(SECOND, alias=""))
    assert state.members.current(PROVIDER).alias == "ua"


def test_an_alias_is_one_party_s(state):
    add(state, FIRST)
    with pytest.raises(NodeError, match=r"alias `ua` is ua\.example's already"):
        add(state, replace(OTHER, alias="ua"), keys=("k2",))
    assert state.members.current(OTHER.party) is None
    assert state.ledger.head().size == 1


@pytest.mark.parametrize(
    ("member", "keys", "words"),
    [
        (FIRST, ("k1",), "older than version 2"),
        (replace(SECOND, fingerprint="sha256:x"), ("k1",), "another version 2"),
        (OTHER, ("k9", "k1"), "a key of dl.example's member document is ua.example's"),
    ],
)
def test_what_would_come_undone_is_refused_and_changes_nothing(state, member, keys, words):
    add(state, SECOND)
    with pytest.raises(TrustError, match=words):
        add(state, member, keys=keys)
    assert state.members.all() == (SECOND,)
    assert state.ledger.head().size == 1
    assert add(state, OTHER, keys=("k9",))
