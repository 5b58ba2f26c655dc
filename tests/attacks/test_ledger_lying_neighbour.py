"""A neighbour that says it cosigned and did not, or shows checkpoints that this node never signed.

expect: `docs/spec/ledger.md`, section 8: the neighbour's own `checkpoint` key over this checkpoint;
    a checkpoint against this ledger is this node's own
effect: evidence shows witnesses that were none; or any neighbour can stop this node
source: C2SP tlog-cosignature
"""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from sekisho.client.ledger_peer import CosignAnswer, HeldCheckpoints
from sekisho.errors import LedgerError
from sekisho.ledger.witnessing import (
    believe_checkpoint,
    cosign_checkpoint,
    sign_checkpoint,
)
from sekisho.model.member import Purpose
from sekisho.server.cutting import cut_in_doubt
from sekisho.server.watching import Watching
from sekisho.server.witness import Circle
from sekisho.trust.keys import generate_signing_key, load_signer
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from support.witnessing import MAKER, UA, leaves, watched


@dataclass
class Liar:
    """A neighbour's node that answers what a test says."""

    answers: list = field(default_factory=list)
    held: tuple[str, ...] = ()
    shown: list = field(default_factory=list)

    @property
    def ledger(self):
        return self

    def peer(self, _party):
        return self

    def cosign(self, note, growth):
        self.shown.append((note, growth))
        answer = self.answers.pop(0)
        return answer(note) if callable(answer) else answer

    def checkpoints(self, _party=""):
        return HeldCheckpoints(held=self.held, own="")

    def close(self):
        pass


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        yield found


def visited(world, liar):
    """Let the node visit its neighbour once."""
    parts = world.node.parts
    watching = Watching(parts, liar, circle=Circle(parts), jitter=lambda: 0.0)
    watching._round()
    watching.stop()
    return parts.state


def cosigned_by(world, signer, *, party=UA, other=None):
    """Answer with a cosignature by a key."""

    def answer(note):
        parts = world.node.parts
        keys = [parts.keys.request.key_id.partition(":")[2]]
        own = believe_checkpoint(other or note, party=MAKER, keys=keys)
        line = cosign_checkpoint(own, party=party, signer=signer, now=parts.now())
        return CosignAnswer(cosignature=line)

    return answer


def test_the_neighbours_own_word_is_kept(world):
    state = visited(world, Liar([cosigned_by(world, world.signer)]))
    (kept,) = state.checkpoints.cosignatures()
    assert (kept.party, kept.epoch, kept.size) == (UA, 0, state.ledger.head().size)


def test_a_cosignature_of_another_key_name_or_checkpoint_is_not_kept(world):
    parts = world.node.parts
    older = sign_checkpoint(
        type(parts.state.ledger.head())(),
        party=MAKER,
        epoch=0,
        signer=parts.keys.request,
    ).note
    answers = [
        cosigned_by(world, load_signer(generate_signing_key())),
        cosigned_by(world, world.keeper.signer),
        cosigned_by(world, parts.keys.request),
        cosigned_by(world, world.signer, party=MAKER),
        cosigned_by(world, world.signer, other=older),
        CosignAnswer(cosignature="nonsense"),
        CosignAnswer(cosignature="— ua.example AAAAAAA=\n"),
        CosignAnswer(cosignature="x" * 100_000),
    ]
    for answer in answers:
        state = visited(world, Liar([answer]))
        assert state.checkpoints.cosignatures() == ()
        assert state.standing.doubts() == ()


def test_a_checkpoint_that_this_node_never_signed_stops_nothing(world):
    forged = world.note(leaves(900), origin="maker.example/sekisho-ledger")
    for held in (forged, world.note(leaves(900)), "nonsense", ""):
        liar = Liar([CosignAnswer(held=held), CosignAnswer(held=held)], held=(held,))
        state = visited(world, liar)
        assert state.standing.doubts() == ()
        assert state.checkpoints.cosignatures() == ()


