"""Types as far as the gate must know them, and what brings values of several types together."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

_WHOLE_TYPES = {
    "TINYINT": 3,
    "SMALLINT": 5,
    "INTEGER": 10,
    "BIGINT": 19,
    "HUGEINT": 39,
    "UTINYINT": 3,
    "USMALLINT": 5,
    "UINTEGER": 10,
    "UBIGINT": 20,
}
_PLAIN_KINDS = {
    "BOOLEAN": "bool",
    "FLOAT": "float",
    "DOUBLE": "float",
    "REAL": "float",
    "VARCHAR": "text",
    "TEXT": "text",
    "STRING": "text",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "ts",
    "DATETIME": "ts",
    "TIMESTAMP WITH TIME ZONE": "tstz",
    "TIMESTAMPTZ": "tstz",
    "TIMESTAMP_S": "ts_s",
    "TIMESTAMP_MS": "ts_ms",
    "TIMESTAMP_NS": "ts_ns",
    "INTERVAL": "interval",
    "UUID": "uuid",
}
_ALIASES = {"INT": "INTEGER", "INT128": "HUGEINT", "UINT": "UINTEGER", "BOOL": "BOOLEAN"}
WIDEST_DIGITS = 38
NUMBERS = frozenset({"int", "dec", "float"})
_CAST_NAMES = {
    "bool": "BOOLEAN",
    "int": "HUGEINT",
    "float": "DOUBLE",
    "text": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "ts": "TIMESTAMP",
    "ts_s": "TIMESTAMP_S",
    "ts_ms": "TIMESTAMP_MS",
    "ts_ns": "TIMESTAMP_NS",
    "tstz": "TIMESTAMPTZ",
    "interval": "INTERVAL",
    "uuid": "UUID",
}
_WORDS = {
    "bool": "a boolean",
    "int": "a whole number",
    "dec": "a decimal",
    "float": "a float",
    "text": "text",
    "literal": "text",
    "date": "a date",
    "time": "a time",
    "ts": "a timestamp",
    "ts_s": "a timestamp",
    "ts_ms": "a timestamp",
    "ts_ns": "a timestamp",
    "tstz": "a timestamp with time zone",
    "interval": "an interval",
    "uuid": "a UUID",
    "other": "a value of another type",
    "unknown": "a value of an unknown type",
}
PRINTABLE = frozenset(
    {
        "bool",
        "int",
        "dec",
        "float",
        "text",
        "null",
        "date",
        "time",
        "ts",
        "tstz",
        "interval",
        "uuid",
    }
)
"""Kinds of which every value has a text."""
_CALENDAR = ("date", "ts_s", "ts_ms", "ts", "ts_ns", "tstz")
"""From the coarsest to what all others can be brought to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """What kind of value an expression gives."""

    kind: str
    """`bool int dec float text date time ts tstz interval uuid null literal other unknown`."""
    digits: int = 0
    """Digits at most, for whole numbers and decimals."""
    scale: int = 0
    """Digits after the point."""
    is_unsigned: bool = False
    """Whether it is a whole number that is never below zero."""
    text: str = ""
    """The text of a literal, or the name of a type that is compared by name only."""

    @property
    def words(self) -> str:
        """Say the kind to people."""
        return _WORDS.get(self.kind, "")

    @property
    def is_number(self) -> bool:
        """Whether it is a whole number, a decimal or a float."""
        return self.kind in NUMBERS


UNKNOWN = Type(kind="unknown")
NULL = Type(kind="null")
BOOLEAN = Type(kind="bool")
TEXT = Type(kind="text")
FLOAT = Type(kind="float")
WIDE_INTEGER = Type(kind="int", digits=39)


@lru_cache(maxsize=1_000)
def parse_type(name: str) -> Type:
    """Read a DuckDB type name, such as `DECIMAL(12,2)`; what is not known is `other`."""
    upper = name.strip().upper()
    upper = _ALIASES.get(upper, upper)
    if upper in _WHOLE_TYPES:
        is_unsigned = upper.startswith("U")
        return Type(kind="int", digits=_WHOLE_TYPES[upper], is_unsigned=is_unsigned)
    if upper in _PLAIN_KINDS:
        return Type(kind=_PLAIN_KINDS[upper])
    if upper.startswith("ENUM(") and upper.endswith(")"):
        return TEXT
    if upper == "DECIMAL":
        return Type(kind="dec", digits=18, scale=3)
    decimal = re.fullmatch(r"(?:DECIMAL|NUMERIC)\((\d{1,2})(?:,\s*(\d{1,2}))?\)", upper)
    if decimal:
        return Type(kind="dec", digits=int(decimal[1]), scale=int(decimal[2] or 0))
    return Type(kind="other", text=upper)


def number_type(text: str) -> Type:
    """Tell the type of a number as written in a query."""
    if re.fullmatch(r"\d+", text):
        return Type(kind="int", digits=len(text), is_unsigned=True)
    if re.fullmatch(r"\d*\.\d*", text):
        whole, _, part = text.partition(".")
        return Type(kind="dec", digits=len(whole) + len(part), scale=len(part))
    return FLOAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """How values of several types are brought to one without an engine casting on its own."""

    type: Type
    casts: Mapping[int, str]
    """Type names by position, for those that must be cast in so many words."""


