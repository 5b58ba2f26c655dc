"""The last checkpoint that this node signed, in a file of its own beside the state.

A state file that was put back alone from a backup does not lead to it. A folder that was put back
as a whole does; only neighbours know better then.
"""

from sekisho.errors import DocumentError, TrustError
from sekisho.ledger.witnessing import SignedCheckpoint, believe_checkpoint
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.store.folder import NodeFolder, load_file, save_file
from sekisho.trust.keyring import Members


def save_own_checkpoint(folder: NodeFolder, own: SignedCheckpoint) -> None:
    """Keep a checkpoint.

    Raises:
        NodeError: It cannot be written.
    """
    save_file(folder.checkpoint, own.note.encode())


def load_own_checkpoint(
    folder: NodeFolder, members: Members, party: PartyId
) -> SignedCheckpoint | None:
    """Read the checkpoint that was kept; None where there is none, or the file proves nothing.

    Raises:
        NodeError: It is there and cannot be read.
    """
    if not folder.checkpoint.exists():
        return None
    # Revoked keys as well: revoking must not make a node forget what it had signed until then.
    keys = members.keys_with_revoked(party, Purpose.CHECKPOINT)
    try:
        text = load_file(folder.checkpoint).decode()
        return believe_checkpoint(text, party=party, keys=keys)
    except (DocumentError, TrustError, UnicodeDecodeError):
        # Whoever could write nonsense into it could have removed it as well.
        return None
