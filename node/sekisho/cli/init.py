"""`sekisho init`: make a node's folder."""

import argparse
from pathlib import Path

from sekisho.cli.main import DONE, add_folder
from sekisho.cli.place import now, say
from sekisho.model.names import PartyId, is_alias, is_party
from sekisho.store.addresses import port_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.description = (
        "Make a node's folder: keys, certificates, member document, settings and an empty state."
    )
    parser.add_argument("party", type=_party, metavar="PARTY", help="the company's host name")
    parser.add_argument(
        "--alias", type=_alias, metavar="A", help="how the company likes to be called in queries"
    )
    parser.add_argument(
        "--peers",
        type=_address,
        metavar="HOST:PORT",
        help="where other companies' nodes connect (default: 0.0.0.0:7443; port 0 chooses one)",
    )
    parser.add_argument(
        "--users",
        type=_address,
        metavar="HOST:PORT",
        help="where the company's own people connect (default: 127.0.0.1:7444)",
    )
    parser.add_argument(
        "--country", type=_country, metavar="CC", help="where the company is, such as JP"
    )
    add_folder(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the node and say what comes next."""
    from sekisho.store.founding import DEFAULT_PEERS, DEFAULT_USERS, found_node

    root = Path(options.dir)
    made = found_node(
        root,
        options.party,
        now=now(),
        alias=options.alias or "",
        peers=options.peers or DEFAULT_PEERS,
        users=options.users or DEFAULT_USERS,
        country=options.country or "",
    )
    print(f"party        {options.party}")
    print(f"folder       {root.absolute()}")
    print(f"peers        {made.peers} (other companies reach it at {made.advertise})")
    print(f"users        {made.users}")
    print(f"fingerprint  {made.member.fingerprint}")
    say("")
    say("next: give member.json to the other companies and tell them the fingerprint by another")
    say("way, such as the telephone; add theirs with `sekisho member add FILE --fingerprint …`;")
    say("name your data under `datasets:` in node.yaml; then run `sekisho serve`")
    return DONE


def _party(text: str) -> PartyId:
    if not is_party(text):
        raise argparse.ArgumentTypeError(
            f"`{text}` is not a company's name; write a lower-case host name, such as `ua.example`"
        )
    return PartyId(text)


def _alias(text: str) -> str:
    if not is_alias(text):
        raise argparse.ArgumentTypeError(
            f"`{text}` cannot be an alias; write a lower-case word that SQL does not use itself"
        )
    return text


def _country(text: str) -> str:
    from sekisho.model.iso import COUNTRIES

    if text not in COUNTRIES:
        raise argparse.ArgumentTypeError(
            f"`{text}` is not a country; write two capitals of ISO 3166, such as `JP`"
        )
    return text


def _address(text: str) -> str:
    from sekisho.errors import NodeError

    try:
        port_of(text)
    except NodeError as error:
        raise argparse.ArgumentTypeError(f"{error.message}; {error.hint}") from None
    return text
