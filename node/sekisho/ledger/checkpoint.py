"""A ledger's head as C2SP tlog-checkpoint text, the body of a signed note.

Three lines: who keeps the log, how many entries it has, its root. Signing the text and adding the
signature lines is done where the `checkpoint` key is.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from sekisho.errors import DocumentError, Finding
from sekisho.ledger.merkle import HASH_BYTES, Tree
from sekisho.model.names import PartyId

_FIXED_LINES = 3
MAX_EPOCH = 999_999
"""Of a ledger: six digits."""
_EPOCH = re.compile(r"(?:/([1-9][0-9]{0,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A ledger's size and root at one moment."""

    origin: str
    """Which log it is, such as `ua.example/sekisho-ledger`."""
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines; kept as they are, because they are signed too."""

    def __post_init__(self) -> None:
        """Refuse what could not be read back."""
        lines = (self.origin, *self.extensions)
        if any(not line or "\n" in line for line in lines):
            message = "a checkpoint's lines are not empty and have no line break"
            raise ValueError(message)
        if len(self.root) != HASH_BYTES or self.size < 0:
            message = "a checkpoint has a size and a root of 32 bytes"
            raise ValueError(message)


def origin_of(party: PartyId, epoch: int = 0) -> str:
    """Name a party's ledger, as the first line of its checkpoints does.

    Args:
        party: Whose.
        epoch: How often it was recovered.
    """
    return f"{party}/sekisho-ledger/{epoch}" if epoch else f"{party}/sekisho-ledger"


def epoch_of(origin: str, party: PartyId) -> int:
    """Give the epoch in an origin of a party's ledger.

    Raises:
        DocumentError: It is the origin of something else.
    """
    found = _EPOCH.fullmatch(origin.removeprefix(origin_of(party)))
    if found is None or not origin.startswith(origin_of(party)):
        raise _wrong(f"it is of `{origin[:80]}`, not of the ledger of `{party}`", 1)
    return int(found[1] or 0)


def checkpoint_of(tree: Tree, *, origin: str) -> Checkpoint:
    """Take a tree's checkpoint."""
    return Checkpoint(origin=origin, size=tree.size, root=tree.root())


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Write the body of the signed note."""
    root = b64encode(checkpoint.root).decode()
    lines = (checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions)
    return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the body of a signed note whose signature was verified.

    Raises:
        DocumentError: It is not three lines or more, each ended, or a line is not as C2SP says.
    """
    lines = text.split("\n")
    if len(lines) <= _FIXED_LINES or lines.pop():
        raise _wrong("it has fewer than three lines, or its last line is not ended", len(lines))
    origin, size, root, *extensions = lines
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", size, re.ASCII):
        raise _wrong("the size is not a decimal number without leading zeros", 2)
    try:
        digest = b64decode(root, validate=True)
        if b64encode(digest).decode() != root:
            raise _wrong("the root is not base64 in its one canonical spelling", 3)
        return Checkpoint(origin=origin, size=int(size), root=digest, extensions=tuple(extensions))
    except Base64Error as error:
        raise _wrong("the root is not base64", 3) from error
    except ValueError as error:
        raise _wrong(str(error), 1) from error


def _wrong(message: str, line: int) -> DocumentError:
    return DocumentError((Finding(message=message, line=line, column=1),), name="checkpoint")
