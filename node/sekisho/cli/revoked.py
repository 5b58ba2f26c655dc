"""Says of a key that its owner revoked where a ledger records that, and what of its word holds."""

from typing import TYPE_CHECKING

from sekisho.model.names import short_id

if TYPE_CHECKING:
    from sekisho.ledger.revocations import RevokedKey


def revoked_line(key: "RevokedKey") -> str:
    """Write it as one line."""
    said = (
        f"{key.party} revoked the key {short_id(key.public)} in version {key.version} of its member"
        f" document, from {key.since}"
    )
    if key.index is None:
        held = f"; {key.held} signatures by it are older and hold" if key.held else ""
        return f"{said}; no entry records that{held}"
    held = f"; {key.held} signatures by it stand before that and hold" if key.held else ""
    return f"{said}; known here from entry {key.index}, {key.at}{held}"
