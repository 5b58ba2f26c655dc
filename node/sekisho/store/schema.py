"""The tables, as scripts from version to version, and the check of a ledger before it is used.

A ledger that is damaged is never mended here: one that was repaired proves nothing.

Scripts are written for SQLite and translated for PostgreSQL (`store.postgres_sql`): columns are
`INTEGER`, `TEXT` or `BLOB`; an `id INTEGER PRIMARY KEY` that is left out at insertion is given.
"""

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import Tree, entry_hash, frontier_bytes, parse_frontier
from sekisho.store.database import Connection, chunks

_FIRST = """
CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    size INTEGER NOT NULL, frontier BLOB NOT NULL, last_at TEXT NOT NULL,
    checked_size INTEGER NOT NULL, checked_frontier BLOB NOT NULL
) STRICT;
INSERT INTO head VALUES (0, 0, x'', '', 0, x'');

CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, ends INTEGER,
    salt BLOB NOT NULL, body BLOB NOT NULL, leaf BLOB NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX entries_ends ON entries (ends) WHERE ends IS NOT NULL;

CREATE TABLE channels (
    provider TEXT NOT NULL, consumer TEXT NOT NULL, contract TEXT NOT NULL,
    seq INTEGER NOT NULL, leaf TEXT NOT NULL,
    PRIMARY KEY (contract, consumer, provider)
) STRICT, WITHOUT ROWID;

CREATE TABLE open_answers (
    idx INTEGER PRIMARY KEY, side TEXT NOT NULL CHECK (side IN ('provider', 'consumer')),
    provider TEXT NOT NULL, consumer TEXT NOT NULL, contract TEXT NOT NULL,
    request TEXT NOT NULL, nonce TEXT NOT NULL, root TEXT NOT NULL, terms BLOB NOT NULL,
    reserved_rows INTEGER NOT NULL, reserved_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX open_answers_root ON open_answers (root, consumer);

CREATE TABLE charges (
    root TEXT NOT NULL, consumer TEXT NOT NULL, name TEXT NOT NULL, started TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (root, name, started, consumer)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    consumer TEXT NOT NULL, nonce TEXT NOT NULL, digest TEXT NOT NULL, contract TEXT NOT NULL,
    envelope BLOB NOT NULL, received_at TEXT NOT NULL, start INTEGER NOT NULL, receipt BLOB,
    PRIMARY KEY (consumer, nonce)
) STRICT;
CREATE INDEX requests_digest ON requests (digest);

CREATE TABLE members (
    party TEXT NOT NULL, version INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    envelope BLOB NOT NULL, recorded_at TEXT NOT NULL,
    PRIMARY KEY (party, version)
) STRICT;
CREATE TABLE member_keys (key TEXT PRIMARY KEY, party TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE aliases (party TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID;

CREATE TABLE contracts (
    id TEXT PRIMARY KEY, payload BLOB NOT NULL, payload_type TEXT NOT NULL, title TEXT NOT NULL,
    root TEXT NOT NULL, amends TEXT NOT NULL, proposed_at TEXT NOT NULL,
    rejected_at TEXT, superseded_at TEXT, successor TEXT
) STRICT;
CREATE TABLE signatures (
    contract TEXT NOT NULL REFERENCES contracts (id), party TEXT NOT NULL, key_id TEXT NOT NULL,
    signature BLOB NOT NULL, recorded_at TEXT NOT NULL,
    PRIMARY KEY (contract, party)
) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
    id TEXT PRIMARY KEY, contract TEXT NOT NULL REFERENCES contracts (id), kind TEXT NOT NULL,
    party TEXT NOT NULL, reason TEXT NOT NULL, for_breach INTEGER NOT NULL,
    issued_at TEXT NOT NULL, effective_at TEXT NOT NULL, recorded_at TEXT NOT NULL,
    envelope BLOB NOT NULL
) STRICT;
CREATE INDEX notices_contract ON notices (contract);
CREATE TABLE ended (
    contract TEXT PRIMARY KEY, state TEXT NOT NULL, recorded_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, party TEXT NOT NULL, kind TEXT NOT NULL, document TEXT NOT NULL,
    queued_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL,
    acknowledged_at TEXT, UNIQUE (party, kind, document)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE acknowledged_at IS NULL;
"""

