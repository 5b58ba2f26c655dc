"""Frozen values to canonical JSON and back, for what a node writes itself.

Entries and receipts hold text, integers, truth values, lists, counts and texts by name and
values of the same kinds: never a float, a null or a key outside ASCII. For those, orjson with
sorted keys writes exactly what RFC 8785 asks for, many times faster than a general encoder; a
property test holds the two together. The fields come from the dataclass itself, so that a value and
its JSON cannot drift apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import orjson

from sekisho.documents.value import MAX_INTEGER
from sekisho.errors import DocumentError, Finding

T = TypeVar("T")
Reader: TypeAlias = Callable[[object, str], object]


def record_bytes(record: Mapping[str, Any]) -> bytes:
    """Write a record as canonical JSON.

    Raises:
        ValueError: The record holds text that is not Unicode, such as half a surrogate pair.
    """
    try:
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error)) from error


def parse_record(data: bytes, *, name: str = "record") -> dict[str, Any]:
    """Read canonical JSON, refusing every other spelling of the same value.

    Raises:
        DocumentError: It is not JSON, not an object, or not canonical.
    """
    try:
        record = orjson.loads(data)
        same = isinstance(record, dict) and record_bytes(record) == data
    except ValueError as error:
        raise _unreadable("it is not JSON", name) from error
    if not same:
        raise _unreadable("it is not a JSON object in canonical form", name)
    return dict(record)


def to_record(value: object) -> dict[str, Any]:
    """Take a frozen value apart, ready to be written; fields that are None are left out."""
    record: dict[str, Any] = {}
    for name in _names(type(value)):
        item = getattr(value, name)
        if type(item) is str or type(item) is int:
            record[name] = item
        elif item is not None:
            record[name] = _plain(item)
    return record


def from_record(kind: type[T], record: Mapping[str, Any], *, name: str = "record") -> T:
    """Put a frozen value together, refusing missing, unknown and mistyped fields.

    Raises:
        DocumentError: With the first field that does not fit.
    """
    readers = _readers(kind)
    values: dict[str, object] = {}
    for field, (read, needed) in readers.items():
        if field in record:
            value = record[field]
            # Most fields are text or counts, and most of the time would go into calls to say so.
            if (read is _text and type(value) is str) or (
                read is _integer and type(value) is int and 0 <= value <= MAX_INTEGER
            ):
                values[field] = value
            else:
                values[field] = _field(read, value, f"{name}.{field}")
        elif needed:
            raise _unreadable(f"field `{field}` is missing", name)
    if len(values) < len(record):
        raise _unreadable(f"unknown field `{min(record.keys() - readers.keys())}`", name)
    try:
        return kind(**values)
    except ValueError as error:
        raise _unreadable(str(error), name) from error


def _field(read: Reader, value: object, name: str) -> object:
    try:
        return read(value, name)
    except ValueError as error:
        raise _unreadable(f"the field holds {error}", name) from error


def _plain(item: object) -> object:
    if isinstance(item, StrEnum):
        return item.value
    if isinstance(item, bool | str | int):
        return item
    if isinstance(item, tuple):
        return [_plain(part) for part in item]
    return dict(item) if isinstance(item, Mapping) else to_record(item)


def _names(kind: type[object]) -> tuple[str, ...]:
    if kind not in _known_names:
        _known_names[kind] = tuple(field.name for field in _fields_of(kind))
    return _known_names[kind]


def _readers(kind: type[object]) -> dict[str, tuple[Reader, bool]]:
    """Give each field's reader, and whether the field must be there."""
    if kind not in _known_readers:
        hints = get_type_hints(kind)
        _known_readers[kind] = {
            field.name: (
                _reader(hints[field.name]),
                field.default is MISSING and field.default_factory is MISSING,
            )
            for field in _fields_of(kind)
        }
    return _known_readers[kind]


def _fields_of(kind: type[object]) -> tuple[Field[object], ...]:
    if not is_dataclass(kind):
        raise TypeError(f"no record can be made of {kind}")
    return fields(kind)


# Looked up once a class: entries are written and read by the hundred thousand.
_known_names: dict[type[object], tuple[str, ...]] = {}
_known_readers: dict[type[object], dict[str, tuple[Reader, bool]]] = {}


def _reader(hint: object) -> Reader:
    """Choose how a field of a type is read; a type that is not listed is our own mistake."""
    hint = getattr(hint, "__supertype__", hint)
    origin = get_origin(hint)
    if hint in (str, int, bool):
        return _SCALARS[hint]
    if origin is tuple:
        read = _reader(get_args(hint)[0])
        return lambda value, name: tuple(read(item, name) for item in _list(value))
    if origin is UnionType:
        return _reader(next(part for part in get_args(hint) if part is not NoneType))
    if origin is Mapping:
        return _texts if get_args(hint)[1] is str else _counts
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value, name: hint(_text(value, name))
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value, name: from_record(hint, _object(value), name=name)
    message = f"no record can hold {hint}"
    raise TypeError(message)


def _text(value: object, _name: str) -> str:
    if not isinstance(value, str):
        message = "something that is not text"
        raise ValueError(message)  # noqa: TRY004  a mistake of the document, not of our code
    return value


def _integer(value: object, _name: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        message = "something that is not a count"
        raise ValueError(message)
    return value


def _truth(value: object, _name: str) -> bool:
    if not isinstance(value, bool):
        message = "something that is neither true nor false"
        raise ValueError(message)  # noqa: TRY004  as above
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        message = "something that is not a list"
        raise ValueError(message)  # noqa: TRY004  as above
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = "something that is not an object"
        raise ValueError(message)  # noqa: TRY004  as above
    return value


def _counts(value: object, name: str) -> Mapping[str, int]:
    return MappingProxyType({key: _integer(item, name) for key, item in _object(value).items()})


def _texts(value: object, name: str) -> Mapping[str, str]:
    return MappingProxyType({key: _text(item, name) for key, item in _object(value).items()})


_SCALARS: Mapping[object, Reader] = {str: _text, int: _integer, bool: _truth}


def _unreadable(message: str, name: str) -> DocumentError:
    return DocumentError((Finding(message=message),), name=name)
