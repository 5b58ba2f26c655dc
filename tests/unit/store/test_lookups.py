"""Tables that consumers bring: the first of a name stays, its content goes with the contract."""

from dataclasses import replace

import pytest

from sekisho.errors import OutdatedError, Refusal
from sekisho.ledger.bodies import Brought, Dropped, Taken
from sekisho.store.lookups import Content, name_lookups
from support.state import (
    CHANNEL,
    CONSUMER,
    CONTRACT,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    received,
    signed_contract,
)

FIRST = Content(name="planes", digest="sha256:" + "11" * 32, rows=3, data=b"first content")
SECOND = Content(name="planes", digest="sha256:" + "22" * 32, rows=4, data=b"second content")


def keep(state, content=FIRST):
    return state.submit(lambda tx: state.lookups.keep(tx, CONTRACT, content, now=NOW))


def record(state, stored, party=CONSUMER):
    return state.submit(
        lambda tx: state.lookups.record(
            tx, stored, party=party, channel=CHANNEL, size_bytes=13, now=NOW
        )
    )


def drop(state, provider=PROVIDER):
    state.submit(lambda tx: state.lookups.drop(tx, CONTRACT, provider=provider, now=NOW))


def bodies(state):
    return [entry.body for entry in state.ledger.entries()]


def test_the_first_content_of_a_name_stays(state):
    assert keep(state).digest == keep(state, SECOND).digest == FIRST.digest
    assert state.lookups.content(CONTRACT, "planes") == FIRST.data
    assert state.lookups.contracts() == (CONTRACT,)
    (stored,) = state.lookups.of_contract(CONTRACT)
    assert (stored.name, stored.rows, stored.dropped_at, stored.parties) == ("planes", 3, "", ())


def test_what_was_never_kept_is_not_there(state):
    assert state.lookups.find(CONTRACT, "planes") is None
    assert state.lookups.content(CONTRACT, "planes") is None
    assert state.lookups.contracts() == state.lookups.of_contract(CONTRACT) == ()


@pytest.mark.parametrize(("party", "kind"), [(CONSUMER, Taken), (PROVIDER, Brought)])
def test_handing_over_is_recorded_once(state, party, kind):
    stored = keep(state)
    assert record(state, stored, party)
    assert not record(state, stored, party)
    assert bodies(state) == [kind(lookup="planes", digest=FIRST.digest, rows=3, bytes=13)]
    assert state.lookups.find(CONTRACT, "planes").parties == (party,)


def test_a_table_that_nobody_took_can_be_withdrawn(state):
    stored = keep(state)
    state.submit(lambda tx: state.lookups.withdraw(tx, CONTRACT, "planes"))
    assert keep(state, SECOND).digest == SECOND.digest
    record(state, state.lookups.find(CONTRACT, "planes"), PROVIDER)
    state.submit(lambda tx: state.lookups.withdraw(tx, CONTRACT, "planes"))
    assert state.lookups.find(CONTRACT, "planes").digest == SECOND.digest
    assert stored.digest == FIRST.digest


def test_dropping_deletes_the_content_and_keeps_the_evidence(state):
    record(state, keep(state))
    drop(state)
    drop(state)
    assert state.lookups.content(CONTRACT, "planes") is None
    assert state.lookups.contracts() == ()
    (stored,) = state.lookups.of_contract(CONTRACT)
    assert (stored.digest, stored.parties) == (FIRST.digest, (CONSUMER,))
    assert stored.dropped_at
    assert bodies(state)[1:] == [Dropped(lookup="planes", digest=FIRST.digest)]


def test_a_consumers_own_table_goes_without_an_entry(state):
    record(state, keep(state), PROVIDER)
    drop(state, provider=None)
    assert state.lookups.content(CONTRACT, "planes") is None
    assert len(bodies(state)) == 1


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_was_dropped_is_not_in_the_file_any_more(state, path):
    big = Content(name="planes", digest=FIRST.digest, rows=3, data=b"canary" * 20_000)
    record(state, keep(state, big))
    drop(state)
    state.close()  # folds the write-ahead log back
    assert b"canarycanary" not in path.read_bytes()
    assert not path.with_name(path.name + "-wal").exists()


def test_what_was_dropped_stays_dropped(state):
    record(state, keep(state))
    drop(state)
    assert keep(state).dropped_at
    assert state.lookups.content(CONTRACT, "planes") is None


def test_what_a_provider_took_stays_though_it_was_replaced_meanwhile(state):
    keep(state)
    state.submit(lambda tx: state.lookups.withdraw(tx, CONTRACT, "planes"))
    keep(state, SECOND)

    state.submit(lambda tx: state.lookups.withdraw(tx, CONTRACT, "planes", digest=FIRST.digest))
    assert state.lookups.find(CONTRACT, "planes").digest == SECOND.digest
    taken = state.submit(lambda tx: state.lookups.keep_taken(tx, CONTRACT, FIRST, now=NOW))
    record(state, taken, PROVIDER)
    other = state.submit(lambda tx: state.lookups.keep_taken(tx, CONTRACT, SECOND, now=NOW))

    assert (taken.digest, other.digest) == (FIRST.digest, FIRST.digest)
    assert state.lookups.content(CONTRACT, "planes") == FIRST.data


def take(state, content, *, consumer=CONSUMER):
    channel = replace(CHANNEL, consumer=consumer)
    stored, is_replaced = state.submit(
        lambda tx: state.lookups.take(tx, content, channel=channel, now=NOW)
    )
    return stored.digest, is_replaced


def name(state, digest=FIRST.digest):
    return state.submit(lambda tx: name_lookups(tx, CONTRACT, {"planes": digest}))


def test_a_table_that_nobody_asked_with_gives_way_to_another_of_the_same_consumer(state):
    assert take(state, FIRST) == (FIRST.digest, False)
    assert take(state, FIRST) == (FIRST.digest, False)
    assert take(state, SECOND) == (SECOND.digest, True)
    assert state.lookups.content(CONTRACT, "planes") == SECOND.data
    assert [type(body) for body in bodies(state)] == [Taken, Dropped, Taken]
    assert [body.digest for body in bodies(state)] == [FIRST.digest, FIRST.digest, SECOND.digest]
    assert not name(state), "a request that was decided with the first one is decided anew"
    assert name(state, SECOND.digest)
    assert take(state, FIRST) == (SECOND.digest, False)


def test_a_table_that_another_consumer_brought_does_not_give_way(state):
    take(state, FIRST)
    assert take(state, SECOND, consumer="maker-europe.example") == (FIRST.digest, False)
    assert take(state, FIRST, consumer="maker-europe.example") == (FIRST.digest, False)
    assert take(state, SECOND) == (FIRST.digest, False)
    assert len(bodies(state)) == 2


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_request_fixes_the_tables_that_it_names(state, is_answered):
    take(state, FIRST)
    request = replace(received(), lookups={"planes": FIRST.digest})
    if is_answered:
        signed = replace(signed_contract(), id=CONTRACT)
        state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
    else:
        state.answers.refuse(request, Refusal("LOOKUP_NOT_ALLOWED", "no"), now=NOW)
    assert take(state, SECOND) == (FIRST.digest, False)


def test_an_answer_with_a_table_that_was_replaced_is_decided_anew(state):
    take(state, FIRST)
    take(state, SECOND)
    request = replace(received(), lookups={"planes": FIRST.digest})
    signed = replace(signed_contract(), id=CONTRACT)
    with pytest.raises(OutdatedError):
        state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
    assert len(bodies(state)) == 3
    assert take(state, FIRST) == (FIRST.digest, True)
