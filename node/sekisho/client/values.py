"""Python values as parameters of a query."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from sekisho.model.parameters import Parameter

Value: TypeAlias = str | int | float | bool | Decimal | date | datetime | Parameter
Values: TypeAlias = Mapping[str, Value] | Sequence[Value]
"""By name for `$name`, or in order for `?`."""


def parameters_of(values: Values) -> tuple[Parameter, ...]:
    """Give each value the type of a parameter that holds it exactly.

    Raises:
        ValueError: A value is of another type, not finite, or too large.
    """
    return tuple(_parameter(name, value) for name, value in _named(values))


def _named(values: Values) -> Iterator[tuple[str, Value]]:
    if isinstance(values, Mapping):
        yield from values.items()
    else:
        yield from ((str(number), value) for number, value in enumerate(values, 1))


def _parameter(name: str, value: Value) -> Parameter:
    match value:
        case Parameter():
            return Parameter(name=name, type=value.type, value=value.value)
        case bool():
            kind, text = "boolean", "true" if value else "false"
        case str():
            kind, text = "text", value
        case int():
            kind, text = "integer", str(value)
        case float():
            kind, text = "float", repr(value)
        case Decimal():
            kind, text = _decimal(value)
        case datetime():
            kind = "timestamp" if value.utcoffset() is None else "timestamptz"
            text = value.isoformat(" ")
        case date():
            kind, text = "date", value.isoformat()
        case _:
            message = f"a parameter cannot be a {type(value).__name__}"
            raise ValueError(message)
    return Parameter(name=name, type=kind, value=text)


def _decimal(value: Decimal) -> tuple[str, str]:
    text = format(value, "f")
    whole, _, part = text.lstrip("-").partition(".")
    return f"decimal({max(1, len(whole.lstrip('0')) + len(part))},{len(part)})", text
