"""`sekisho member`: the company's own member document, and those of others."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli import member_rotate
from sekisho.cli.main import DONE, FAILED, add_folder, add_format
from sekisho.cli.place import Place, confirm, is_interactive, misused, now, say
from sekisho.cli.table import show
from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import Envelope, parse_envelope_json
from sekisho.documents.models import parse_value
from sekisho.errors import NodeError, TrustError
from sekisho.model.member import Member
from sekisho.model.names import short_id
from sekisho.store.folder import load_file

if TYPE_CHECKING:
    from sekisho.trust.keyring import TrustedMember


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    shown = verbs.add_parser("show", help="show the company's own member document")
    add_folder(shown)
    add_format(shown)
    shown.set_defaults(run=_show)
    added = verbs.add_parser("add", help="believe another company's member document")
    added.add_argument("file", type=Path, metavar="FILE", help="its member.json")
    added.add_argument(
        "--fingerprint",
        default="",
        metavar="F",
        help="what the company told of its document by another way, `sha256:…`",
    )
    added.add_argument("--alias", default="", metavar="A", help="what to call it in queries here")
    add_folder(added)
    added.set_defaults(run=_add)
    rotated = verbs.add_parser(
        "rotate",
        help="renew the node's keys and tell the other companies; the node must be stopped",
        description=member_rotate.DESCRIPTION,
    )
    member_rotate.configure(rotated)
    listed = verbs.add_parser("list", help="list the companies that are known here")
    add_folder(listed)
    add_format(listed)
    listed.set_defaults(run=_list)


def _show(options: argparse.Namespace) -> int:
    envelope = Place.find(options).member()
    member = _read(envelope)
    facts: dict[str, object] = {
        "party": member.party,
        "fingerprint": envelope.digest,
        "version": member.version,
        "country": member.country,
        "valid": {"from": member.valid.from_, "until": member.valid.until},
        "endpoints": list(member.endpoints),
        "keys": [
            {"public": key.public, "purposes": [item.value for item in key.purposes]}
            for key in member.keys
        ],
        "agreement": member.agreement,
    }
    if options.format == "json":
        import json

        print(json.dumps(facts, ensure_ascii=False, indent=1))
        return DONE
    facts |= {"valid": f"{member.valid.from_} to {member.valid.until}"}
    facts |= {"endpoints": ", ".join(member.endpoints), "country": member.country or "not said"}
    del facts["keys"]
    for name, value in facts.items():
        print(f"{name:<12} {value}")
    for key in member.keys:
        print(f"{'key':<12} {key.public} ({', '.join(key.purposes)})")
    return DONE


def _add(options: argparse.Namespace) -> int:
    place = Place.find(options)
    envelope = parse_envelope_json(load_file(options.file), name=str(options.file))
    member = _read(envelope)
    if member.party == place.party:
        raise NodeError("this is the node's own member document", hint="add another company's")
    code = _compare(place, envelope, options.fingerprint)
    if code != DONE:
        return code
    alias = _keep(place, envelope, alias=options.alias)
    say(f"`{member.party}` is a member here, version {member.version}, called `{alias}`")
    return DONE


def _compare(place: Place, envelope: Envelope, fingerprint: str) -> int:
    """Hold the document to what people compared, or have them compare it now.

    A newer document of a known party needs nobody's eyes: the party's own key vouches for it.
    """
    member = _read(envelope)
    if fingerprint:
        if "".join(fingerprint.lower().split()).removeprefix("sha256:") != envelope.digest[7:]:
            raise TrustError(
                f"the member document of `{member.party}` has another fingerprint",
                step="member.fingerprint",
                hint="ask the company for its fingerprint again, by telephone",
            )
        return DONE
    with place.records() as records:
        if records.members.current(member.party_id) is not None:
            return DONE
    say(f"party        {member.party}")
    say(f"fingerprint  {envelope.digest}")
    if not is_interactive():
        return misused(
            "nobody is here to compare the fingerprint",
            "compare it with the company, then give it with --fingerprint",
        )
    if confirm(f"Does `{member.party}` itself tell the same fingerprint?"):
        return DONE
    say("nothing was added")
    return FAILED


def _keep(place: Place, envelope: Envelope, *, alias: str) -> str:
    """Record the document here, or at the running node when that holds the state."""
    from sekisho.store.state import open_state

    if place.is_running():
        with place.steward() as steward:
            return steward.add_member(envelope, alias=alias)
    at = now()
    with open_state(place.database(), now=at) as state:
        added = place.members(state).add(state, envelope, alias=alias, fingerprint="", now=at)
        known = state.members.current(added.party)
        return known.alias if known else ""


def _list(options: argparse.Namespace) -> int:
    place = Place.find(options)
    with place.records() as records:
        members = place.members(records)()
        aliases = {item.party: item.alias for item in records.members.all()}
        rows = [
            _row(item, aliases.get(item.party, ""), whole=options.format == "json")
            for item in members
            if item.party != place.party
        ]
    columns = ("alias", "party", "fingerprint", "version", "valid_until", "endpoints")
    show(rows, columns, as_json=options.format == "json", out=sys.stdout)
    return DONE


def _row(item: "TrustedMember", alias: str, *, whole: bool) -> dict[str, object]:
    endpoints = item.member.endpoints
    return {
        "alias": alias,
        "party": item.party,
        "fingerprint": item.fingerprint if whole else short_id(item.fingerprint),
        "version": item.member.version,
        "valid_until": item.member.valid.until,
        "endpoints": list(endpoints) if whole else ", ".join(endpoints),
        "country": item.member.country,
    }


def _read(envelope: Envelope) -> Member:
    return parse_value(parse_canonical(envelope.payload, name="member"), Member, name="member")