def test_a_checkpoint_that_this_node_signed_and_does_not_lead_to_stops_it(world):
    parts = world.node.parts
    later = world.note(
        leaves(900), signer=parts.keys.request, origin="maker.example/sekisho-ledger"
    )
    state = visited(world, Liar(held=(later,)))
    (doubt,) = state.standing.doubts()
    assert (doubt.held_by, doubt.size, doubt.note) == (UA, 900, later)


def test_a_ledger_in_doubt_signs_no_second_history(world):
    parts = world.node.parts
    later = world.note(
        leaves(900), signer=parts.keys.request, origin="maker.example/sekisho-ledger"
    )
    assert world.witness.checkpoints(UA, UA).own
    visited(world, Liar(held=(later,)))
    assert world.witness.checkpoints(UA, UA).own == ""
    message = ledger.GetConsistencyProofRequest(old_size=1, new_size=1)
    with pytest.raises(LedgerError, match="does not lead to it"):
        world.witness.consistency(UA, message)


def test_every_replica_cuts_what_runs_where_another_found_the_doubt(world):
    parts, cut = world.node.parts, []
    later = world.note(
        leaves(900), signer=parts.keys.request, origin="maker.example/sekisho-ledger"
    )
    streams = SimpleNamespace(
        contracts=lambda: {"one"},
        cut=lambda contract, reason, **_only: cut.append((contract, reason)),
    )
    other = SimpleNamespace(state=parts.state, streams=streams)
    cut_in_doubt(other)
    assert cut == []
    visited(world, Liar(held=(later,)))
    cut_in_doubt(other)
    assert cut == [("one", "suspension")]


def test_it_is_noticed_in_the_answer_to_a_checkpoint_too(world):
    parts = world.node.parts
    other = world.note(
        leaves(parts.state.ledger.head().size),
        signer=parts.keys.request,
        origin="maker.example/sekisho-ledger",
    )
    liar = Liar([CosignAnswer(held=other)])
    state = visited(world, liar)
    assert [item.held_by for item in state.standing.doubts()] == [UA]
    assert len(liar.shown) == 1, "a ledger in doubt is shown to nobody"


def test_a_neighbour_that_forgot_is_started_from_what_it_holds(world):
    liar = Liar([cosigned_by(world, world.signer)])
    state = visited(world, liar)
    first = state.ledger.head().size
    held = liar.shown[0][0]
    liar = Liar([CosignAnswer(held=""), cosigned_by(world, world.signer)])
    visited(world, liar)
    assert [growth.old_size for _, growth in liar.shown] == [first, 0]
    liar = Liar([CosignAnswer(held=held), cosigned_by(world, world.signer)])
    visited(world, liar)
    assert [growth.old_size for _, growth in liar.shown] == [first, first]


def test_what_a_key_signed_that_is_revoked_since_is_gone_on_from_and_stops_nothing(world):
    parts = world.node.parts
    old = load_signer(generate_signing_key())
    members = parts.members()
    ever = members.keys_ever(MAKER, Purpose.CHECKPOINT)
    revoked = (old.public, *ever)

    class Book(SimpleNamespace):
        def __call__(self):
            return self

        def __iter__(self):
            return iter(members)

    book = Book(
        keys_ever=members.keys_ever,
        keys_with_revoked=lambda party, purpose: (
            revoked if party == MAKER else members.keys_with_revoked(party, purpose)
        ),
    )
    parts = replace(parts, members=book)
    head = parts.state.ledger.head()
    good = sign_checkpoint(head, party=MAKER, epoch=0, signer=old).note
    bad = world.note(leaves(900), signer=old, origin="maker.example/sekisho-ledger")
    for held, size in ((good, head.size), (bad, 0)):
        liar = Liar([CosignAnswer(held=held), cosigned_by(world, world.signer)], held=(held,))
        watching = Watching(parts, liar, circle=Circle(parts), jitter=lambda: 0.0)
        watching._show(UA, watching._head())
        watching.stop()
        assert parts.state.standing.doubts() == ()
        assert liar.shown[-1][1].old_size == size
        parts.state.submit(lambda tx: tx.db.execute("DELETE FROM cosignatures"))
