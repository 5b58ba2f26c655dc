"""Takes back, with a recovery, the acknowledgements of this node that no provider has taken over.

One of them may have a number that its provider holds already, and would be refused for ever. What
they named is said again in the next epoch; the documents stay in the ledger.
"""

from collections.abc import Iterator
from typing import Final

from sekisho.documents.envelope import parse_envelope_json
from sekisho.ledger.acknowledgement import Acknowledgement, parse_acknowledgement
from sekisho.ledger.bodies import AcknowledgementSent, Asked
from sekisho.ledger.entry import Entry, parse_entry
from sekisho.store.database import Connection
from sekisho.store.transaction import Transaction

_PAGE: Final = 1_000
"""Ends that are read at once."""


def withdraw(tx: Transaction) -> None:
    """Take them out of the outbox, and keep that their answers need another.

    Raises:
        LedgerError: An entry cannot be read.
    """
    rows = tx.db.execute(
        "SELECT entries.idx, entries.body FROM outbox"
        " JOIN acknowledgements ON acknowledgements.document = outbox.document"
        " JOIN entries ON entries.idx = acknowledgements.entry"
        " WHERE outbox.kind = 'acknowledgement' AND outbox.acknowledged_at IS NULL"
        " AND length(entries.body) > 0 ORDER BY entries.idx"
    ).fetchall()
    for index, data in rows:
        body = parse_entry(data, index=index).body
        if isinstance(body, AcknowledgementSent):
            envelope = parse_envelope_json(body.document.encode(), name="acknowledgement")
            _wait_again(tx, parse_acknowledgement(envelope.payload), before=index)
    tx.db.execute("DELETE FROM outbox WHERE kind = 'acknowledgement' AND acknowledged_at IS NULL")


def _wait_again(tx: Transaction, said: Acknowledgement, *, before: int) -> None:
    """Queue the ends of a document's answers anew; they stand a little before its entry."""
    wanted = {item.request for item in said.answers}
    for end, request in _ends(tx.db, said, before):
        if request in wanted:
            tx.db.execute(
                "INSERT INTO unacknowledged (contract, provider, ended, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (contract, provider, ended) DO NOTHING",
                (said.contract, said.provider, end.index, end.at),
            )
            wanted.remove(request)
        if not wanted:
            return


def _ends(db: Connection, said: Acknowledgement, before: int) -> Iterator[tuple[Entry, str]]:
    """Give the ends of a channel's questions, newest first, each with its request."""
    while rows := db.execute(
        "SELECT ends.idx, ends.body, starts.body FROM entries AS ends"
        " JOIN entries AS starts ON starts.idx = ends.ends"
        " WHERE ends.idx < ? AND starts.kind = 'asked'"
        " AND length(ends.body) > 0 AND length(starts.body) > 0"
        " ORDER BY ends.idx DESC LIMIT ?",
        (before, _PAGE),
    ).fetchall():
        for index, data, start in rows:
            end, asked = parse_entry(data, index=index), parse_entry(start).body
            if end.link and end.link.channel == said.channel and isinstance(asked, Asked):
                yield end, asked.request
        before = rows[-1][0]
