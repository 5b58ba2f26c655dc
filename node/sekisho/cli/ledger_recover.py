"""`sekisho ledger recover`: goes on with a ledger that is behind a checkpoint which others hold."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import Place, confirm, is_interactive, misused, now, say
from sekisho.cli.table import cell_text
from sekisho.errors import DocumentError, NodeError, SekishoError, TrustError
from sekisho.model.names import PartyId

_MEANS = """
If you have a newer copy of the state, put it back instead. Recovering
  - keeps every entry that is here, and says for ever, with this checkpoint, what was lost;
  - goes on under a new epoch, which the other companies' nodes see;
  - counts every limit as spent, of every contract in which this company provides, in each day,
    month, year and term that has begun by now;
  - cannot bring back contracts, terminations and published statistics that were lost: go through
    `sekisho contract list` afterwards, and docs/guide/recovering.md before."""

if TYPE_CHECKING:
    from sekisho.server.members import MemberBook
    from sekisho.store.recovery import Shown
    from sekisho.store.state import State


def run(options: argparse.Namespace) -> int:
    """Find the latest checkpoint that is held, say what follows from it, ask, and go on."""
    from sekisho.server.members import MemberBook
    from sekisho.store.recovery import leads_to, recover
    from sekisho.store.state import open_state

    place = Place.find(options)
    if place.is_running():
        raise NodeError("the node runs", hint="stop it first; what it serves must not go on")
    moment = now()
    with open_state(place.database(), now=moment) as state:
        members = MemberBook(state, place.member())
        found = [item for item in _shown(place, state, members) if not leads_to(state, item.held)]
        if not found:
            say("nothing to recover: no checkpoint is known that this ledger does not lead to")
            return DONE
        latest = max(found, key=lambda item: (item.held.epoch, item.held.size))
        _explain(state, latest)
        if not options.yes:
            if not is_interactive():
                return misused("nobody can be asked here", "add --yes once you have read this")
            if not confirm("Go on with this ledger under a new epoch?"):
                say("nothing was changed")
                return FAILED
        added = recover(state, latest, now=moment)
        _sign(place, state)
    say(f"recovered with entry {added.index}; start the node: `sekisho serve`")
    return DONE


def _shown(place: Place, state: "State", members: "MemberBook") -> "Iterator[Shown]":
    """Give every checkpoint of this ledger that is known, and say who could not be asked."""
    from sekisho.ledger.witnessing import believe_checkpoint
    from sekisho.model.member import Purpose
    from sekisho.store.own_checkpoint import load_own_checkpoint
    from sekisho.store.recovery import Shown

    keys = members().keys_ever(place.party, Purpose.CHECKPOINT)
    kept = load_own_checkpoint(place.folder, members(), place.party)
    if kept is not None:
        yield Shown(held=kept, by=place.party)
    for doubt in state.standing.doubts():
        # The key counted when the doubt was kept; revoking it does not end the doubt.
        ever = members().keys_with_revoked(place.party, Purpose.CHECKPOINT)
        held = believe_checkpoint(doubt.note, party=place.party, keys=ever)
        yield Shown(held=held, by=doubt.held_by)
    for member in members():
        if member.party == place.party:
            continue
        try:
            texts = _ask(place, member.party, members)
        except SekishoError as error:
            say(f"{member.party} could not be asked: {error.message}")
            continue
        for text in texts:
            try:
                held = believe_checkpoint(text, party=place.party, keys=keys)
            except (DocumentError, TrustError) as error:
                words = cell_text(error.message)  # another company's text steers no terminal
                say(f"{member.party} shows a checkpoint that is not this node's: {words}")
            else:
                yield Shown(held=held, by=member.party)


def _ask(place: Place, party: PartyId, members: "MemberBook") -> tuple[str, ...]:
    from sekisho.client.peer import Credentials, Peer
    from sekisho.store.folder import load_file, load_secret

    trusted = members().latest(party)
    peer = Peer(
        party,
        address=trusted.member.endpoints[0],
        anchor=trusted.member.tls_anchor.encode(),
        credentials=Credentials(
            key=load_secret(place.folder.key("tls")),
            certificate=load_file(place.folder.certificate("tls")),
        ),
    )
    try:
        return peer.ledger.checkpoints().held
    finally:
        peer.close()


def _explain(state: "State", latest: "Shown") -> None:
    head, held = state.ledger.head(), latest.held
    say(f"{latest.by} holds a checkpoint of {held.size} entries that this node signed:")
    for line in held.note.splitlines():
        say(f"  {line}")
    say(f"this ledger has {head.size} entries and does not lead to it.")
    say(_MEANS)


def _sign(place: Place, state: "State") -> None:
    """Replace the node's own copy of its last checkpoint, which would go on to be in doubt."""
    from sekisho.ledger.witnessing import sign_checkpoint
    from sekisho.store.folder import load_secret
    from sekisho.store.own_checkpoint import save_own_checkpoint
    from sekisho.trust.keys import load_signer

    signer = load_signer(load_secret(place.folder.key("request")))
    own = sign_checkpoint(
        state.ledger.head(), party=place.party, epoch=state.standing.epoch(), signer=signer
    )
    save_own_checkpoint(place.folder, own)
