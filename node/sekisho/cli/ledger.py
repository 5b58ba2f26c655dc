"""`sekisho ledger`: what this node's evidence says, and whether it holds."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sekisho.cli.main import DONE, NOT_TRUSTED, add_folder, add_format
from sekisho.cli.place import Place, say
from sekisho.cli.revoked import revoked_line
from sekisho.cli.table import show as show_rows
from sekisho.documents.envelope import parse_envelope_json
from sekisho.errors import LedgerError
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Asked,
    Opened,
    Refused,
)
from sekisho.ledger.entry import Entry, entry_bytes
from sekisho.ledger.listing import summaries
from sekisho.model.names import short_id

if TYPE_CHECKING:
    from sekisho.store.evidence import EvidenceReport
    from sekisho.store.state import Records


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="list answers, queries and steps, oldest first")
    listed.add_argument(
        "--differences",
        action="store_true",
        help="list what consumers acknowledged otherwise than this ledger has it, and nothing else",
    )
    listed.set_defaults(run=_list)
    shown = verbs.add_parser("show", help="show everything about one entry")
    shown.add_argument("index", type=_index, metavar="N", help="the entry's index")
    shown.set_defaults(run=_show)
    verified = verbs.add_parser("verify", help="check every entry, request and receipt")
    verified.set_defaults(run=_verify)
    for verb in (listed, shown, verified):
        add_folder(verb)
        add_format(verb)
    recovered = verbs.add_parser(
        "recover", help="go on after a backup was put back, with what may be spent counted as spent"
    )
    recovered.add_argument("--yes", action="store_true", help="do not ask")
    add_folder(recovered)
    recovered.set_defaults(run=_recover)


def _list(options: argparse.Namespace) -> int:
    place = Place.find(options)
    is_json = options.format == "json"
    if options.differences:
        return _list_differences(place, as_json=is_json)
    with place.records() as records:
        rows = [asdict(item) for item in summaries(records.ledger.entries())]
    if not is_json:
        for row in rows:
            row["contract"] = short_id(str(row["contract"]))
    columns = ("index", "at", "kind", "contract", "party", "state", "reason", "rows", "bytes")
    show_rows(rows, columns, as_json=is_json, out=sys.stdout)
    return DONE


def _list_differences(place: Place, *, as_json: bool) -> int:
    """Print one row for each difference that comparing acknowledgements has found."""
    with place.records() as records:
        rows = [
            {
                "index": entry.index,
                "at": entry.at,
                "kind": item.kind.value,
                "contract": entry.link.channel.contract,
                "party": entry.link.channel.consumer,
                "request": item.request,
                "provider": item.provider,
                "consumer": item.consumer,
            }
            for entry, item in records.acknowledgements.differing()
            if entry.link is not None
        ]
    if not as_json:
        for row in rows:
            row["contract"] = short_id(str(row["contract"]))
            row["request"] = short_id(str(row["request"])) if row["request"] else ""
    columns = ("index", "at", "kind", "contract", "party", "request", "provider", "consumer")
    show_rows(rows, columns, as_json=as_json, out=sys.stdout)
    return DONE


def _show(options: argparse.Namespace) -> int:
    place = Place.find(options)
    with place.records() as records:
        facts = _facts(records, options.index)
    if options.format == "json":
        print(json.dumps(facts, ensure_ascii=False, indent=1))
        return DONE
    for name, value in facts["entry"].items():
        if name not in {"document", "differences"} or not facts["acknowledgement"]:
            print(f"{name:<14} {_line(value)}")
    _print_acknowledgement(facts)
    for name in ("leaf", "note"):
        if facts[name]:
            print(f"{name:<14} {_line(facts[name])}")
    if facts["end"]:
        print(f"ended by entry {facts['end']['index']}")
        for name, value in facts["end"].items():
            if name not in facts["entry"] or name in {"at", "kind"}:
                print(f"  {name:<12} {_line(value)}")
    return DONE


def _print_acknowledgement(facts: dict[str, Any]) -> None:
    """Print what a consumer said of answers, and what its provider found to differ."""
    for item in (facts["acknowledgement"] or {}).get("answers", ()):
        counts = f"{item['rows']} rows, {item['bytes']} bytes"
        print(f"{item['ending']:<14} {short_id(item['request'])} {counts}")
    for item in facts["entry"].get("differences", ()):
        print(f"{item['kind']:<14} {short_id(item['request']) if item['request'] else ''}")
        print(f"  provider     {_line(item['provider'] or 'nothing')}")
        print(f"  consumer     {_line(item['consumer'] or 'nothing')}")
    if facts["acknowledged_by"] is not None:
        print(f"acknowledged in entry {facts['acknowledged_by']}")


def _facts(records: "Records", index: int) -> dict[str, Any]:
    entry = records.ledger.get(index)
    end = records.ledger.end_of(index) if isinstance(entry.body, Opened | Asked) else None
    request = None
    if isinstance(entry.body, Opened | Refused):
        request = records.requests.by_digest(entry.body.request)
    said = None
    if isinstance(entry.body, AcknowledgementSent | AcknowledgementCompared):
        said = json.loads(parse_envelope_json(entry.body.document.encode()).payload)
    by = request.acknowledged if request else None
    return {
        "entry": _record(entry),
        "acknowledgement": said,
        "acknowledged_by": by if by is not None and by >= 0 else None,
        "leaf": records.ledger.stored(index).leaf.hex(),
        "note": records.ledger.note(index) or (records.ledger.note(end.index) if end else ""),
        "end": _record(end) if end else None,
        "request": json.loads(request.envelope) if request and request.envelope else None,
        "receipt": json.loads(request.receipt) if request and request.receipt else None,
    }


def _verify(options: argparse.Namespace) -> int:
    from sekisho.store.evidence import verify_evidence

    place = Place.find(options)
    try:
        with place.records() as records:
            report = verify_evidence(records, place.members(records)(), party=place.party)
    except LedgerError as error:
        if options.format == "json":
            print(json.dumps({"holds": False, "index": error.index, "message": error.message}))
        say(f"sekisho: {error.message}")
        say(f"hint: {error.hint or 'keep the state folder as it is, and compare with a backup'}")
        return NOT_TRUSTED
    _print_report(report, as_json=options.format == "json")
    return DONE


def _recover(options: argparse.Namespace) -> int:
    from sekisho.cli.ledger_recover import run

    return run(options)


def _print_report(report: "EvidenceReport", *, as_json: bool) -> None:
    facts: dict[str, object] = {
        "holds": True,
        "entries": report.ledger.size,
        "root": report.ledger.root.hex(),
        "channels": report.ledger.channels,
        "receipts": report.receipts,
        "requests": report.requests,
        "cosignatures": report.cosignatures,
        "acknowledgements": report.acknowledgements,
        "open": list(report.ledger.open),
        "pruned": report.ledger.pruned,
        "doubted": list(report.doubted),
        "revoked": [asdict(item) for item in report.revoked],
        "first_at": report.ledger.first_at,
        "last_at": report.ledger.last_at,
    }
    if as_json:
        print(json.dumps(facts, indent=1))
        return
    print(
        f"the ledger holds: {report.ledger.size} entries, {report.receipts} receipts"
        f", {report.requests} requests and {report.acknowledgements} acknowledgements of others,"
        f" {report.cosignatures} cosignatures"
    )
    for key in report.revoked:
        print(revoked_line(key))
    print(f"root {report.ledger.root.hex()}")
    if report.ledger.open:
        print(f"without an end: entries {', '.join(map(str, report.ledger.open))}")
    if report.ledger.pruned:
        print(f"pruned by the retention rule: {report.ledger.pruned} entries")
    if report.doubted:
        print(f"recorded as not verified: entries {', '.join(map(str, report.doubted))}")


def _record(entry: Entry) -> dict[str, Any]:
    """Give an entry as it is hashed, with its header first."""
    record = json.loads(entry_bytes(entry))
    header = ("index", "at", "kind")
    return {name: record[name] for name in header} | {
        name: value for name, value in record.items() if name not in header
    }


def _line(value: object) -> str:
    from sekisho.cli.table import cell_text

    return cell_text(", ".join(map(str, value)) if isinstance(value, list) else value)


def _index(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"`{text}` is not an entry's index; write the number that `ledger list` shows"
        )
    return int(text)
