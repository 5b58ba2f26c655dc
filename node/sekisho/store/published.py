"""What was published of each dataset, to anybody, as long as the node lives.

Each population has a sketch for each privacy unit. Populations that are alike share theirs, so that
figures asked again and again of the same rows take little room. A sketch is listed under numbers
by which those that are near it are found. Deciding and remembering is one transaction: of two
questions that come together, one is decided in the light of the other.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.release import (
    Neighbour,
    Population,
    Published,
    Question,
    Scope,
    is_earlier,
    may_be_new,
)
from sekisho.disclosure.sketches import LISTED_SLOTS, Sketch, kept, parse_sketch
from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import DatasetChange, DatasetEvent
from sekisho.ledger.instants import moment_text
from sekisho.model.names import DatasetId, split_dataset
from sekisho.model.plan import Terms
from sekisho.store.connections import Readers
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.standing import recovered_at
from sekisho.store.transaction import Transaction

SECRET_BYTES = 32
_NUMBERS = "(SELECT CAST(value AS INTEGER) FROM json_each(?))"
_TOTALS = tuple(item.name for item in fields(Totals))
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
        rows = tx.db.execute("SELECT id FROM scopes WHERE dataset = ?", (dataset,)).fetchall()
        scopes = json.dumps([number for (number,) in rows])
        # What another dataset was joined to stays that dataset's, but answers no question again.
        forgotten = tx.db.execute(
            "DELETE FROM published WHERE id IN (SELECT p.published FROM published_sketches AS p"
            " JOIN sketches AS s ON s.id = p.sketch"
            " WHERE s.scope IN (SELECT CAST(value AS INTEGER) FROM json_each(?)))",
            (scopes,),
        ).rowcount
        for statement in (
            "DELETE FROM sketches WHERE scope IN",
            "DELETE FROM listings WHERE scope IN",
            "DELETE FROM scopes WHERE id IN",
        ):
            tx.db.execute(f"{statement} {_NUMBERS}", (scopes,))
        tx.db.execute(
            "DELETE FROM published_sketches WHERE published NOT IN (SELECT id FROM published)"
        )
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
        earlier = _earlier(tx, question, found)
        seen = {
            item.keys: known.totals
            for item in found
            if (known := earlier.get(item.keys)) is not None and is_earlier(item, known, terms)
        }
        rest = [item for item in found if item.keys not in seen]
        near = [
            _near(tx, scope, [item.sketches[at] for item in rest], terms=terms)
            for at, scope in enumerate(scopes)
        ]
        fresh = [
            item
            for item, *others in zip(rest, *near, strict=True)
            if may_be_new(item, others, terms)
        ]
        _keep(tx, question, fresh, scopes=scopes, terms=terms, answer=answer, now=now)
        return Decided(earlier=seen, fresh={item.keys: item.totals for item in fresh})


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
        " ON CONFLICT (dataset, day) DO UPDATE SET used = published_cells.used + excluded.used",
        (dataset, day, cells),
    )
    (used,) = tx.db.execute(
        "SELECT used FROM published_cells WHERE dataset = ? AND day = ?", (dataset, day)
    ).fetchone()
    recovered = recovered_at(tx)
    # What was published before a recovery is not known any more: that day's cells are all spent.
    if used > most or (recovered is not None and day <= recovered.date().isoformat()):
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


def _earlier(
    tx: Transaction, question: Question, found: Sequence[Population]
) -> dict[Keys, Published]:
    """Give what was published last for the same question, by cell."""
    wanted = {_keys_text(item.keys): item.keys for item in found}
    rows = tx.db.execute(
        "SELECT keys, totals, minimum_units, id FROM published WHERE id IN"
        " (SELECT max(id) FROM published WHERE question = ? GROUP BY keys)",
        (question.digest,),
    ).fetchall()
    known = {row[3]: row for row in rows if row[0] in wanted}
    sketches: dict[int, list[Sketch]] = defaultdict(list)
    for number, slots, data in tx.db.execute(
        "SELECT p.published, s.slots, s.data FROM json_each(?) AS j CROSS JOIN published_sketches"
        " AS p JOIN sketches AS s ON s.id = p.sketch WHERE p.published = CAST(j.value AS INTEGER)"
        " ORDER BY p.published, p.unit",
        (json.dumps(list(known)),),
    ):
        sketches[number].append(parse_sketch(data, slots))
    return {
        wanted[keys]: Published(
            totals=_totals(totals), sketches=tuple(sketches[number]), minimum_units=minimum
        )
        for number, (keys, totals, minimum, _) in known.items()
    }


def _near(
    tx: Transaction, scope: int, found: Sequence[Sketch], *, terms: Terms
) -> list[list[Neighbour]]:
    """Find what was published before and may differ in too few units, of each of several sketches.

    What is alike was compared with all the others when it was published: under as large a minimum,
    nothing is told by it that was not told before.
    """
    wanted = [kept(item) for item in found]
    alike = _alike(tx, scope, wanted, least=terms.minimum_units)
    near: dict[str, set[int]] = {item.digest: set() for item in wanted if item.digest not in alike}
    beyond = _unlisted(tx, scope, terms)
    for number, digest in _listed(tx, scope, [item for item in wanted if item.digest in near]):
        near[digest].add(number)
    for numbers in near.values():
        numbers.update(beyond)
    known = _sketches(tx, {number for numbers in near.values() for number in numbers})
    return [[known[number] for number in near.get(item.digest, ())] for item in wanted]


def _alike(tx: Transaction, scope: int, wanted: Sequence[Sketch], *, least: int) -> dict[str, int]:
    """Number the sketches that were published already under at least some minimum, by digest."""
    rows = tx.db.execute(
        "SELECT s.digest, s.id FROM json_each(?) AS j CROSS JOIN sketches AS s WHERE s.scope = ?"
        " AND s.digest = j.value AND s.minimum_units >= ?",
        (json.dumps([item.digest for item in wanted]), scope, least),
    )
    return dict(rows)


def _unlisted(tx: Transaction, scope: int, terms: Terms) -> list[int]:
    """List what is to be compared in any case: units beyond what listings can tell apart."""
    least = 0 if terms.minimum_units > LISTED_SLOTS else LISTED_SLOTS
    rows = tx.db.execute(
        "SELECT id FROM sketches WHERE scope = ? AND minimum_units > ?", (scope, least)
    ).fetchall()
    return [row[0] for row in rows]


def _listed(tx: Transaction, scope: int, wanted: Sequence[Sketch]) -> Iterator[tuple[int, str]]:
    """Find published sketches that share a listing with one of several, by its digest."""
    numbers: dict[int, list[str]] = defaultdict(list)
    for item in wanted:
        for number in item.listing:
            numbers[number].append(item.digest)
    rows = tx.db.execute(
        "SELECT l.number, l.sketch FROM json_each(?) AS j CROSS JOIN listings AS l"
        " WHERE l.scope = ? AND l.number = CAST(j.value AS INTEGER)",
        (json.dumps(list(numbers)), scope),
    )
    for number, sketch in rows:
        for digest in numbers[number]:
            yield sketch, digest


def _sketches(tx: Transaction, ids: Iterable[int]) -> dict[int, Neighbour]:
    """Read published sketches by number."""
    rows = tx.db.execute(
        "SELECT s.id, s.slots, s.data, s.minimum_units FROM json_each(?) AS j"
        " CROSS JOIN sketches AS s WHERE s.id = CAST(j.value AS INTEGER)",
        (json.dumps(list(ids)),),
    )
    return {
        number: Neighbour(sketch=parse_sketch(data, slots), minimum_units=minimum)
        for number, slots, data, minimum in rows
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
    """Remember populations that are published at last."""
    (last,) = tx.db.execute("SELECT coalesce(max(id), 0) FROM published").fetchone()
    numbers = range(last + 1, last + 1 + len(found))
    for unit, scope in enumerate(scopes):
        sketches = [kept(item.sketches[unit]) for item in found]
        ids = _list(tx, scope, sketches, minimum=terms.minimum_units)
        tx.db.executemany(
            "INSERT INTO published_sketches (published, unit, sketch) VALUES (?, ?, ?)",
            [
                (number, unit, ids[item.digest])
                for number, item in zip(numbers, sketches, strict=True)
            ],
        )
    kept_at = (terms.minimum_units, answer, moment_text(now))
    tx.db.executemany(
        "INSERT INTO published (id, question, keys, totals, minimum_units, answer, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                question.digest,
                _keys_text(item.keys),
                _totals_text(item.totals),
                *kept_at,
            )
            for number, item in zip(numbers, found, strict=True)
        ],
    )


def _list(
    tx: Transaction, scope: int, sketches: Sequence[Sketch], *, minimum: int
) -> dict[str, int]:
    """Keep sketches and list those that are new; gives the number of each by its digest."""
    (last,) = tx.db.execute("SELECT coalesce(max(id), 0) FROM sketches").fetchone()
    known = _alike(tx, scope, sketches, least=0)
    fresh = {item.digest: item for item in sketches if item.digest not in known}
    tx.db.execute(
        "UPDATE sketches SET minimum_units = ? WHERE minimum_units < ?"
        " AND id IN (SELECT CAST(value AS INTEGER) FROM json_each(?))",
        (minimum, minimum, json.dumps(list(known.values()))),
    )
    numbered = list(enumerate(fresh.values(), start=last + 1))
    tx.db.executemany(
        "INSERT INTO sketches (id, scope, digest, slots, data, minimum_units)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, scope, item.digest, item.slots, item.to_bytes(), minimum)
            for number, item in numbered
        ],
    )
    tx.db.executemany(
        "INSERT INTO listings (scope, number, sketch) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        # In the order in which they are kept: many times quicker once there are many.
        sorted((scope, listed, number) for number, item in numbered for listed in item.listing),
    )
    return known | {item.digest: number for number, item in numbered}


def _totals_text(totals: Totals) -> str:
    return json.dumps({name: getattr(totals, name) for name in _TOTALS})


def _totals(text: str) -> Totals:
    value = json.loads(text)
    return Totals(**{**value, "units": tuple(value["units"])})


def _keys_text(keys: Keys) -> str:
    return json.dumps(keys, ensure_ascii=False)
