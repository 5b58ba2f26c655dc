"""Signed notes, in which checkpoints travel: a text, and lines that say who signed it.

A ledger's keeper signs the text itself; a neighbour that has seen the ledger grow cosigns it with
the moment at which it looked. Signing and verifying is handed in; nothing here holds a key.

Source: C2SP signed-note and tlog-cosignature, v1.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from sekisho.errors import DocumentError, Finding

MAX_NOTE_BYTES = 64 * 1024
MAX_NOTE_SIGNATURES = 64
"""The format asks for 16 at least; one ledger has a line of each neighbour."""
_ID_BYTES, _TIME_BYTES, _SIGNATURE_BYTES = 4, 8, 64
_MAX_TIME = 2**63 - 1
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")

Sign = Callable[[bytes], bytes]
"""Ed25519 over a message, 64 bytes."""
Holds = Callable[[bytes, bytes], bool]
"""Whether a signature is of a message."""


class SignatureType(IntEnum):
    """What a line signs, as its key id says."""

    ED25519 = 1
    """The text."""
    COSIGNATURE = 4
    """The text and a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKey:
    """A key as notes name it."""

    name: str
    """Without spaces and `+`."""
    public: bytes
    """Ed25519, 32 bytes."""
    type: SignatureType = SignatureType.ED25519

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        named = self.name.encode() + b"\n" + bytes((self.type,)) + self.public
        return sha256(named).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """How verifiers of other makes are told of it."""
        public = b64encode(bytes((self.type,)) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{public}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One line below a note's text."""

    name: str
    key_id: bytes
    value: bytes
    """Ed25519's 64 bytes; a cosignature has the moment before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures, none of them believed yet."""

    text: str
    """Ends with a line break."""
    signatures: tuple[NoteSignature, ...]


def sign_note(text: str, key: NoteKey, sign: Sign) -> NoteSignature:
    """Sign a text as its author."""
    return NoteSignature(name=key.name, key_id=key.key_id, value=sign(text.encode()))


def cosign_note(text: str, key: NoteKey, sign: Sign, *, seconds: int) -> NoteSignature:
    """Sign a checkpoint as somebody who has seen its ledger grow.

    Args:
        text: The checkpoint.
        key: Of type `COSIGNATURE`.
        sign: By that key.
        seconds: POSIX time of the look.
    """
    value = seconds.to_bytes(_TIME_BYTES, "big") + sign(_cosigned(text, seconds))
    return NoteSignature(name=key.name, key_id=key.key_id, value=value)


def is_signed(note: Note, key: NoteKey, holds: Holds) -> bool:
    """Tell whether a key signed a note as its author.

    Raises:
        DocumentError: A line bears the key's name and id, and its signature does not hold.
    """
    return any(_holds(item.value, note.text.encode(), holds) for item in _lines_of(note, key))


def cosigned_at(note: Note, key: NoteKey, holds: Holds) -> int | None:
    """Give the POSIX time at which a neighbour's key last cosigned a note; None where it did not.

    Raises:
        DocumentError: As for `is_signed`.
    """
    found = None
    for item in _lines_of(note, key):
        if len(item.value) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise _wrong(f"the cosignature of `{key.name}` does not fit the note")
        seconds = int.from_bytes(item.value[:_TIME_BYTES], "big")
        if seconds > _MAX_TIME:
            raise _wrong(f"the cosignature of `{key.name}` is from no time at all")
        _holds(item.value[_TIME_BYTES:], _cosigned(note.text, seconds), holds)
        found = max(seconds, found or 0)
    return found


def note_text(note: Note) -> str:
    """Write a note."""
    lines = (
        f"— {item.name} {b64encode(item.key_id + item.value).decode()}\n"
        for item in note.signatures
    )
    return f"{note.text}\n{''.join(lines)}"


def parse_note(data: str) -> Note:
    """Read a note, believing none of its signatures.

    Raises:
        DocumentError: It is too large, holds control characters, or is not a text, an empty line
            and signature lines.
    """
    if len(data.encode()) > MAX_NOTE_BYTES:
        raise _wrong(f"a note of more than {MAX_NOTE_BYTES} bytes is not read")
    if any(char < " " and char != "\n" for char in data):
        raise _wrong("a note has no control characters but line breaks")
    text, gap, signed = data.rpartition("\n\n")
    if not gap or not text or not signed.endswith("\n"):
        raise _wrong("a note is a text, an empty line, and lines of signatures")
    lines = signed[:-1].split("\n")
    if len(lines) > MAX_NOTE_SIGNATURES:
        raise _wrong(f"a note has at most {MAX_NOTE_SIGNATURES} signatures")
    return Note(text=f"{text}\n", signatures=tuple(map(_parse_line, lines)))


def _parse_line(line: str) -> NoteSignature:
    found = _LINE.fullmatch(line)
    if found is None:
        raise _wrong("a line of a signature is a dash, a name and base64")
    try:
        value = b64decode(found[2], validate=True)
    except Base64Error as error:
        raise _wrong("a signature is not base64") from error
    if b64encode(value).decode() != found[2] or len(value) <= _ID_BYTES:
        raise _wrong("a signature is not base64 in its one canonical spelling")
    return NoteSignature(name=found[1], key_id=value[:_ID_BYTES], value=value[_ID_BYTES:])


def _lines_of(note: Note, key: NoteKey) -> tuple[NoteSignature, ...]:
    """Find a key's lines; those of others are passed over, whatever they say."""
    if not _NAME.fullmatch(key.name):
        raise _wrong("a key's name is not empty and has no spaces or `+`")
    return tuple(
        item for item in note.signatures if (item.name, item.key_id) == (key.name, key.key_id)
    )


def _holds(value: bytes, message: bytes, holds: Holds) -> bool:
    if len(value) != _SIGNATURE_BYTES or not holds(value, message):
        raise _wrong("a signature of a known key does not fit the note")
    return True


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _wrong(message: str) -> DocumentError:
    return DocumentError((Finding(message=message),), name="note")
