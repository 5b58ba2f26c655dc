"""What a document may be made of: plain data, and the characters and integers allowed in it.

Floats and nulls are left out, because two programs may read them differently and because a term
with no value must not look like a term. The rules for characters keep a text from showing people
one thing and meaning another.
"""

import unicodedata
from typing import NamedTuple, TypeAlias, Union

Value: TypeAlias = Union[str, int, bool, "list[Value]", "dict[str, Value]"]
"""Plain data, as both readers of this room return it."""
Path: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of mappings and 0-based positions in lists."""


class Place(NamedTuple):
    """A place in a file, as editors count."""

    line: int
    """1-based."""
    column: int
    """1-based, in characters."""


MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly; its negative is the smallest."""

_ALLOWED_SPACES = frozenset("\n\t\u3000")
"""Line end, tab, and the ideographic space of Japanese text."""
_REFUSED_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "half of a surrogate pair",
    "Co": "a private-use character",
    "Cn": "a character that Unicode has not assigned",
    "Zl": "an invisible line break",
    "Zp": "an invisible line break",
    "Zs": "a space that is none of the usual ones",
}


def describe_path(path: Path) -> str:
    """Write a path as people read it, such as `grants[0].columns.origin`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def check_character(character: str) -> str:
    """Say what is wrong with a character, or return an empty text.

    Bidirectional controls reorder what people see, so they are named for what they do.
    """
    if character in _ALLOWED_SPACES or " " <= character <= "~":
        return ""
    if unicodedata.bidirectional(character) in _BIDI_CONTROLS or character in _BIDI_MARKS:
        return "a character that changes the reading direction"
    return _REFUSED_CATEGORIES.get(unicodedata.category(character), "")


_BIDI_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_BIDI_MARKS = frozenset("\u061c\u200e\u200f")


def check_text(text: str) -> str:
    """Say what is wrong with a text that people will read and sign, or return an empty text."""
    if text.isascii() and text.isprintable():
        return ""
    for character in text:
        if problem := check_character(character):
            return f"{problem}, U+{ord(character):04X}"
    return "" if unicodedata.is_normalized("NFC", text) else "characters that are not in NFC"
