"""What was published of each dataset, to anybody, as long as the node lives.

Each population keeps its sketches, one a privacy unit, and is listed under numbers by which those
that are near it are found. Deciding and remembering is one transaction: of two questions that
come together, one is decided in the light of the other.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.release import (
    Population,
    Published,
    Question,
    Scope,
    is_earlier,
    may_be_new,
)
from sekisho.disclosure.sketches import LISTED_SLOTS, Sketch, kept, listing, parse_sketch
from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import DatasetChange, DatasetEvent
from sekisho.ledger.instants import moment_text
from sekisho.model.names import DatasetId, split_dataset
from sekisho.model.plan import Terms
from sekisho.store.connections import Readers
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.transaction import Transaction

SECRET_BYTES = 32
Keys = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What may be seen of one question's cells; the others are withheld."""

    earlier: dict[Keys, Totals]
    """As it was published before."""
    fresh: dict[Keys, Totals]
    """Published for the first time, and remembered."""


class PublishedStore:
    """Published populations by question, and by what they are near to."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def secret(self, tx: Transaction) -> str:
        """Give the key of all hashes in this file, in hex; drawn when it is first asked for."""
        row = tx.db.execute("SELECT secret FROM hashing").fetchone()
        if row is None:
            row = (tx.random(SECRET_BYTES).hex(),)
            tx.db.execute("INSERT INTO hashing VALUES (0, ?)", row)
        return str(row[0])

    def forget(self, tx: Transaction, dataset: DatasetId, *, now: datetime) -> int:
        """Begin anew with a dataset: what is published from now on is compared with nothing before.

        Returns:
            How many populations are not remembered any more.
        """
        (scopes,) = tx.db.execute(
            "SELECT json_group_array(id) FROM scopes WHERE dataset = ?", (dataset,)
        ).fetchone()
        (forgotten,) = tx.db.execute(
            "SELECT count(DISTINCT published) FROM sketches"
            " WHERE scope IN (SELECT value FROM json_each(?))",
            (scopes,),
        ).fetchone()
        # What another dataset was joined to stays that dataset's, but answers no question again.
        tx.db.execute(
            "UPDATE published SET question = '' WHERE id IN (SELECT published FROM sketches"
            " WHERE scope IN (SELECT value FROM json_each(?)))",
            (scopes,),
        )
        for statement in (
            "DELETE FROM sketches WHERE scope IN (SELECT value FROM json_each(?))",
            "DELETE FROM listings WHERE scope IN (SELECT value FROM json_each(?))",
            "DELETE FROM scopes WHERE id IN (SELECT value FROM json_each(?))",
        ):
            tx.db.execute(statement, (scopes,))
        tx.db.execute("DELETE FROM published WHERE id NOT IN (SELECT published FROM sketches)")
        event = DatasetEvent(dataset=dataset, event=DatasetChange.FORGOTTEN, populations=forgotten)
        self._ledger.append(tx, event, now=now)
        return int(forgotten)

    def keys_of(self, digests: Sequence[str]) -> tuple[Keys, ...]:
        """List the cells of which something was published for one of several questions."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT DISTINCT keys FROM published"
                " WHERE question IN (SELECT value FROM json_each(?))",
                (json.dumps(digests),),
            ).fetchall()
        return tuple(tuple(json.loads(keys)) for (keys,) in rows)

    def decide(
        self,
        tx: Transaction,
        question: Question,
        found: Sequence[Population],
        *,
        terms: Terms,
        hashes: str,
        answer: int,
        now: datetime,
    ) -> Decided:
        """Decide about one question's figures, cell by cell, and remember what is published.

        Args:
            tx: Durable before anything of it leaves.
            question: What is asked of each cell.
            found: The cells as they are now.
            terms: Of the contract.
            hashes: What the engine's way to hash gives for a known row.
            answer: Index of the answer's `opened`.
            now: When.

        Returns:
            What may be seen: cells as they were published before, and cells that are so at last.

        Raises:
            Refusal: `SCHEMA_CHANGED` when what was published cannot be compared with it.
        """
        scopes = [_scope(tx, item, hashes=hashes) for item in question.scopes]
        earlier = self._earlier(tx, question, found, scopes=scopes)
        seen = {
            item.keys: known.totals
            for item in found
            if (known := earlier.get(item.keys)) is not None and is_earlier(item, known, terms)
        }
        rest = [item for item in found if item.keys not in seen]
        near = self._near(tx, scopes, rest, terms=terms)
        fresh = [item for item in rest if may_be_new(item, near.get(item.keys, ()), terms)]
        _keep(tx, question, fresh, scopes=scopes, terms=terms, answer=answer, now=now)
        return Decided(earlier=seen, fresh={item.keys: item.totals for item in fresh})

    def _earlier(
        self,
        tx: Transaction,
        question: Question,
        found: Sequence[Population],
        *,
        scopes: Sequence[int],
    ) -> dict[Keys, Published]:
        """Give what was published last for the same question, by cell."""
        wanted = {_keys_text(item.keys): item.keys for item in found}
        rows = tx.db.execute(
            "SELECT keys, max(id) FROM published WHERE question = ? GROUP BY keys",
            (question.digest,),
        ).fetchall()
        ids = {row[1]: wanted[row[0]] for row in rows if row[0] in wanted}
        known = _published(tx, ids, scopes=scopes)
        return {ids[number]: item for number, item in known.items()}

    def _near(
        self,
        tx: Transaction,
        scopes: Sequence[int],
        found: Sequence[Population],
        *,
        terms: Terms,
    ) -> dict[Keys, list[Published]]:
        """Find what was published before and may differ in too few units, by cell."""
        near: dict[Keys, set[int]] = defaultdict(set)
        for at, scope in enumerate(scopes):
            for number, keys in _listed(tx, scope, found, at=at):
                near[keys].add(number)
            beyond = _unlisted(tx, scope, terms)
            for item in found if beyond else ():
                near[item.keys].update(beyond)
        wanted = {number for numbers in near.values() for number in numbers}
        known = _published(tx, wanted, scopes=scopes)
        return {keys: [known[number] for number in numbers] for keys, numbers in near.items()}


