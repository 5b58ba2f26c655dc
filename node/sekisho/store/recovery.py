"""Whether a ledger leads to a checkpoint of it that somebody shows, and how it goes on if not.

A recovery loses nothing that is still there and hides nothing that was lost: the ledger goes on
from what was found, under a new epoch, with an entry that holds the checkpoint that it does not
lead to. What could be charged in windows that had begun by then counts as spent. What this node
has said as a consumer, and no provider has taken over, is said anew in the next epoch.
"""

from dataclasses import dataclass
from datetime import datetime

from sekisho.ledger.bodies import Recovered
from sekisho.ledger.witnessing import SignedCheckpoint
from sekisho.model.names import PartyId
from sekisho.store.ledger_store import Appended
from sekisho.store.state import Records, State
from sekisho.store.transaction import Transaction
from sekisho.store.withdrawal import withdraw


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A checkpoint of this node's own ledger, and who holds it."""

    held: SignedCheckpoint
    """Signed by this node."""
    by: PartyId


def leads_to(records: Records, held: SignedCheckpoint) -> bool:
    """Tell whether this node's ledger grew from a checkpoint of it.

    One of an epoch that has ended is answered by the entry `recovered` that ended it.

    Raises:
        LedgerError: The ledger's tree is not whole.
    """
    epoch = records.standing.epoch()
    if held.epoch != epoch:
        return held.epoch < epoch
    head = records.ledger.head()
    return held.size <= head.size and records.tree.root(held.size) == held.checkpoint.root


def recover(state: State, shown: Shown, *, now: datetime) -> Appended:
    """Go on under a new epoch, after what was found.

    Args:
        state: The node's, which must not be serving.
        shown: The latest checkpoint that is held against the ledger.
        now: When; windows that have begun by now are spent.

    Raises:
        LedgerError: Nothing can be recorded.
    """
    epoch = max(state.standing.epoch(), shown.held.epoch) + 1

    def work(tx: Transaction) -> Appended:
        body = Recovered(
            epoch=epoch,
            size=tx.tree.size,
            root=tx.tree.root().hex(),
            held=shown.held.note,
        )
        added = state.ledger.append(tx, body, now=now, note=f"shown by {shown.by}")
        tx.db.execute(
            "INSERT INTO recoveries (epoch, idx, at) VALUES (?, ?, ?)",
            (epoch, added.index, added.at),
        )
        tx.db.execute("DELETE FROM doubts")
        withdraw(tx)
        return added

    return state.submit(work)