_SECOND = """
CREATE TABLE hashing (only INTEGER PRIMARY KEY CHECK (only = 0), secret TEXT NOT NULL) STRICT;

CREATE TABLE scopes (
    id INTEGER PRIMARY KEY, dataset TEXT NOT NULL, unit TEXT NOT NULL, measured TEXT NOT NULL,
    schema TEXT NOT NULL, UNIQUE (dataset, unit, measured)
) STRICT;

CREATE TABLE published (
    id INTEGER PRIMARY KEY, question TEXT NOT NULL, keys TEXT NOT NULL, totals TEXT NOT NULL,
    minimum_units INTEGER NOT NULL, answer INTEGER NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX published_question ON published (question, keys);

CREATE TABLE sketches (
    id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, digest TEXT NOT NULL, slots INTEGER,
    data BLOB NOT NULL, minimum_units INTEGER NOT NULL, UNIQUE (scope, digest)
) STRICT;
CREATE INDEX sketches_minimum ON sketches (scope, minimum_units);

CREATE TABLE published_sketches (
    published INTEGER NOT NULL, unit INTEGER NOT NULL, sketch INTEGER NOT NULL,
    PRIMARY KEY (published, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX published_sketches_sketch ON published_sketches (sketch);

CREATE TABLE listings (
    scope INTEGER NOT NULL, number INTEGER NOT NULL, sketch INTEGER NOT NULL,
    PRIMARY KEY (scope, number, sketch)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_cells (
    dataset TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (dataset, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE lookups (
    id INTEGER PRIMARY KEY, contract TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    size INTEGER NOT NULL, content BLOB, recorded_at TEXT NOT NULL, dropped_at TEXT,
    UNIQUE (contract, name)
) STRICT;
CREATE INDEX lookups_held ON lookups (contract) WHERE content IS NOT NULL;
CREATE TABLE lookup_parties (
    lookup INTEGER NOT NULL REFERENCES lookups (id), party TEXT NOT NULL, recorded_at TEXT NOT NULL,
    PRIMARY KEY (lookup, party)
) STRICT, WITHOUT ROWID;
"""

_REPLICAS = """
ALTER TABLE head ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE open_answers ADD COLUMN replica INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
CREATE TABLE replicas (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, registered_at TEXT NOT NULL
) STRICT;
"""

_WITNESSING = """
CREATE TABLE subtrees (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE witnessed (
    party TEXT NOT NULL, epoch INTEGER NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (party, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE conflicts (
    party TEXT NOT NULL, epoch INTEGER NOT NULL, verdict TEXT NOT NULL, held TEXT NOT NULL,
    shown TEXT NOT NULL, at TEXT NOT NULL, resolved_at TEXT,
    PRIMARY KEY (party, epoch, verdict)
) STRICT, WITHOUT ROWID;

CREATE TABLE cosignatures (
    party TEXT NOT NULL, epoch INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (party, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE doubts (
    held_by TEXT PRIMARY KEY, epoch INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recoveries (
    epoch INTEGER PRIMARY KEY, idx INTEGER NOT NULL, at TEXT NOT NULL
) STRICT;
"""