def count_published(
    tx: Transaction, dataset: DatasetId, cells: int, *, most: int, now: datetime
) -> None:
    """Count cells that are published of a dataset today, to anybody.

    Raises:
        Refusal: `LIMIT_REACHED`: linear systems over many cells are bounded by this number.
    """
    day = now.date().isoformat()
    tx.db.execute(
        "INSERT INTO published_cells (dataset, day, used) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET used = used + excluded.used",
        (dataset, day, cells),
    )
    (used,) = tx.db.execute(
        "SELECT used FROM published_cells WHERE dataset = ? AND day = ?", (dataset, day)
    ).fetchone()
    if used > most:
        raise Refusal(
            RefusalReason.LIMIT_REACHED,
            f"{most} cells of `{split_dataset(dataset)[1]}` in one day is the most",
            hint="ask for fewer groups, or go on tomorrow",
        )


def _scope(tx: Transaction, scope: Scope, *, hashes: str) -> int:
    """Number a scope; what is in it must have been hashed alike."""
    key = (scope.dataset, scope.unit, scope.column)
    schema = f"{scope.type}:{hashes}"
    row = tx.db.execute(
        "SELECT id, schema FROM scopes WHERE dataset = ? AND unit = ? AND measured = ?", key
    ).fetchone()
    if row is None:
        row = tx.db.execute(
            "INSERT INTO scopes (dataset, unit, measured, schema) VALUES (?, ?, ?, ?)"
            " RETURNING id, schema",
            (*key, schema),
        ).fetchone()
    if row[1] != schema:
        raise Refusal(
            RefusalReason.SCHEMA_CHANGED,
            f"the privacy unit `{scope.unit}` is no longer what published statistics counted",
            hint="ask the provider, who can begin anew with `sekisho dataset forget`",
        )
    return int(row[0])


