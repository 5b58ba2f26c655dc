"""`sekisho contract review`, `diff`, `list`, `show`: what contracts say, and how they stand."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sekisho.cli.contract_file_or_id import FileOrId, review_page
from sekisho.cli.main import DONE
from sekisho.cli.place import Place, now
from sekisho.cli.table import show as show_rows
from sekisho.documents.diff import diff_facts, diff_page
from sekisho.documents.review import review_facts
from sekisho.errors import Finding
from sekisho.ledger.instants import moment_text
from sekisho.model.instants import instant_text
from sekisho.model.lifecycle import state_at
from sekisho.model.names import ContractId, PartyId, short_id

_BELOW = {
    "en": "Below this company's floors: as it is, this node neither signs nor serves it",
    "ja": "自社の定める最低基準を下回る：このままでは、本ノードは署名も提供もしない",
}

if TYPE_CHECKING:
    from sekisho.model.signed import SignedContract
    from sekisho.server.contracts import ContractBook
    from sekisho.store.contracts import StoredContract
    from sekisho.store.state import Records


def review(options: argparse.Namespace) -> int:
    """Print a file's or a held contract's terms in plain words, an amendment's with its changes."""
    with FileOrId(options) as named:
        found = named.find(options.what)
        amended, below = named.amended_by(found), named.below(found)
    if options.format == "json":
        facts = review_facts(found.contract, lang=options.lang)
        changes = amended and diff_facts(
            amended.contract, found.contract, names=(amended.name, found.name), lang=options.lang
        )
        _dump({**facts, "diff": changes, "below": [asdict(item) for item in below]})
    else:
        sys.stdout.write(review_page(found, amended, lang=options.lang))
        _print_below(below, name=found.name if found.data else "contract", lang=options.lang)
    return DONE


def _print_below(found: tuple[Finding, ...], *, name: str, lang: str) -> None:
    """Say at the end of a review what keeps this company from standing behind it."""
    if not found:
        return
    print(f"\n{_BELOW[lang]}")
    for item in found:
        print(f"  ! {item.place_in(name)}: {item.message}")
        print(f"    {item.hint}")


def diff(options: argparse.Namespace) -> int:
    """Print what one contract widens, narrows and changes in another."""
    with FileOrId(options) as named:
        before, after = named.find(options.a), named.find(options.b)
    both, names = (before.contract, after.contract), (before.name, after.name)
    if options.format == "json":
        _dump(diff_facts(*both, names=names, lang=options.lang))
    else:
        sys.stdout.write(diff_page(*both, names=names, lang=options.lang))
    return DONE


def _dump(facts: Any) -> None:  # noqa: ANN401  anything that is JSON
    json.dump(facts, sys.stdout, ensure_ascii=False, indent=1)
    print()


def list_all(options: argparse.Namespace) -> int:
    """Print one row a contract, oldest first."""
    place, at = Place.find(options), now()
    whole = options.format == "json"
    with place.records() as records:
        book = place.contracts(records)
        rows = [
            _row(stored, book, place=place, at=at, whole=whole)
            for stored in records.contracts.all()
        ]
    columns = ("id", "title", "state", "signed", "starts_at", "ends_at", "parties")
    show_rows(rows, columns, as_json=whole, out=sys.stdout)
    return DONE


def show(options: argparse.Namespace) -> int:
    """Print one contract's state, signatures and notices."""
    place, at = Place.find(options), now()
    with place.records() as records:
        book = place.contracts(records)
        facts = _facts(records, book, options.id, place=place, at=at)
        signed = book.signed(facts["id"])
        found = place.guard(records).findings(signed, at) if signed is not None else ()
        facts["not_served"] = [
            {"path": item.path, "message": item.message, "hint": item.hint} for item in found
        ]
    if options.format == "json":
        _dump(facts)
    else:
        _print(facts)
    return DONE


def _row(
    stored: "StoredContract", book: "ContractBook", *, place: Place, at: datetime, whole: bool
) -> dict[str, object]:
    signed = book.signed(stored.id)
    parties = list(signed.parties) if signed else []
    count = f"{len(stored.signatures)}/{len(parties)}"
    return {
        "id": stored.id if whole else short_id(stored.id),
        "title": stored.title,
        "state": book.state(stored.id, at, party=place.party).value,
        "signed": [item.party for item in stored.signatures] if whole else count,
        "starts_at": instant_text(signed.starts_at) if signed else "",
        "ends_at": instant_text(signed.ends_at) if signed else "",
        "parties": parties if whole else ", ".join(parties),
    }


def _facts(
    records: "Records", book: "ContractBook", text: str, *, place: Place, at: datetime
) -> dict[str, Any]:
    found = book.find(text, at)
    stored, signed, known = records.contracts.get(found), book.signed(found), book.facts(found)
    if stored is None or signed is None:
        raise LookupError(found)
    return {
        "id": found,
        "title": stored.title,
        "state": state_at(known, signed, at, party=place.party).value,
        "signatures": [
            {
                "party": item.party,
                "recorded_at": moment_text(item.recorded_at),
                "key": item.signature.key_id,
            }
            for item in stored.signatures
        ],
        "waiting_for": [item for item in signed.parties if item not in known.signed_by],
        "parts": {item: state_at(known, signed, at, party=item).value for item in signed.providers},
        "starts_at": instant_text(signed.starts_at),
        "ends_at": instant_text(signed.ends_at),
        "sign_by_at": instant_text(signed.sign_by_at),
        "amends": stored.amends,
        "successor": stored.successor,
        "lookups": _lookups(records, found),
        "acknowledgements": _acknowledgements(records, found, place.party),
        "deletion": _deletion(book, signed, at),
        "not_told": _not_told(records, found),
        "notices": [
            {
                "kind": item.notice.kind.value,
                "party": item.notice.party,
                "effective_at": moment_text(item.notice.effective_at),
                "reason": item.notice.reason,
            }
            for item in records.contracts.notices(found)
        ],
    }


