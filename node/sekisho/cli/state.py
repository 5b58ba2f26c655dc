"""`sekisho state`: backs up what a node remembers, restores it, and moves it to PostgreSQL."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place, say
from sekisho.errors import NodeError
from sekisho.store.folder import STATE_SCHEME

if TYPE_CHECKING:
    from sekisho.store.backup import BackedUp


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    backed = verbs.add_parser(
        "backup",
        help="copy the state to one file, while the node runs: ledger, contracts, members, limits"
        " used; neither keys nor node.yaml",
    )
    backed.add_argument("file", type=Path, metavar="FILE", help="must not be there yet")
    backed.set_defaults(run=_backup)
    restored = verbs.add_parser(
        "restore", help="put a backup in the state's place; stop the node first"
    )
    restored.add_argument("file", type=Path, metavar="FILE", help="what `backup` has written")
    restored.add_argument(
        "--replace",
        action="store_true",
        help="move a state that is there into a folder `replaced-N` beside it",
    )
    restored.set_defaults(run=_restore)
    move = verbs.add_parser(
        "move", help="move the state from its file into a PostgreSQL database that is empty"
    )
    move.add_argument("url", metavar="URL", help="postgresql://USER@HOST/DATABASE, no password")
    move.set_defaults(run=_move)
    for verb in (backed, restored, move):
        add_folder(verb)
        add_format(verb)


def _backup(options: argparse.Namespace) -> int:
    from sekisho.store.backup import back_up

    done = back_up(_file(Place.find(options)), options.file)
    _show(options, done, "backed up")
    return DONE


def _restore(options: argparse.Namespace) -> int:
    from sekisho.store.backup import restore

    place = Place.find(options)
    done = restore(options.file, _file(place), party=place.party, replace=options.replace)
    _show(options, done, "restored")
    say("what this node did after its last entry is not in its ledger, but others may hold it:")
    say("limits that were used since then are open again, and contracts stand as they did then")
    say(
        "hint: start it only after `sekisho ledger recover`, where other companies' nodes hold more"
    )
    return DONE


def _file(place: Place) -> Path:
    """Find the state file; a database has backups of its own."""
    if not place.config.state.startswith(STATE_SCHEME):
        raise NodeError(
            f"the state is in `{place.database().name}`",
            hint="back it up and restore it with PostgreSQL's own `pg_dump` and `pg_restore`",
        )
    return place.folder.state_file(place.config.state)


def _show(options: argparse.Namespace, done: "BackedUp", word: str) -> None:
    if options.format == "json":
        facts = {
            "file": str(done.path),
            "entries": done.entries,
            "root": done.root,
            "last_at": done.last_at,
        }
        print(json.dumps(facts, indent=1))
        return
    print(f"{word}: {done.entries} entries, the last of {done.last_at or 'no day'}; all hold")
    print(f"root {done.root}")


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
