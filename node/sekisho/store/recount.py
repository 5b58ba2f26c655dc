"""Reads what a state keeps beside its entries and has to follow from them, such as counters."""

from sekisho.ledger.charging import Amount
from sekisho.ledger.recounting import Kept
from sekisho.model.names import ContractId
from sekisho.store.database import Connection


def read_kept(db: Connection) -> Kept:
    """Read it as it is at one instant.

    Args:
        db: Inside a transaction that sees one state of everything, or of what nobody changes.
    """
    (size,) = db.execute("SELECT size FROM head").fetchone()
    used = db.execute("SELECT root, consumer, name, started, used FROM charges")
    running = db.execute(
        "SELECT idx, reserved_rows, reserved_bytes FROM open_answers WHERE side = 'provider'"
    )
    return Kept(
        size=size,
        used={
            (root, consumer, name, started): count for root, consumer, name, started, count in used
        },
        running={index: Amount(rows=rows, bytes=size) for index, rows, size in running},
        roots={
            ContractId(contract): ContractId(root)
            for contract, root in db.execute("SELECT id, root FROM contracts")
        },
        recoveries={
            epoch: (index, at)
            for epoch, index, at in db.execute("SELECT epoch, idx, at FROM recoveries")
        },
        published=dict(
            db.execute("SELECT answer, count(DISTINCT keys) FROM published GROUP BY answer")
        ),
    )


def payload_of(db: Connection, contract: ContractId) -> bytes | None:
    """Read what the parties of a contract have signed."""
    row = db.execute("SELECT payload FROM contracts WHERE id = ?", (contract,)).fetchone()
    return bytes(row[0]) if row else None
