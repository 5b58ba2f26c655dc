"""`sekisho evidence`: what an auditor gets as one file, and whether it holds, without any node."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sekisho.cli.main import DONE, FAILED, NOT_TRUSTED, add_folder
from sekisho.cli.place import Place, misused, now, say
from sekisho.cli.revoked import revoked_line
from sekisho.cli.table import cell_text
from sekisho.cli.table import show as show_rows
from sekisho.documents.envelope import Envelope, parse_envelope_json
from sekisho.errors import EvidenceError, NodeError, TrustError
from sekisho.model.instants import instant_text
from sekisho.model.names import PartyId, is_party
from sekisho.store.folder import load_file

if TYPE_CHECKING:
    from sekisho.ledger.differences import Difference
    from sekisho.ledger.evidence import Evidence

FIRST, LAST = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
_COLUMNS = (
    "at", "provider", "consumer", "purpose", "state", "reason", "clauses", "rows", "bytes"
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _configure_export(
        verbs.add_parser("export", help="write what this ledger proves about a contract")
    )
    _configure_verify(verbs.add_parser("verify", help="check files of evidence, without a node"))


def _configure_export(exported: argparse.ArgumentParser) -> None:
    exported.add_argument(
        "--contract",
        required=True,
        metavar="ID",
        help="whole id, its first digits, or the title of the contract in force",
    )
    exported.add_argument("--since", type=_day, metavar="DAY", help="first day, in UTC")
    exported.add_argument("--until", type=_day, metavar="DAY", help="last day, in UTC")
    exported.add_argument(
        "--with",
        dest="counterparty",
        default="",
        metavar="PARTY",
        help="one company's answers only",
    )
    exported.add_argument("--out", required=True, metavar="FILE", help="where to write it")
    add_folder(exported)
    exported.set_defaults(run=_export)


def _configure_verify(verified: argparse.ArgumentParser) -> None:
    verified.add_argument(
        "files", nargs="+", metavar="FILE", help="one, or those of both sides to be compared"
    )
    verified.add_argument(
        "--member",
        action="append",
        default=[],
        dest="members",
        metavar="PARTY=FINGERPRINT",
        help="what you compared with a company; may be given again",
    )
    verified.add_argument(
        "--document",
        action="append",
        default=[],
        dest="documents",
        type=Path,
        metavar="FILE",
        help="a company's member.json that is newer than the files: what it revokes is held against"
        " them; may be given again, older ones first",
    )
    verified.add_argument(
        "--format",
        choices=("table", "json", "html"),
        default="table",
        help="how to show it on stdout; html is a report that prints well (default: table)",
    )
    verified.add_argument(
        "--lang", choices=("en", "ja"), default="en", help="the report's language (default: en)"
    )
    verified.set_defaults(run=_verify)


def _export(options: argparse.Namespace) -> int:
    from sekisho.ledger.instants import moment_text
    from sekisho.store.export import Wanted, export_evidence
    from sekisho.store.folder import load_secret
    from sekisho.trust.keys import load_signer

    place, moment = Place.find(options), now()
    path = Path(options.out)
    with place.records() as records:
        wanted = Wanted(
            party=place.party,
            contract=place.contracts(records).find(options.contract, moment),
            counterparty=options.counterparty,
            since=moment_text(options.since) if options.since else FIRST,
            until=moment_text(options.until + timedelta(days=1)) if options.until else LAST,
            made_at=moment_text(moment),
        )
        signer = load_signer(load_secret(place.folder.key("request")))
        lines = export_evidence(records, place.members(records)(), wanted, signer=signer)
        try:
            with path.open("xb") as file:
                size = sum(file.write(line) for line in lines)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            return misused(f"`{path}` is there already", "name another file with --out")
        except OSError as error:
            raise NodeError(f"`{path}` cannot be written: {error.strerror}") from error
    say(f"{size:,} bytes; whoever checks it needs the fingerprints of the companies in it")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    try:
        fingerprints = _fingerprints(options.members)
    except ValueError as error:
        return misused(str(error), "such as --member ua.example=sha256:…")
    documents = tuple(
        parse_envelope_json(load_file(path), name=str(path)) for path in options.documents
    )
    found: list[Evidence] = []
    for name in options.files:
        try:
            found.append(_read(Path(name), fingerprints, documents))
        except EvidenceError as error:
            if options.format == "json":
                facts = {"holds": False, "file": name, "line": error.line, "message": error.message}
                print(json.dumps(facts, ensure_ascii=False))
            # A file is its sender's: nothing of it steers the auditor's terminal.
            say(f"{name}: {cell_text(error.message)}")
            say(f"hint: {error.hint or 'get the file from its sender again'}")
            return NOT_TRUSTED
    compared = _compare(found)
    _show(found, compared, options)
    return FAILED if compared else DONE


def _read(
    path: Path, fingerprints: dict[PartyId, str], documents: tuple[Envelope, ...]
) -> "Evidence":
    from sekisho.ledger.evidence import verify_bundle

    try:
        with path.open("rb") as file:
            return verify_bundle(file, fingerprints, documents=documents)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise NodeError(f"`{path}` cannot be read: {reason}") from error
    except TrustError as error:
        raise EvidenceError(error.message, hint=error.hint) from error


def _compare(found: "Sequence[Evidence]") -> "tuple[Difference, ...]":
    """Compare each pair of sides; files of one party or of other contracts have nothing to say."""
    from sekisho.ledger.reconciling import differences

    pairs = [
        (one, other)
        for at, one in enumerate(found)
        for other in found[at + 1 :]
        if one.header.contract == other.header.contract and one.header.party != other.header.party
    ]
    return tuple(item for one, other in pairs for item in differences(one, other))


def _show(
    found: "Sequence[Evidence]", compared: "Sequence[Difference]", options: argparse.Namespace
) -> None:
    if options.format == "html":
        from sekisho.cli.evidence_page import page

        print(page(found, compared, lang=options.lang))
        return
    if options.format == "json":
        facts = {
            "holds": True,
            "files": [_facts(item) for item in found],
            "differences": [asdict(item) for item in compared],
        }
        print(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for item in found:
        _print(item)
    if len(found) > 1:
        print(f"differences between the sides: {len(compared) or 'none'}")
    for difference in compared:
        print(f"  {difference.at} {difference.kind} {cell_text(difference.request)}")
        print(f"    provider: {difference.provider or 'nothing'}")
        print(f"    consumer: {difference.consumer or 'nothing'}")


def _print(evidence: "Evidence") -> None:
    header, title = evidence.header, cell_text(evidence.contract.contract.title)
    print(f"the evidence of {header.party} holds: {title}")
    print(f"contract {header.contract}")
    print(f"ledger of {evidence.entries} entries, {evidence.shown} shown, root {evidence.root}")
    for recovery in evidence.recoveries:
        print(
            f"look here: at entry {recovery.index}, {recovery.at}, the ledger was recovered: it had"
            f" {recovery.size} entries, and its keeper had signed a checkpoint of"
            f" {recovery.held_size}"
        )
    for party, seen in evidence.witnesses.items():
        at = datetime.fromtimestamp(seen.seconds, UTC).isoformat()
        later = ", by a key that it revoked later" if seen.is_revoked else ""
        print(f"seen by {party} at {at}, up to {seen.size} entries{later}")
    for key in evidence.revoked:
        unseen = f"; for {key.unseen} only the keeper says that they are older" if key.held else ""
        print(f"look here: {revoked_line(key)}{unseen}")
    for notice in evidence.notices:
        at = instant_text(notice.effective_at)
        print(f"{notice.kind} by {notice.party} from {at}: {cell_text(notice.reason)}")
    for party in evidence.vouched:
        print(f"nobody gave a fingerprint of {party}: the signed contract names it")
    print(f"{_acknowledged(evidence)} of {len(evidence.answers)} answers acknowledged by consumers")
    for item in evidence.differences:
        print(f"{header.party} recorded a difference: {item.kind} {cell_text(item.request)}")
        print(f"  provider: {cell_text(item.provider) or 'nothing'}")
        print(f"  consumer: {cell_text(item.consumer) or 'nothing'}")
    rows = [row | {"clauses": ", ".join(row["clauses"])} for row in _facts(evidence)["answers"]]
    show_rows(rows, _COLUMNS, as_json=False, out=sys.stdout)


def _acknowledged(evidence: "Evidence") -> int:
    return sum(item.request in evidence.acknowledged for item in evidence.answers)


def _facts(evidence: "Evidence") -> dict[str, Any]:
    header = evidence.header
    return {
        "party": header.party,
        "contract": header.contract,
        "title": evidence.contract.contract.title,
        "since": header.since,
        "until": header.until,
        "made_at": header.made_at,
        "notices": [
            {
                "kind": item.kind.value,
                "party": item.party,
                "effective_at": instant_text(item.effective_at),
                "reason": item.reason,
            }
            for item in evidence.notices
        ],
        "entries": evidence.entries,
        "shown": evidence.shown,
        "root": evidence.root,
        "witnesses": {party: seen.seconds for party, seen in evidence.witnesses.items()},
        "witnessed": {party: seen.size for party, seen in evidence.witnesses.items()},
        "recoveries": [asdict(item) for item in evidence.recoveries],
        "revoked": [asdict(item) for item in evidence.revoked],
        "vouched": list(evidence.vouched),
        "channels": [
            {**asdict(channel), "first": first, "last": last}
            for channel, (first, last) in evidence.channels.items()
        ],
        "answers": [asdict(item) for item in evidence.answers],
        "acknowledged": sorted(evidence.acknowledged),
        "differences": [asdict(item) for item in evidence.differences],
    }


def _fingerprints(written: Sequence[str]) -> dict[PartyId, str]:
    found: dict[PartyId, str] = {}
    for text in written:
        party, sign, fingerprint = text.partition("=")
        if not sign or not is_party(party) or not fingerprint.startswith("sha256:"):
            message = f"`{text}` is no company and fingerprint"
            raise ValueError(message)
        if found.setdefault(PartyId(party), fingerprint) != fingerprint:
            message = f"`{party}` is given twice"
            raise ValueError(message)
    return found


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no day; write 2026-12-01") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