def _unlisted(tx: Transaction, scope: int, terms: Terms) -> list[int]:
    """List what is to be compared in any case: units beyond what listings can tell apart."""
    least = 0 if terms.minimum_units > LISTED_SLOTS else LISTED_SLOTS
    rows = tx.db.execute(
        "SELECT p.id FROM published AS p JOIN sketches AS s ON s.published = p.id"
        " WHERE p.minimum_units > ? AND s.scope = ?",
        (least, scope),
    ).fetchall()
    return [row[0] for row in rows]


def _listed(
    tx: Transaction, scope: int, found: Sequence[Population], *, at: int
) -> Iterator[tuple[int, Keys]]:
    """Find published populations that share a listing with one of several."""
    wanted: dict[int, list[Keys]] = defaultdict(list)
    for item in found:
        for number in listing(item.sketches[at]):
            wanted[number].append(item.keys)
    rows = tx.db.execute(
        "SELECT l.number, l.published FROM json_each(?) AS j CROSS JOIN listings AS l"
        " ON l.scope = ? AND l.number = j.value",
        (json.dumps(list(wanted)), scope),
    )
    for number, published in rows:
        for keys in wanted[number]:
            yield published, keys


def _published(
    tx: Transaction, ids: Iterable[int], *, scopes: Sequence[int]
) -> dict[int, Published]:
    """Read published populations by number, each with its sketches of some scopes."""
    wanted = json.dumps(list(ids))
    rows = tx.db.execute(
        "SELECT id, totals, minimum_units FROM published"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).fetchall()
    sketches: dict[int, dict[int, Sketch]] = defaultdict(dict)
    for number, scope, slots, data in tx.db.execute(
        "SELECT published, scope, slots, data FROM sketches"
        " WHERE published IN (SELECT value FROM json_each(?))",
        (wanted,),
    ):
        sketches[number][scope] = parse_sketch(data, slots)
    return {
        number: Published(
            totals=_totals(totals),
            sketches=tuple(map(sketches[number].get, scopes)),
            minimum_units=minimum,
        )
        for number, totals, minimum in rows
    }


def _keep(
    tx: Transaction,
    question: Question,
    found: Sequence[Population],
    *,
    scopes: Sequence[int],
    terms: Terms,
    answer: int,
    now: datetime,
) -> None:
    """Remember populations that are published at last, and list them."""
    (last,) = tx.db.execute("SELECT coalesce(max(id), 0) FROM published").fetchone()
    numbered = list(enumerate(found, start=last + 1))
    _list(tx, numbered, scopes)
    kept_at = (terms.minimum_units, answer, moment_text(now))
    tx.db.executemany(
        "INSERT INTO published (id, question, keys, totals, minimum_units, answer, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                question.digest,
                _keys_text(item.keys),
                json.dumps(asdict(item.totals)),
                *kept_at,
            )
            for number, item in numbered
        ],
    )


def _list(
    tx: Transaction, numbered: Sequence[tuple[int, Population]], scopes: Sequence[int]
) -> None:
    """Keep the sketches of numbered populations, and list them."""
    sketches = [
        (number, unit, scope, kept(item.sketches[unit]))
        for number, item in numbered
        for unit, scope in enumerate(scopes)
    ]
    tx.db.executemany(
        "INSERT INTO sketches (published, unit, scope, slots, data) VALUES (?, ?, ?, ?, ?)",
        [
            (number, unit, scope, item.slots, item.to_bytes())
            for number, unit, scope, item in sketches
        ],
    )
    tx.db.executemany(
        "INSERT OR IGNORE INTO listings (scope, number, published) VALUES (?, ?, ?)",
        [
            (scope, listed, number)
            for number, _, scope, item in sketches
            for listed in listing(item)
        ],
    )


def _totals(text: str) -> Totals:
    value = json.loads(text)
    return Totals(**{**value, "units": tuple(value["units"])})


def _keys_text(keys: Keys) -> str:
    return json.dumps(keys, ensure_ascii=False)
