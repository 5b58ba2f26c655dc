"""The kinds of value that a contract's fields hold: days, sizes, decimals, names and codes."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from sekisho.model.instants import is_zone, parse_day, parse_exact, parse_instant
from sekisho.model.iso import COUNTRIES, CURRENCIES, LANGUAGES
from sekisho.model.names import ID_PATTERN, NAME_PATTERN, ContractId, DatasetId, PartyId, is_party
from sekisho.model.terms import mistake

UNIT_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
"""Units of size; GB is 10^9 bytes."""
MAX_COUNT = 2**53
"""The largest whole number that every reader of JSON agrees on."""


def _text(value: object, kind: str, example: str) -> str:
    if isinstance(value, str):
        return value
    message = f"expected {kind}, found {_kind_of(value)}"
    raise mistake(message, f"write it as `{example}`")


def _kind_of(value: object) -> str:
    names: dict[type, str] = {bool: "true or false", int: "a whole number", dict: "a mapping"}
    return names.get(type(value), "a list" if isinstance(value, list | tuple) else "a value")


def _day(value: object) -> date:
    text = _text(value, "a day", "2026-12-01")
    try:
        return parse_day(text)
    except ValueError as error:
        message = f"`{text}` is not a day of the calendar"
        raise mistake(message, "write year, month and day, such as `2026-12-01`") from error


def _instant(value: object) -> datetime:
    text = _text(value, "an instant", "2026-12-01T05:00:00Z")
    try:
        return parse_instant(text)
    except ValueError as error:
        message = f"`{text}` is not an instant in UTC to the second"
        raise mistake(message, "write it as `2026-12-01T05:00:00Z`") from error


def _exact(value: object) -> datetime:
    text = _text(value, "an instant", "2026-12-01T05:00:00.123Z")
    try:
        return parse_exact(text)
    except ValueError as error:
        message = f"`{text}` is not an instant in UTC to the millisecond"
        raise mistake(message, "write it as `2026-12-01T05:00:00.123Z`") from error


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        count, shown = value, str(value)
    else:
        shown = _text(value, "a size", "10GB")
        found = re.fullmatch(r"([1-9][0-9]{0,11})(B|kB|MB|GB|TB)", shown, re.ASCII)
        count = int(found[1]) * UNIT_BYTES[found[2]] if found else 0
    if not 0 < count <= MAX_COUNT:
        message = f"`{shown}` is not a size" if count <= 0 else f"`{shown}` is more than 9007 TB"
        raise mistake(
            message, "write a whole number and B, kB, MB, GB or TB, such as `10GB` (10^10 bytes)"
        )
    return count


def _amount(value: object) -> str:
    text = _text(value, "an amount as quoted decimal text", '"120000"')
    if not re.fullmatch(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?", text, re.ASCII):
        message = f"`{text}` is not an amount"
        raise mistake(message, 'write digits and at most one decimal point, such as `"120000.50"`')
    return text


def _party(value: object) -> PartyId:
    text = _text(value, "a party's name", "ua.example")
    if not is_party(text):
        message = f"`{text}` is not a party's name"
        raise mistake(message, "write a lower-case ASCII host name, such as `ua.example`")
    return PartyId(text)


def _dataset(value: object) -> DatasetId:
    text = _text(value, "a dataset", "ua.example/flights")
    party, slash, name = text.partition("/")
    if not slash or not is_party(party) or not re.fullmatch(NAME_PATTERN, name, re.ASCII):
        message = f"`{text}` is not a dataset"
        raise mistake(message, "write PARTY/NAME, such as `ua.example/flights`")
    return DatasetId(text)


def _contract_id(value: object) -> ContractId:
    text = _text(value, "a contract's id", "sha256:…")
    if not re.fullmatch(ID_PATTERN, text, re.ASCII):
        message = f"`{text}` is not a contract's id"
        raise mistake(message, "write `sha256:` and all 64 digits, as `contract list` shows it")
    return ContractId(text)


def _zone(value: object) -> str:
    text = _text(value, "a time zone", "Asia/Tokyo")
    if not is_zone(text):
        message = f"`{text}` is not a time zone"
        raise mistake(message, "write an IANA name, such as `Asia/Tokyo`, or `UTC`")
    return text


def _country(value: object) -> str:
    text = _text(value, "a country", "JP")
    if text not in COUNTRIES:
        message = f"`{text}` is not a country code"
        raise mistake(message, "write an ISO 3166 code of two capital letters, such as `JP`")
    return text


def _law(value: object) -> str:
    text = _text(value, "a governing law", "JP")
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", text, re.ASCII) or text[:2] not in COUNTRIES:
        message = f"`{text}` is not a jurisdiction"
        raise mistake(message, "write a country's code or one of its parts: `JP` or `US-NY`")
    return text


def _currency(value: object) -> str:
    text = _text(value, "a currency", "JPY")
    if text not in CURRENCIES:
        message = f"`{text}` is not a currency code"
        raise mistake(message, "write an ISO 4217 code of three capital letters, such as `JPY`")
    return text


def _language(value: object) -> str:
    text = _text(value, "a language", "ja")
    if text not in LANGUAGES:
        message = f"`{text}` is not a language code"
        raise mistake(message, "write an ISO 639-1 code of two small letters, such as `ja`")
    return text


def _column_name(value: object) -> str:
    text = _text(value, "a column's name", "departure_delay")
    if not 0 < len(text) <= 255 or text.strip() != text:  # noqa: PLR2004  as long as engines allow
        message = f"`{text[:40]}` is not a column's name"
        raise mistake(message, "write 1 to 255 characters without blanks at either end")
    return text


_PARTY_SCHEMA = {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}

Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Instant = Annotated[
    datetime, PlainValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""In UTC, to the second."""
Exact = Annotated[
    datetime, PlainValidator(_exact), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""In UTC, to the millisecond."""
Size = Annotated[
    int,
    PlainValidator(_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[1-9][0-9]{0,11}(B|kB|MB|GB|TB)$"},
                {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
            ]
        }
    ),
]
"""Bytes, written such as `10GB`."""
Amount = Annotated[
    str,
    PlainValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,6})?$"}),
]
"""Money: decimal text, never a float."""
Party = Annotated[PartyId, PlainValidator(_party), WithJsonSchema(_PARTY_SCHEMA)]
DatasetName = Annotated[
    DatasetId,
    PlainValidator(_dataset),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9.-]+/[a-z][a-z0-9_]{0,62}$"}),
]
Id = Annotated[
    ContractId,
    PlainValidator(_contract_id),
    WithJsonSchema({"type": "string", "pattern": ID_PATTERN}),
]
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string"})]
Country = Annotated[
    str, PlainValidator(_country), WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)})
]
Law = Annotated[
    str,
    PlainValidator(_law),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"}),
]
Currency = Annotated[
    str, PlainValidator(_currency), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})
]
Language = Annotated[
    str, PlainValidator(_language), WithJsonSchema({"type": "string", "enum": sorted(LANGUAGES)})
]
ColumnName = Annotated[
    str,
    PlainValidator(_column_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 255}),
]
