"""Deliveries wait until they are acknowledged."""

from datetime import timedelta

from support.state import NOW, PROVIDER

LATER = NOW + timedelta(minutes=1)


def put(state, *, document="sha256:1", now=NOW):
    state.submit(
        lambda tx: state.outbox.put(tx, PROVIDER, kind="notice", document=document, now=now)
    )


def test_what_was_put_is_due_at_once(state):
    put(state)
    (delivery,) = state.outbox.due(NOW)
    assert (delivery.party, delivery.kind, delivery.document) == (PROVIDER, "notice", "sha256:1")
    assert (delivery.attempts, delivery.acknowledged_at) == (0, None)
    assert state.outbox.next_at() == NOW


def test_a_failed_attempt_is_tried_again_later(state):
    put(state)
    (delivery,) = state.outbox.due(NOW)
    state.submit(lambda tx: state.outbox.postpone(tx, delivery, next_at=LATER))
    assert state.outbox.due(NOW) == ()
    (again,) = state.outbox.due(LATER)
    assert again.attempts == 1


def test_an_acknowledged_delivery_is_not_due_any_more_but_known(state):
    put(state)
    (delivery,) = state.outbox.due(NOW)
    state.submit(lambda tx: state.outbox.acknowledge(tx, delivery, now=LATER))
    assert state.outbox.due(LATER) == ()
    assert state.outbox.next_at() is None
    (known,) = state.outbox.of_document("sha256:1")
    assert known.acknowledged_at == LATER


def test_a_document_that_changed_meanwhile_is_not_taken_as_delivered(state):
    put(state)
    (delivery,) = state.outbox.due(NOW)
    put(state, now=LATER)
    state.submit(lambda tx: state.outbox.acknowledge(tx, delivery, now=LATER))
    assert len(state.outbox.due(LATER)) == 1


def test_the_longest_due_come_first(state):
    for number in range(3):
        put(state, document=f"sha256:{number}", now=NOW - timedelta(seconds=number))
    documents = [item.document for item in state.outbox.due(NOW, most=2)]
    assert documents == ["sha256:2", "sha256:1"]


def test_versions_of_a_member_document_go_out_in_their_order(state):
    for number in (2, 3):
        state.submit(
            lambda tx, n=number: state.outbox.put(
                tx, PROVIDER, kind="member", document=f"sha256:{n}", now=NOW
            )
        )
    (first,) = state.outbox.due(NOW)
    assert first.document == "sha256:2"
    later = NOW + timedelta(hours=1)
    state.submit(lambda tx: state.outbox.postpone(tx, first, next_at=later))
    assert state.outbox.due(NOW) == ()
    (again,) = state.outbox.due(later)
    state.submit(lambda tx: state.outbox.acknowledge(tx, again, now=later))
    assert [item.document for item in state.outbox.due(later)] == ["sha256:3"]
