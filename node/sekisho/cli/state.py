"""`sekisho state`: where everything durable of a node is."""

import argparse
import json

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place, say
from sekisho.errors import NodeError
from sekisho.store.folder import STATE_SCHEME


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    move = verbs.add_parser(
        "move", help="move the state from its file into a PostgreSQL database that is empty"
    )
    move.add_argument("url", metavar="URL", help="postgresql://USER@HOST/DATABASE, no password")
    move.set_defaults(run=_move)
    add_folder(move)
    add_format(move)


def _move(options: argparse.Namespace) -> int:
    """Move everything; node.yaml is the operator's, who writes the new place into it."""
    from sekisho.store.locating import postgres_database

    place = Place.find(options)
    if not place.config.state.startswith(STATE_SCHEME):
        raise NodeError(
            f"the state is in `{place.database().name}` already", hint="there is nothing to move"
        )
    target = postgres_database(place.folder, options.url, party=place.party)
    # Its driver is optional; the line above says so where it is missing.
    from sekisho.store.moving import move_state

    tree = move_state(place.folder.state_file(place.config.state), target)
    if options.format == "json":
        print(json.dumps({"entries": tree.size, "root": tree.root().hex(), "state": options.url}))
    else:
        print(f"{tree.size} entries, root {tree.root().hex()}")
        say(f"write this into node.yaml: `state: {options.url}`")
    return DONE
