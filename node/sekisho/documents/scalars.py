"""What an unquoted word means: the core scalars of YAML 1.2, without their surprises.

`no` is a text and `2026-12-01` is a text. Whatever some reader would take for a number, a null or
a truth value, while another would not, is refused with the mend: write it in quotes.
"""

import re
from dataclasses import dataclass

from sekisho.documents.value import MAX_INTEGER, Value

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = {"true": True, "false": False}
_OTHER_TRUTH = frozenset({"True", "TRUE", "False", "FALSE"})

_ODD_NUMBERS = (
    (re.compile(r"[-+]?0[xob][0-9A-Fa-f_]+"), "a hexadecimal, octal or binary number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a number in base 60"),
    (re.compile(r"-0"), "a negative zero"),
    (re.compile(r"[-+]?0[0-9_]+"), "a number with a leading zero"),
    (re.compile(r"\+[0-9][0-9_]*"), "a number with a plus sign"),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*"), "a number with underscores"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "infinity or not-a-number"),
    (
        re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"),
        "a number with a fraction or an exponent",
    ),
)
_LONGEST_NUMBER = 64
"""No longer text is tried as a number, so that matching stays cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarProblem:
    """Why an unquoted word was not read, and its mend."""

    message: str
    hint: str


def resolve_plain(text: str) -> Value | ScalarProblem:
    """Read an unquoted word as a truth value, an integer or a text, or say why not.

    Args:
        text: As the scanner joined it.

    Returns:
        The value, or the problem when the word is ambiguous or has no place in a document.

    Source:
        `docs/spec/documents.md`, section 2.
    """
    if text in _NULL:
        return _no_value(text)
    if text in _TRUTH:
        return _TRUTH[text]
    if text == "-":
        return ScalarProblem(
            message="a `-` stands alone", hint="put it in quotes, or write what it lists"
        )
    if text in _OTHER_TRUTH:
        return ScalarProblem(
            message=f"`{text}` is a truth value to some readers and a text to others",
            hint=f"write `{text.lower()}` for a truth value, or put it in quotes",
        )
    return _resolve_number(text)


def _resolve_number(text: str) -> Value | ScalarProblem:
    """Tell integers from texts, and refuse what lies between."""
    if _INTEGER.fullmatch(text):
        return _bounded(text)
    if len(text) > _LONGEST_NUMBER:
        return text
    for pattern, kind in _ODD_NUMBERS:
        if pattern.fullmatch(text):
            return ScalarProblem(
                message=f"`{text}` reads as {kind}, which documents do not have",
                hint=f'write it in quotes, `"{text}"`, or as a plain decimal integer',
            )
    return text


def _bounded(text: str) -> Value | ScalarProblem:
    """Keep integers inside what every JSON reader holds exactly."""
    if len(text) <= len(str(-MAX_INTEGER)) and abs(int(text)) <= MAX_INTEGER:
        return int(text)
    return ScalarProblem(
        message="an integer is beyond ±(2^53 - 1)",
        hint="write it in quotes",
    )


def _no_value(text: str) -> ScalarProblem:
    """Refuse nulls: a term without a value must not look like a term."""
    found = f"`{text}` means no value" if text else "a value is missing"
    return ScalarProblem(
        message=f"{found}, and documents have no nulls",
        hint='write the value in quotes, `""` for an empty text, or leave the key out',
    )
