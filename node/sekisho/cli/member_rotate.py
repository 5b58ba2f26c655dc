"""`sekisho member rotate`: new keys for the node, and perhaps no more word of the old ones."""

import argparse
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, add_folder
from sekisho.cli.place import Place, confirm, is_interactive, misused, now, say
from sekisho.cli.table import cell_text
from sekisho.errors import NodeError
from sekisho.model.lifecycle import TERMINAL_STATES
from sekisho.model.names import short_id

if TYPE_CHECKING:
    from sekisho.store.state import State

DESCRIPTION = """Makes a new request key, a new TLS key and certificate, a new signing key for
people, and the next version of the member document, valid for three years. The node must be
stopped, every replica of it; started again, it hands the document to every member. What the old
keys signed stays good, unless they are revoked. The anchor and the agreement key stay: other
companies know the one, and pseudonyms are made with the other.

With --revoke, nobody does anything any more on the word of the old keys, those of earlier versions
included: for a key that was stolen. Contracts that this company signed with one are out of force
until it has signed them again (sekisho contract sign ID), at every company that has heard of it.
What others had recorded by then stays evidence. It cannot be undone. See
docs/guide/renewing-keys.md."""
_MEANS = """Revoking is for keys that somebody else may have, and cannot be undone. Every company
that hears of it, which begins when the node runs again,
  - does nothing any more on the word of the old keys, those of earlier versions included;
  - keeps what it had recorded by then: that stays evidence, for and against this company;
  - has each contract out of force that this company signed with one, until it has signed again.
Who has keys/anchor.pem, or keys/tls.pem of before, can still connect in this company's name:
docs/guide/renewing-keys.md says what that lets them do."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--revoke",
        action="store_true",
        help="revoke the old keys, and those before them: one was stolen",
    )
    parser.add_argument(
        "--keep-signing",
        action="store_true",
        help="keep the key with which people sign, and revoke none of that kind",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_folder(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Finish what was begun, or say what follows, ask, and renew the keys."""
    from sekisho.store.rotating import is_rotating
    from sekisho.store.state import open_state

    place = Place.find(options)
    if place.is_running():
        raise NodeError("the node is running", hint="stop it, rotate, and start it again")
    with open_state(place.database(), now=now()) as state:
        # Before anything is made: with what another replica serves, nothing must change.
        state.check_alone()
        if is_rotating(place.folder):
            _finish(place, state)
            if not (options.revoke and _unrevoked(place, state, options)):
                say("that finished what was begun before")
                return DONE
        if options.revoke:
            _explain(place, state, options)
        if not options.yes and not _agrees(place, options):
            return misused("nobody confirmed", "answer the question, or give --yes")
        _begin(place, state, options)
        _finish(place, state)
    return DONE


def _explain(place: Place, state: "State", options: argparse.Namespace) -> None:
    """Say what revoking means, and name the contracts that have to be signed again."""
    from sekisho.trust.keys import public_of_id

    say(_MEANS)
    revoked, book, at = _to_revoke(place, state, options), place.contracts(state), now()
    for stored in state.contracts.all():
        keys = {
            public_of_id(item.signature.key_id)
            for item in stored.signatures
            if item.party == place.party
        }
        if keys & revoked and book.state_ever(stored.id, at) not in TERMINAL_STATES:
            title = cell_text(stored.title)
            say(f"to be signed again: sekisho contract sign {short_id(stored.id)}  ({title})")


def _agrees(place: Place, options: argparse.Namespace) -> bool:
    what = "Renew the keys and revoke the old ones" if options.revoke else "Renew the keys"
    question = f"{what} of `{place.party}`? The old ones are gone afterwards."
    return is_interactive() and confirm(question)


def _begin(place: Place, state: "State", options: argparse.Namespace) -> None:
    from sekisho.store.rotating import make_keys

    listen = place.config.listen
    make_keys(
        place.folder,
        place.members(state)(),
        addresses=(listen.peers, listen.users, place.config.advertise),
        with_signing=not options.keep_signing,
        revoked=_to_revoke(place, state, options) if options.revoke else frozenset(),
        now=now(),
    )


def _finish(place: Place, state: "State") -> None:
    """Record the document, and put the keys in their places."""
    from sekisho.store.rotating import put_in_place, record

    rotated = record(place.folder, state, now=now())
    put_in_place(place.folder)
    say(f"`{rotated.party}` has new keys, in version {rotated.version} of its member document")
    say("start the node: it tells the other companies by itself")
    print(rotated.fingerprint)


def _to_revoke(place: Place, state: "State", options: argparse.Namespace) -> frozenset[str]:
    from sekisho.store.rotating import keys_to_revoke

    known = place.members(state)()
    return keys_to_revoke(known, place.party, with_signing=not options.keep_signing)


def _unrevoked(place: Place, state: "State", options: argparse.Namespace) -> frozenset[str]:
    """List the keys that were replaced and still count."""
    current = place.members(state)().latest(place.party).member.public_keys
    return _to_revoke(place, state, options) - current