def _deletion(book: "ContractBook", signed: "SignedContract", at: datetime) -> list[dict[str, Any]]:
    """Tell who has to delete what it received, once its contract has ended."""
    return [
        {
            "provider": item.provider,
            "consumer": item.consumer,
            "due_at": instant_text(item.due_at),
            "certificate": item.certificate.value,
            "certified_at": instant_text(item.certified_at) if item.certified_at else None,
            "is_overdue": item.is_overdue(at),
            "text": item.words(at),
        }
        for item in book.duties(signed)
        if item.is_begun(at)
    ]


def _not_told(records: "Records", contract: ContractId) -> list[dict[str, Any]]:
    """Tell to whom this node has not been able to hand over the contract or a notice about it."""
    documents = {contract: "contract"} | {
        item.id: item.notice.kind.value for item in records.contracts.notices(contract)
    }
    return [
        {"party": delivery.party, "document": what, "attempts": delivery.attempts}
        for document, what in documents.items()
        for delivery in records.outbox.of_document(document)
        if delivery.acknowledged_at is None
    ]


def _lookups(records: "Records", contract: ContractId) -> list[dict[str, Any]]:
    """Tell which tables were brought under a contract."""
    return [
        {
            "name": item.name,
            "digest": item.digest,
            "rows": item.rows,
            "recorded_at": item.recorded_at,
            "dropped_at": item.dropped_at or None,
            "parties": list(item.parties),
        }
        for item in records.lookups.of_contract(contract)
    ]


def _acknowledgements(
    records: "Records", contract: ContractId, party: PartyId
) -> list[dict[str, Any]]:
    """Tell how far consumers have said how answers ended, and of how many nobody has."""
    waiting = {
        item.channel: item
        for item in (*records.unacknowledged.awaited(party), *records.unacknowledged.waiting(party))
        if item.channel.contract == contract
    }
    said = {item.channel: item for item in records.acknowledgements.newest(contract)}
    return [
        {
            "provider": channel.provider,
            "consumer": channel.consumer,
            "said": said[channel].number + 1 if channel in said else 0,
            "epoch": said[channel].epoch if channel in said else 0,
            "last_at": said[channel].at if channel in said else None,
            "unacknowledged": waiting[channel].answers if channel in waiting else 0,
            "since": moment_text(waiting[channel].since) if channel in waiting else None,
        }
        for channel in dict.fromkeys((*said, *waiting))
    ]


def _print(facts: dict[str, Any]) -> None:
    print(f"id          {facts['id']}")
    print(f"title       {facts['title']}")
    print(f"state       {facts['state']}")
    print(f"term        {facts['starts_at']} to {facts['ends_at']}")
    for item in facts["signatures"]:
        print(f"signed      {item['party']} at {item['recorded_at']}")
    for party in facts["waiting_for"]:
        print(f"not signed  {party} (until {facts['sign_by_at']})")
    for provider, state in facts["parts"].items():
        if state != facts["state"]:
            print(f"part        {provider}: {state}")
    _print_course(facts)
    for item in facts["not_served"]:
        print(f"not served  {item['path']}: {item['message']}")
        print(f"            hint: {item['hint']}")


def _print_course(facts: dict[str, Any]) -> None:
    """Print what has come of a contract: tables, answers, what is owed, what was said."""
    for item in facts["lookups"]:
        print(f"table       {_lookup_text(item)}")
    for item in facts["acknowledgements"]:
        print(f"answers     {_acknowledgement_text(item)}")
    for item in facts["deletion"]:
        print(f"deletion    {item['text']}")
    for item in facts["notices"]:
        print(
            f"notice      {item['kind']} by {item['party']} from {item['effective_at']}:"
            f" {item['reason']}"
        )
    for item in facts["not_told"]:
        print(f"not told    {item['party']}: {item['document']}, after {item['attempts']} attempts")


def _acknowledgement_text(item: dict[str, Any]) -> str:
    """Say how far a consumer has said how a provider's answers ended."""
    said = f"acknowledged {item['last_at']}" if item["said"] else "never acknowledged"
    count = item["unacknowledged"]
    rest = f", {count} unacknowledged since {item['since']}" if count else ""
    return f"{item['provider']} to {item['consumer']}: {said}{rest}"


def _lookup_text(item: dict[str, Any]) -> str:
    """Say of a table that was brought what it is, who has to do with it, and whether it is here."""
    end = f", dropped {item['dropped_at']}" if item["dropped_at"] else ""
    return (
        f"{item['name']} {short_id(item['digest'])}, {item['rows']} rows, of {item['recorded_at']}"
        f"{end}: {', '.join(item['parties']) or 'taken by nobody yet'}"
    )
