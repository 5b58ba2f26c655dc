"""What the functions on the list take and give, so that no engine casts an argument on its own."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.sql.functions import Function
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.types import (
    FLOAT,
    NULL,
    UNKNOWN,
    WIDE_INTEGER,
    WIDEST_DIGITS,
    Type,
    meet_as_values,
    meet_to_compare,
    part_type,
    stands_for,
)

_BIGINT_DIGITS = 19
_NUMBERS = frozenset({"int", "dec", "float", "null"})
_INSTANTS = frozenset({"date", "ts", "tstz", "null"})
_OTHER_PRECISIONS = frozenset({"ts_s", "ts_ms", "ts_ns"})
# DuckDB reckons date_trunc and date_part over the least and greatest date of a whole file, hidden
# rows included, before anything runs; over dates beyond the range of timestamps that fails.
_READ_AS_TIMESTAMPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "d": _OTHER_PRECISIONS | {"date"},
        "h": _OTHER_PRECISIONS | {"date"},
        "a": _OTHER_PRECISIONS | {"date"},
        "m": frozenset({"date"}),
        "k": _OTHER_PRECISIONS,
    }
)
_KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "t": frozenset({"text", "literal", "null"}),
        "n": _NUMBERS,
        "i": frozenset({"int", "null"}),
        "I": frozenset({"int", "null"}),
        "f": frozenset({"float", "null"}),
        "v": frozenset({"interval", "null"}),
        "d": _INSTANTS,
        "D": _INSTANTS,
        "k": _INSTANTS,
        "h": _INSTANTS | {"time", "interval"},
        "a": _NUMBERS | _INSTANTS,
        "m": _NUMBERS | _INSTANTS | _OTHER_PRECISIONS,
        "p": frozenset(
            """
            bool int dec float text literal null date time ts tstz interval uuid
            """.split()
        ),
    }
)
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "t": "text",
        "n": "a number",
        "i": "a whole number",
        "I": "a whole number",
        "f": "a float",
        "v": "an interval",
        "d": "a date or timestamp",
        "D": "a date or timestamp",
        "k": "a date or timestamp",
        "h": "a date, time or interval",
        "a": "a number, date or timestamp",
        "m": "a number, date or timestamp",
        "p": "a plain value",
        "s": "a value of the type of its first argument",
    }
)


def take_arguments(node: exp.Expr, function: Function, types: Sequence[Type]) -> Mapping[int, str]:
    """Tell which arguments must be cast in so many words, by position.

    Raises:
        Refusal: `SYNTAX_NOT_ALLOWED` for an argument of a type that the function does not take.
    """
    casts = {
        at: name
        for at, kind in enumerate(types)
        if (name := _one(node, function, kind, at=at, first=types[0])) is not None
    }
    together = [at for at in range(len(types)) if function.letter(at) in {"=", "D"}]
    if together:
        casts |= _several(node, function, types, together=together)
    return casts


def _one(node: exp.Expr, function: Function, kind: Type, *, at: int, first: Type) -> str | None:
    letter = function.letter(at)
    if letter == "s" and not stands_for(kind, first):
        raise _unfit(node, function, letter)
    if letter == "b":
        return None if kind.kind in {"bool", "null"} else "BOOLEAN"
    if letter == "D" and kind.kind not in _INSTANTS | _OTHER_PRECISIONS | {"literal"}:
        raise _unfit(node, function, letter)
    if letter not in _KINDS or letter == "D":
        return None
    if kind.kind in _READ_AS_TIMESTAMPS.get(letter, ()):
        return "TIMESTAMP"
    if kind.kind not in _KINDS[letter]:
        raise _unfit(node, function, letter)
    if letter == "i" and kind.digits > _BIGINT_DIGITS:
        return "BIGINT"
    return None


def _several(
    node: exp.Expr, function: Function, types: Sequence[Type], *, together: list[int]
) -> dict[int, str]:
    meet = meet_to_compare if function.letter(together[0]) == "D" else meet_as_values
    meeting = meet([types[at] for at in together])
    keeps_first = function.gives != "same" or 0 not in (meeting.casts if meeting else {})
    if meeting is None or not keeps_first:
        raise _unfit(node, function, "=")
    if function.letter(together[0]) == "D" and meeting.type.kind not in _INSTANTS:
        raise _unfit(node, function, "D")
    return {together[at]: name for at, name in meeting.casts.items()}


def _unfit(node: exp.Expr, function: Function, letter: str) -> Refusal:
    wanted = _WORDS.get(letter, "values of one type")
    message = f"the function {shown(function.name)} takes {wanted} here"
    return syntax_refusal(message, node, hint="cast the argument, such as CAST(x AS VARCHAR)")


def given(function: Function, types: Sequence[Type]) -> Type:
    """Tell what a call gives for arguments of these types."""
    rule = _GIVEN.get(function.gives)
    if rule is not None:
        return rule(types)
    digits = _BIGINT_DIGITS if function.gives == "int" else 0
    return Type(kind=function.gives, digits=digits)


def _same(types: Sequence[Type]) -> Type:
    return types[0] if types[0].kind != "literal" else Type(kind="text")


def _met(types: Sequence[Type]) -> Type:
    meeting = meet_as_values(types)
    return meeting.type if meeting is not None else UNKNOWN


def _sum(types: Sequence[Type]) -> Type:
    match types[0].kind:
        case "int":
            return WIDE_INTEGER
        case "dec":
            return Type(kind="dec", digits=WIDEST_DIGITS, scale=types[0].scale)
        case "float":
            return FLOAT
        case _:
            return UNKNOWN


def _middle(types: Sequence[Type]) -> Type:
    match types[0].kind:
        case "int" | "float":
            return FLOAT
        case "date":
            return Type(kind="ts")
        case _:
            return types[0]


def _rounded(types: Sequence[Type]) -> Type:
    return FLOAT if types[0].kind == "int" else types[0]


def _truncated(types: Sequence[Type]) -> Type:
    kind = types[1].kind
    if kind == "null":
        return NULL
    return Type(kind="tstz" if kind == "tstz" else "ts")


_GIVEN: Mapping[str, Callable[[Sequence[Type]], Type]] = MappingProxyType(
    {
        "same": _same,
        "second": lambda types: types[1],
        "met": _met,
        "branch": lambda types: _met(types[1:]),
        "sum": _sum,
        "middle": _middle,
        "rounded": _rounded,
        "trunc": _truncated,
        "part": lambda types: part_type(types[0].text),
    }
)
