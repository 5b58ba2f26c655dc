"""Types as far as the gate must know them: enough to tell when an operation cannot fail."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

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
_COMPARED_AS_THEY_ARE = frozenset(
    {"bool", "text", "date", "time", "ts", "tstz", "ts_s", "ts_ms", "ts_ns", "interval", "uuid"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """What kind of value an expression gives."""

    kind: str
    """`bool int dec float text date time ts tstz interval uuid null literal other unknown`."""
    digits: int = 0
    """Digits at most, for whole numbers and decimals."""
    scale: int = 0
    """Digits after the point."""
    text: str = ""
    """The text of a literal, or the name of a type that is compared by name only."""

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


def parse_type(name: str) -> Type:
    """Read a DuckDB type name, such as `DECIMAL(12,2)`; what is not known is `other`."""
    upper = name.strip().upper()
    upper = _ALIASES.get(upper, upper)
    if upper in _WHOLE_TYPES:
        return Type(kind="int", digits=_WHOLE_TYPES[upper])
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
        return Type(kind="int", digits=len(text))
    if re.fullmatch(r"\d*\.\d*", text):
        whole, _, part = text.partition(".")
        return Type(kind="dec", digits=len(whole) + len(part), scale=len(part))
    return FLOAT


def unify(types: Iterable[Type]) -> tuple[Type, bool]:
    """Tell to what type several values are brought, and whether bringing them there cannot fail."""
    known = [item for item in types if item.kind != "null"]
    literals = [item for item in known if item.kind == "literal"]
    typed = [item for item in known if item.kind != "literal"]
    if not typed:
        return (TEXT if literals else NULL), True
    target, is_total = _unify_typed(typed)
    return target, is_total and all(_literal_fits(item.text, target) for item in literals)


def _unify_typed(typed: list[Type]) -> tuple[Type, bool]:
    kinds = {item.kind for item in typed}
    if kinds <= NUMBERS:
        return _unify_numbers(typed)
    first = typed[0]
    if len(kinds) > 1:
        return UNKNOWN, False
    if first.kind in _COMPARED_AS_THEY_ARE:
        return first, True
    alike = first.kind == "other" and all(item.text == first.text for item in typed)
    return (first, True) if alike else (UNKNOWN, False)


def _unify_numbers(typed: list[Type]) -> tuple[Type, bool]:
    if any(item.kind == "float" for item in typed):
        return FLOAT, True
    scale = max(item.scale for item in typed)
    whole = max(item.digits - item.scale for item in typed)
    if scale == 0 and all(item.kind == "int" for item in typed):
        return Type(kind="int", digits=whole), True
    if whole + scale > WIDEST_DIGITS:
        return UNKNOWN, False
    return Type(kind="dec", digits=whole + scale, scale=scale), True


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
