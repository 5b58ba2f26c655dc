"""Parameters of a query: values that travel beside its text, each with a type that is stated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

NAME_PATTERN = r"[a-z_][a-z0-9_]{0,62}|[1-9][0-9]{0,2}"
"""A name, or the number of a `?`."""
MAX_PARAMETERS = 100
"""Of one query; more is a table, which belongs into a lookup."""
MAX_DIGITS = 38
"""Of a decimal."""
_BIGINT = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value, as text in the form of its type."""

    name: str
    """As it stands in the query after `$`; `1` for the first `?`."""
    type: str
    """`text boolean integer float date timestamp timestamptz`, or `decimal(P,S)`."""
    value: str

    def __post_init__(self) -> None:
        """Refuse what is no parameter.

        Raises:
            ValueError: The name is none, the type is not listed, or the value is not of the type.
        """
        if not re.fullmatch(NAME_PATTERN, self.name):
            message = f"`{self.name[:70]}` is no name of a parameter"
            raise ValueError(message)
        if not _is_of(self.type, self.value):
            message = f"the value of the parameter `{self.name}` is not of the type `{self.type}`"
            raise ValueError(message)

    @property
    def engine_type(self) -> str:
        """The type in DuckDB's words."""
        return engine_type(self.type)


def engine_type(name: str) -> str:
    """Give a parameter's type in DuckDB's words.

    Raises:
        ValueError: It is not listed.
    """
    digits = _DECIMAL.fullmatch(name)
    if digits is not None and int(digits[2]) <= int(digits[1]) in range(1, MAX_DIGITS + 1):
        return f"DECIMAL({int(digits[1])}, {int(digits[2])})"
    if name not in _ENGINE_TYPES:
        listed = ", ".join((*_ENGINE_TYPES, "decimal(P,S)"))
        message = f"`{name[:40]}` is no type of a parameter; there are {listed}"
        raise ValueError(message)
    return _ENGINE_TYPES[name]


_DECIMAL = re.compile(r"decimal\(([0-9]{1,2}),([0-9]{1,2})\)")
_ENGINE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "float": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
    }
)


def _is_of(type_name: str, value: str) -> bool:
    engine_type(type_name)
    check = _CHECKS.get(type_name)
    return check(value) if check is not None else _is_decimal(value, type_name)


def _is_text(value: str) -> bool:
    return re.search(r"[\x00\ud800-\udfff]", value) is None


def _is_integer(value: str) -> bool:
    return _has_form(r"-?[0-9]{1,19}", value) and -_BIGINT <= int(value) < _BIGINT


def _is_float(value: str) -> bool:
    return _has_form(r"-?[0-9]{1,30}(\.[0-9]{1,30})?(e[+-]?[0-9]{1,3})?", value)


def _is_decimal(value: str, type_name: str) -> bool:
    digits = _DECIMAL.fullmatch(type_name)
    found = re.fullmatch(r"-?0*([0-9]{0,38})(?:\.([0-9]{1,38}))?", value)
    if digits is None or found is None or not value.lstrip("-").startswith(tuple("0123456789")):
        return False
    scale = int(digits[2])
    return len(found[2] or "") <= scale and len(found[1]) <= int(digits[1]) - scale


def _is_date(value: str) -> bool:
    return _has_form(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) and _reads(date, value)


def _is_timestamp(value: str) -> bool:
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    return _has_form(form, value) and _reads(datetime, value[:19])


def _is_timestamptz(value: str) -> bool:
    return _has_form(r".{19,26}[+-](0[0-9]|1[0-4]):[0-5][0-9]", value) and _is_timestamp(value[:-6])


def _has_form(form: str, value: str) -> bool:
    return re.fullmatch(form, value) is not None


def _reads(kind: type[date], value: str) -> bool:
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "text": _is_text,
        "boolean": lambda value: value in {"true", "false"},
        "integer": _is_integer,
        "float": _is_float,
        "date": _is_date,
        "timestamp": _is_timestamp,
        "timestamptz": _is_timestamptz,
    }
)