def meet_to_compare(types: Sequence[Type]) -> Meeting | None:
    """Find how values can be compared; None when they cannot.

    What comes out agrees with the engine's own choice wherever that choice does not fail.
    """
    known = [item for item in types if item.kind not in {"null", "literal"}]
    target = _common(known) or _beside_text(known)
    if target is None and known:
        return None
    return _meeting(types, target or TEXT)


def meet_as_values(types: Sequence[Type]) -> Meeting | None:
    """Find how values can stand in one column; None when they cannot."""
    known = [item for item in types if item.kind not in {"null", "literal"}]
    target = _common(known)
    if target is None:
        has_literal = any(item.kind == "literal" for item in types)
        return None if known else Meeting(type=TEXT if has_literal else NULL, casts={})
    meeting = _meeting(types, target)
    if meeting is None or any(types[at].kind == "literal" for at in meeting.casts):
        return None
    is_wide = any(types[at].is_number for at in meeting.casts)
    return None if is_wide else meeting


def _meeting(types: Sequence[Type], target: Type) -> Meeting | None:
    casts: dict[int, str] = {}
    for at, item in enumerate(types):
        if item.kind == "null" or _needs_no_cast(item, target):
            continue
        name = cast_name(target)
        if name is None:
            return None
        casts[at] = name
    return Meeting(type=target, casts=MappingProxyType(casts))


def cast_name(target: Type) -> str | None:
    """Give the name of a type that can hold every value of this one, if there is one."""
    if target.kind == "dec":
        return f"DECIMAL({WIDEST_DIGITS}, {target.scale})"
    return _CAST_NAMES.get(target.kind)


def _needs_no_cast(item: Type, target: Type) -> bool:
    if item.kind == "literal":
        return _literal_fits(item.text, target)
    if item.is_number and target.kind == "dec":
        return item.digits - item.scale + target.scale <= WIDEST_DIGITS
    if item.kind in {"int", "dec", "bool"} and target.is_number:
        return True
    return item.kind == target.kind


def _common(known: Sequence[Type]) -> Type | None:
    """Find the type to which an engine brings several, by kind."""
    kinds = {item.kind for item in known}
    if not kinds:
        return None
    if kinds <= NUMBERS:
        return _widest(known)
    if kinds <= {"bool", "int"}:
        return known[0] if kinds == {"bool"} else _widest([i for i in known if i.kind == "int"])
    if kinds <= set(_CALENDAR):
        return Type(kind=max(kinds, key=_CALENDAR.index))
    first = known[0]
    is_alike = len(kinds) == 1 and all(item.text == first.text for item in known)
    return first if is_alike and first.kind != "unknown" else None


def _beside_text(known: Sequence[Type]) -> Type | None:
    """A text is read as what it is compared with."""
    others = [item for item in known if item.kind != "text"]
    target = _common(others)
    if target is None or len(others) == len(known):
        return None
    return target


def _widest(known: Sequence[Type]) -> Type:
    if any(item.kind == "float" for item in known):
        return FLOAT
    scale = max(item.scale for item in known)
    whole = max(item.digits - item.scale for item in known)
    kind = "int" if all(item.kind == "int" for item in known) else "dec"
    return Type(kind=kind, digits=whole + scale, scale=scale)


def decimals_meet(left: Type, right: Type) -> bool:
    """Whether two numbers can be brought to one scale without losing digits in front."""
    if "dec" not in {left.kind, right.kind} or "float" in {left.kind, right.kind}:
        return True
    both = _widest([left, right])
    return both.digits <= WIDEST_DIGITS


def _literal_fits(text: str, target: Type) -> bool:
    """Whether a text literal surely becomes a value of a type."""
    whole = max(1, target.digits - target.scale - 1)
    fits: Mapping[str, Callable[[], bool]] = {
        "text": lambda: True,
        "bool": lambda: text in {"true", "false"},
        "int": lambda: re.fullmatch(rf"-?\d{{1,{whole}}}", text) is not None,
        "dec": lambda: re.fullmatch(rf"-?\d{{1,{whole}}}(\.\d{{1,18}})?", text) is not None,
        "float": lambda: re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text) is not None,
        "date": lambda: is_date(text),
        "ts": lambda: _is_timestamp(text),
    }
    return target.kind in fits and fits[target.kind]()


def stands_for(item: Type, target: Type) -> bool:
    """Whether an engine can surely read a value as one of a type."""
    if item.kind == "null":
        return True
    if item.kind == "literal":
        return _literal_fits(item.text, target)
    if target.kind == "float":
        return item.is_number
    if target.kind == "int":
        return item.kind == "int" and _fits_in(item, target)
    if target.kind == "dec" and item.kind in {"int", "dec"}:
        is_narrow = item.digits - item.scale <= target.digits - target.scale
        return is_narrow and item.scale <= target.scale
    return item.kind == target.kind and item.kind not in {"other", "unknown"}


def _fits_in(item: Type, target: Type) -> bool:
    if item.digits == target.digits:
        return item.is_unsigned == target.is_unsigned
    return item.digits < target.digits and (item.is_unsigned or not target.is_unsigned)


def part_type(part: str) -> Type:
    """Tell what a part of a date is: a whole number, but for seconds since 1970."""
    return FLOAT if part.lower() == "epoch" else Type(kind="int", digits=19)


def is_date(text: str) -> bool:
    """Whether a text is a date such as `2026-12-01` that exists."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_timestamp(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?", text):
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True