_ACKNOWLEDGEMENTS = """
ALTER TABLE requests ADD COLUMN acknowledged INTEGER;
UPDATE requests SET acknowledged = -1;
CREATE INDEX requests_unacknowledged ON requests (contract, consumer, start)
    WHERE acknowledged IS NULL;

CREATE TABLE unacknowledged (
    contract TEXT NOT NULL, provider TEXT NOT NULL, ended INTEGER NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (contract, provider, ended)
) STRICT, WITHOUT ROWID;

CREATE TABLE acknowledgements (
    provider TEXT NOT NULL, consumer TEXT NOT NULL, contract TEXT NOT NULL,
    number INTEGER NOT NULL, document TEXT NOT NULL UNIQUE, through INTEGER NOT NULL,
    entry INTEGER NOT NULL, at TEXT NOT NULL, differences INTEGER NOT NULL,
    PRIMARY KEY (contract, consumer, provider, number)
) STRICT, WITHOUT ROWID;
"""
# Requests from before there were acknowledgements wait for none: -1.

_EPOCHS = """
ALTER TABLE acknowledgements RENAME TO acknowledgements_before;
CREATE TABLE acknowledgements (
    provider TEXT NOT NULL, consumer TEXT NOT NULL, contract TEXT NOT NULL,
    epoch INTEGER NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL UNIQUE,
    through INTEGER NOT NULL, entry INTEGER NOT NULL, at TEXT NOT NULL,
    differences INTEGER NOT NULL,
    PRIMARY KEY (contract, consumer, provider, epoch, number)
) STRICT, WITHOUT ROWID;
INSERT INTO acknowledgements (provider, consumer, contract, epoch, number, document, through, entry,
    at, differences)
    SELECT provider, consumer, contract, 0, number, document, through, entry, at, differences
    FROM acknowledgements_before;
DROP TABLE acknowledgements_before;
"""

_NAMED_LOOKUPS = """
ALTER TABLE lookups ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
UPDATE lookups SET named = 1;
"""
# Of tables from before it was counted, whether a request has named them is not known: they stay.

MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _SECOND,
    _REPLICAS + _WITNESSING + _ACKNOWLEDGEMENTS,
    _EPOCHS + _NAMED_LOOKUPS,
)
"""One script a version, forward only; scripts that were released never change."""
_PAGE = 1_000
"""Entries that are checked at once."""


def check_ledger(db: Connection) -> Tree:
    """Check that the entries lead to the head that is kept beside them; gives that head.

    Entries that an earlier start has checked are not read again; `ledger verify` reads them all.
    Where others may write meanwhile, it takes a transaction that sees one state of everything.

    Raises:
        LedgerError: Something does not hold.
    """
    size, frontier, checked_size, checked = db.execute(
        "SELECT size, frontier, checked_size, checked_frontier FROM head"
    ).fetchone()
    tree = _fold(db, _frontier(checked_size, checked))
    if (tree.size, frontier_bytes(tree)) != (size, frontier):
        raise _damaged(f"the ledger's head counts {size} entries and does not follow from them")
    return tree


def keep_checked(db: Connection, tree: Tree) -> None:
    """Remember how far the ledger was checked."""
    db.execute(
        "UPDATE head SET checked_size = ?, checked_frontier = ? WHERE checked_size < ?",
        (tree.size, frontier_bytes(tree), tree.size),
    )


def _fold(db: Connection, tree: Tree) -> Tree:
    select = "SELECT idx, salt, body, leaf FROM entries WHERE idx > ? ORDER BY idx LIMIT ?"
    for index, salt, body, leaf in chunks(db, select, after=tree.size - 1, size=_PAGE):
        if index != tree.size:
            raise _damaged(f"entry {tree.size} is missing", index=tree.size)
        is_pruned = not salt and not body  # `ledger verify` sees whether it may be
        if not is_pruned and entry_hash(salt, body) != leaf:
            raise _damaged(f"entry {index} was altered", index=index)
        tree = tree.append(leaf)
    return tree


def _frontier(size: int, data: bytes) -> Tree:
    try:
        return parse_frontier(size, data)
    except ValueError as error:
        raise _damaged(f"the ledger's head cannot be read: {error}") from error


def _damaged(message: str, *, index: int | None = None) -> LedgerError:
    hint = "keep the file as it is and restore the latest backup beside it"
    return LedgerError(message, index=index, hint=hint)
