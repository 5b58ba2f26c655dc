"""Bounds on a text that hold before any parser sees it: size, characters, nesting."""

import re
from itertools import count

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import Limits
from sekisho.sql.places import place_at, syntax_refusal

_TOKEN = re.compile(
    r"""
      (?P<skip> '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<comment> --[^\n]* | /\* (?: .*? \*/ | .* ) )
    | (?P<open> [(\[{] | \bcase\b ) | (?P<close> [)\]}] | \bend\b )
    | (?P<prefix> \bnot\b | \binterval\b | [-+~@!] )
    | (?P<word> [^\s(\[{)\]}'"\-+~@!/]+ | . )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(r"\$(\w+)", re.ASCII)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def check_bounds(text: str, *, limits: Limits) -> None:
    """Refuse a text that is too long, holds unseen characters or nests too deeply.

    Raises:
        Refusal: `TOO_COMPLEX` for size and nesting, `SYNTAX_NOT_ALLOWED` for characters.

    Source:
        `docs/spec/gate.md`, step 1.
    """
    _check_characters(text)
    size = len(text.encode())
    if size > limits.max_sql_bytes:
        message = f"the query is {size} bytes long; at most {limits.max_sql_bytes} are read"
        raise Refusal(RefusalReason.TOO_COMPLEX, message, hint="split the query")
    _check_nesting(text, limits=limits)


def number_marks(text: str) -> str:
    """Write each `?` outside quotes and comments as `$1`, `$2` and so on, as DuckDB counts them."""
    if "?" not in text:
        return text
    numbers = count(1)
    parts: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        is_quoted = match.lastgroup in {"skip", "comment"}
        parts.append(word if is_quoted else re.sub(r"\?", lambda _: f"${next(numbers)}", word))
    return "".join(parts)


def parameter_names(text: str) -> tuple[str, ...]:
    """List the parameters of a text, each once: `$name` by its name, `?` by its number.

    They stand in the order in which values are bound: of numbers, or as they first occur.

    Nothing is parsed: it is for whoever must know what to bind before a query can be read.
    """
    found = (
        name
        for match in _TOKEN.finditer(number_marks(text))
        if match.lastgroup not in {"skip", "comment"}
        for name in _PARAMETER.findall(match.group())
    )
    names = tuple(dict.fromkeys(found))
    return tuple(sorted(names, key=int)) if all(map(str.isdecimal, names)) else names


def has_comment(text: str) -> bool:
    """Tell whether an SQL comment stands in a text, outside its quoted parts."""
    return any(match.lastgroup == "comment" for match in _TOKEN.finditer(text))


def _check_characters(text: str) -> None:
    found = _CONTROL.search(text) or _SURROGATE.search(text)
    if found:
        line, column = place_at(text, found.start())
        code = f"U+{ord(found.group()):04X}"
        message = f"the query holds the unseen character {code}"
        raise Refusal(RefusalReason.SYNTAX_NOT_ALLOWED, message, line=line, column=column)
    if not text.strip():
        message = "the query is empty"
        raise syntax_refusal(message, hint="ask one SELECT")


def _check_nesting(text: str, *, limits: Limits) -> None:
    """Count open brackets and CASEs; a run of prefix operators nests as well."""
    depth = run = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        if kind == "prefix":
            run += 1
        elif kind != "comment" and not match.group().isspace():
            run = 0
        if depth + run > limits.max_sql_depth:
            line, column = place_at(text, match.start())
            message = f"the query nests more than {limits.max_sql_depth} levels deep"
            raise Refusal(
                RefusalReason.TOO_COMPLEX,
                message,
                line=line,
                column=column,
                hint="name inner parts with WITH, or use IN for long chains of OR",
            )
