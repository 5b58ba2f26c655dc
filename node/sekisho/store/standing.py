"""Whether this ledger may be gone on with: nobody holds a checkpoint that it does not lead to.

A ledger that came back from a backup, or that was changed, would open budgets again that are spent.
So from the moment at which somebody shows a later checkpoint of it, signed by this node itself,
nothing is opened, asked or refused any more, in whichever process, until the ledger is recovered.
"""

from dataclasses import dataclass
from datetime import datetime

from sekisho.errors import LedgerError
from sekisho.ledger.instants import moment_text, parse_moment
from sekisho.ledger.witnessing import SignedCheckpoint
from sekisho.model.names import PartyId
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.transaction import Transaction

RECOVER = (
    "stop the node, put the newest state back if there is one, and run `sekisho ledger recover`"
    " if there is none: docs/guide/recovering.md"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Somebody holds a checkpoint of this node's own ledger to which the ledger does not lead."""

    held_by: PartyId
    epoch: int
    size: int
    note: str
    """Signed by this node."""
    at: str

    def error(self) -> LedgerError:
        """Say why nothing is served."""
        return LedgerError(
            f"`{self.held_by}` holds a checkpoint of this node's ledger with {self.size} entries,"
            " signed by this node, and the ledger does not lead to it",
            hint=RECOVER,
        )


class StandingStore:
    """Doubts about this node's own ledger."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def doubts(self) -> tuple[Doubt, ...]:
        """List them, the largest checkpoint first."""
        with self._readers.connection() as db:
            return _doubts(db)

    def check(self) -> None:
        """Raise where there is a doubt.

        Raises:
            LedgerError: Saying who holds what.
        """
        for doubt in self.doubts():
            raise doubt.error()

    def keep(
        self, tx: Transaction, held: SignedCheckpoint, *, held_by: PartyId, now: datetime
    ) -> None:
        """Keep a doubt; a later checkpoint that the same party shows replaces it."""
        tx.db.execute(
            "INSERT INTO doubts (held_by, epoch, size, note, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (held_by) DO UPDATE SET epoch = excluded.epoch, size = excluded.size,"
            " note = excluded.note, at = excluded.at",
            (held_by, held.epoch, held.size, held.note, moment_text(now)),
        )

    def epoch(self) -> int:
        """Tell how often the ledger was recovered."""
        with self._readers.connection() as db:
            return epoch_of(db)


def epoch_of(db: Connection) -> int:
    """Tell the ledger's epoch as a connection sees it."""
    (found,) = db.execute("SELECT coalesce(max(epoch), 0) FROM recoveries").fetchone()
    return int(found)


def check_standing(tx: Transaction) -> datetime | None:
    """Let nothing begin while the ledger is in doubt.

    Returns:
        When the ledger was last recovered: what could be charged in windows that had begun by then
        counts as spent.

    Raises:
        LedgerError: It is in doubt.
    """
    # Before every answer, and there are many in a batch.
    doubts, at = tx.once("standing", _standing)
    if doubts:
        raise doubts[0].error()
    return parse_moment(at) if at else None


def recovered_at(tx: Transaction) -> datetime | None:
    """Tell when the ledger was last recovered."""
    (at,) = tx.db.execute("SELECT max(at) FROM recoveries").fetchone()
    return parse_moment(at) if at else None


def _standing(db: Connection) -> tuple[tuple[Doubt, ...], str | None]:
    (at,) = db.execute("SELECT max(at) FROM recoveries").fetchone()
    return _doubts(db), at


def _doubts(db: Connection) -> tuple[Doubt, ...]:
    rows = db.execute(
        "SELECT held_by, epoch, size, note, at FROM doubts ORDER BY epoch DESC, size DESC"
    ).fetchall()
    return tuple(
        Doubt(held_by=PartyId(held_by), epoch=epoch, size=size, note=note, at=at)
        for held_by, epoch, size, note, at in rows
    )
