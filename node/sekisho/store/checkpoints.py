"""Checkpoints: those of neighbours that this node cosigned, and cosignatures of its own.

What a neighbour's ledger was seen to be is on disk before anybody is told. A checkpoint that does
not fit what is held leaves both signed notes as evidence, the first of each kind and epoch, so that
nobody fills the disk with them.
"""

from dataclasses import dataclass
from datetime import datetime

from sekisho.ledger.checkpoint import epoch_of, parse_checkpoint
from sekisho.ledger.instants import moment_text
from sekisho.ledger.note import parse_note
from sekisho.ledger.witnessing import (
    CONFLICTS,
    MAX_EPOCHS,
    Growth,
    SignedCheckpoint,
    Verdict,
    judge,
)
from sekisho.model.names import PartyId
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """The newest checkpoint of another party's epoch that this node cosigned, or heard of."""

    held: SignedCheckpoint
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two checkpoints of another party's ledger that do not fit, each signed by its keeper."""

    party: PartyId
    epoch: int
    verdict: Verdict
    held: str
    """The note of the one that was cosigned."""
    shown: str
    """The note of the one that was not."""
    at: str
    is_resolved: bool
    """The ledger was shown to have grown after all, or goes on under a later epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A neighbour's word that it has seen this node's ledger grow to a size."""

    party: PartyId
    epoch: int
    size: int
    note: str
    """The checkpoint with this node's signature and the neighbour's."""
    at: str


class CheckpointStore:
    """Checkpoints by party and epoch."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def witness(
        self, tx: Transaction, shown: SignedCheckpoint, growth: Growth, *, now: datetime
    ) -> tuple[Verdict, SignedCheckpoint | None]:
        """Judge a neighbour's checkpoint, and keep it or the evidence against it.

        Args:
            tx: Durable before the neighbour is answered.
            shown: Believed to be its keeper's.
            growth: What its sender claims.
            now: When.

        Returns:
            The verdict, and the checkpoint against which it was reached.

        Raises:
            DocumentError: See `judge`.
        """
        held = tuple(item.held for item in _witnessed(tx.db, shown.party))
        verdict, against = judge(shown, growth, held=held)
        if verdict is Verdict.COSIGNED and self._is_forked(tx, shown):
            # Whoever signed two histories of one epoch gets no more signatures below either.
            return Verdict.FORKED, against
        if verdict is Verdict.COSIGNED:
            self._hold(tx, shown, now=now)
        elif verdict in CONFLICTS and against is not None:
            self.record(tx, shown, verdict, against=against, now=now)
        return verdict, against

    def hear(self, tx: Transaction, told: SignedCheckpoint, *, now: datetime) -> None:
        """Hold a checkpoint of a later epoch that another neighbour was shown.

        Nothing of an earlier one is cosigned from then on: a ledger that goes on under two epochs
        is told in two ways.

        Args:
            tx: What it is durable with.
            told: Believed to be its keeper's.
            now: When.
        """
        held = _witnessed(tx.db, told.party)
        if len(held) < MAX_EPOCHS and all(item.held.epoch < told.epoch for item in held):
            self._hold(tx, told, now=now)

    def witnessed(self, party: PartyId | None = None) -> tuple[Witnessed, ...]:
        """List what this node cosigned, of one party or of all, epochs rising."""
        with self._readers.connection() as db:
            return _witnessed(db, party)

    def conflicts(self) -> tuple[Conflict, ...]:
        """List what did not fit, oldest first."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT party, epoch, verdict, held, shown, at, resolved_at FROM conflicts"
                " ORDER BY at, party, epoch, verdict"
            ).fetchall()
        return tuple(
            Conflict(
                party=PartyId(party),
                epoch=epoch,
                verdict=Verdict(verdict),
                held=held,
                shown=shown,
                at=at,
                is_resolved=resolved_at is not None,
            )
            for party, epoch, verdict, held, shown, at, resolved_at in rows
        )

    def record(
        self,
        tx: Transaction,
        shown: SignedCheckpoint,
        verdict: Verdict,
        *,
        against: SignedCheckpoint,
        now: datetime,
    ) -> None:
        """Keep two checkpoints that do not fit as evidence.

        Args:
            tx: Durable before anybody is told.
            shown: The one that was not cosigned here.
            verdict: Why they do not fit.
            against: The one that was.
            now: When.
        """
        # The first of a kind stays while it is not resolved: a flood of them writes nothing.
        tx.db.execute(
            "INSERT INTO conflicts (party, epoch, verdict, held, shown, at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (party, epoch, verdict) DO UPDATE SET"
            " held = excluded.held, shown = excluded.shown, at = excluded.at, resolved_at = NULL"
            " WHERE conflicts.resolved_at IS NOT NULL",
            (shown.party, against.epoch, verdict, against.note, shown.note, moment_text(now)),
        )

    def keep_cosignature(self, tx: Transaction, cosignature: Cosignature) -> None:
        """Keep a neighbour's newest cosignature of an epoch."""
        item = cosignature
        tx.db.execute(
            "INSERT INTO cosignatures (party, epoch, size, note, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (party, epoch) DO UPDATE SET size = excluded.size,"
            " note = excluded.note, at = excluded.at WHERE excluded.size >= cosignatures.size",
            (item.party, item.epoch, item.size, item.note, item.at),
        )

    def cosignatures(self) -> tuple[Cosignature, ...]:
        """List the newest cosignature of each neighbour and epoch."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT party, epoch, size, note, at FROM cosignatures ORDER BY party, epoch"
            ).fetchall()
        return tuple(
            Cosignature(party=PartyId(party), epoch=epoch, size=size, note=note, at=at)
            for party, epoch, size, note, at in rows
        )

    def _hold(self, tx: Transaction, shown: SignedCheckpoint, *, now: datetime) -> None:
        at = moment_text(now)
        tx.db.execute(
            "INSERT INTO witnessed (party, epoch, note, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (party, epoch) DO UPDATE SET note = excluded.note, at = excluded.at",
            (shown.party, shown.epoch, shown.note, at),
        )
        tx.db.execute(
            "UPDATE conflicts SET resolved_at = ? WHERE party = ? AND resolved_at IS NULL"
            " AND (epoch < ? OR (epoch = ? AND verdict IN (?, ?)))",
            (at, shown.party, shown.epoch, shown.epoch, Verdict.SHORTER, Verdict.UNPROVEN),
        )

    def _is_forked(self, tx: Transaction, shown: SignedCheckpoint) -> bool:
        return bool(
            tx.db.execute(
                "SELECT 1 FROM conflicts WHERE party = ? AND epoch = ? AND verdict = ?",
                (shown.party, shown.epoch, Verdict.FORKED),
            ).fetchone()
        )


def kept_checkpoint(note: str, party: PartyId) -> SignedCheckpoint:
    """Read a checkpoint that was believed when it was kept."""
    checkpoint = parse_checkpoint(parse_note(note).text)
    epoch = epoch_of(checkpoint.origin, party)
    return SignedCheckpoint(party=party, epoch=epoch, checkpoint=checkpoint, note=note)


def _witnessed(db: Connection, party: PartyId | None) -> tuple[Witnessed, ...]:
    only, values = (" WHERE party = ?", (party,)) if party else ("", ())
    rows = db.execute(
        f"SELECT party, note, at FROM witnessed{only} ORDER BY party, epoch",  # noqa: S608  ours
        values,
    ).fetchall()
    return tuple(Witnessed(held=kept_checkpoint(note, PartyId(of)), at=at) for of, note, at in rows)
