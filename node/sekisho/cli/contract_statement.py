"""`sekisho contract statement`: what was used under a contract, for whoever invoices or pays."""

import argparse
import sys
from dataclasses import asdict

from sekisho.cli.main import DONE
from sekisho.cli.place import Place, misused, now
from sekisho.cli.table import show as show_rows
from sekisho.ledger.usage import usage
from sekisho.model.instants import day_ends_at, day_starts_at, parse_day
from sekisho.store.used import used_under

_COLUMNS = (
    "provider", "consumer", "month", "answered", "refused", "broken", "rows", "bytes", "left"
)  # fmt: skip


def statement(options: argparse.Namespace) -> int:
    """Print one row a provider, consumer and month, from this node's own ledger."""
    place = Place.find(options)
    with place.records() as records:
        book = place.contracts(records)
        found = book.find(options.id, now())
        signed = book.signed(found)
        if signed is None:
            raise LookupError(found)
        zone = signed.contract.term.timezone
        try:
            since = day_starts_at(parse_day(options.since), zone) if options.since else None
            until = day_ends_at(parse_day(options.until), zone) if options.until else None
        except ValueError as error:
            return misused(str(error), "write a day as 2026-12-01")
        used = used_under(records, found, party=place.party)
        lines = usage(used, zone=zone, since=since, until=until)
    is_json = options.format == "json"
    rows = [asdict(line) for line in lines]
    if not is_json:
        for row in rows:
            row["left"] = ", ".join(f"{name} {left:,}" for name, left in row["limits_left"].items())
    show_rows(rows, _COLUMNS, as_json=is_json, out=sys.stdout)
    return DONE
