"""Contracts drawn field by field from the model itself, for laws that hold for every contract.

The fields are good; whether the parts agree with each other is left open, as these laws do not ask.
A text field that is added to the model needs choices here, or drawing fails.
"""

import json
import types
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from sekisho.model.contract import Contract
from sekisho.model.directions import Named
from sekisho.model.grants import Threshold
from sekisho.model.masks import AnyMask
from sekisho.model.terms import fields_of

COLUMNS = ["a", "b", "C d"]
TEXTS = {
    "title": ["One", "Two"],
    "party": ["ua.example", "dl.example", "maker.example"],
    "alias": ["ua", "dl", "maker"],
    "legal_name": ["UA", "UA Air Lines"],
    "purpose": ["quality", "safety"],
    "means": ["Finding causes.", "Finding\nother causes."],
    "timezone": ["UTC", "Asia/Tokyo"],
    "contract": ["sha256:" + "a" * 64, "sha256:" + "b" * 64],
    "because": ["It grew.", "It shrank."],
    "grant": ["one", "two", "three"],
    "datasets": ["ua.example/x", "ua.example/y", "dl.example/x"],
    "privacy_units": COLUMNS,
    "where": ["a > 1", "a > 1 AND b = 'x'", "b = 'x' and a > 1", "a > 1 OR b = 'x'", "NOT a"],
    "columns": COLUMNS,
    "column": COLUMNS,
    "name": ["planes", "parts"],
    "equals": ["open", "closed early"],
    "key": COLUMNS,
    "affiliates": ["labs.example", "parts.example"],
    "processors": ["Cloud Company", "Press"],
    "region": ["JP", "US"],
    "basis": ["consent", "law"],
    "reference": ["board 1", "board 2"],
    "price": ["0", "1.50"],
    "currency": ["JPY", "USD"],
    "liability_cap": ["0", "100"],
    "governing_law": ["JP", "US-NY"],
    "venue": ["Tokyo", "Osaka"],
    "language": ["ja", "en"],
    "sha256": ["a" * 64, "b" * 64],
    "text": ["me", "you\nand me"],
}
numbers = st.sampled_from([2, 3, 4, 5, 6, 9, 10, 15, 30, 62])
masks = st.sampled_from(
    [
        "redact",
        {"pseudonym": "this-contract-and-provider"},
        *({"truncate": unit} for unit in ("year", "month", "day", "hour")),
        *({"round_to": step} for step in (2, 3, 6, 9)),
        *({"bucket": edges} for edges in ([0], [0, 18], [0, 18, 65], [18, 65])),
        *({"bucket_width": width} for width in (2, 3, 6)),
    ]
)
bounds = st.tuples(st.integers(-9, 0), st.integers(1, 9)).map(list)
days = st.sampled_from(["2027-01-01", "2027-04-01", "2027-12-31"])
SPECIAL = {"mask": masks, "clamp": bounds}


def contracts() -> st.SearchStrategy[Contract]:
    """Draw a contract."""
    return values_of(Contract).map(contract_from)


def contract_from(value: dict) -> Contract:
    """Read what was drawn."""
    return Contract.model_validate_json(json.dumps(value))


def values_of(model: type[BaseModel]) -> st.SearchStrategy[dict]:
    """Draw what an author may write for a model; fields that may be left out sometimes are."""
    required, optional = {}, {}
    for field in fields_of(model):
        annotation = model.model_fields[field.attribute].annotation
        unique = field.clause.compared.by if isinstance(field.clause.compared, Named) else ""
        drawn = value_of(annotation, field.attribute, unique="" if unique == "title" else unique)
        (required if field.is_required else optional)[field.name] = drawn
    drawn = st.fixed_dictionaries(required, optional=optional)
    made_good = {Contract: _with_both_roles, Threshold: _in_one_way}.get(model)
    return drawn.map(made_good) if made_good else drawn


def _with_both_roles(value: dict) -> dict:
    first, second, *others = value["parties"]
    both = [{**first, "role": "provider"}, {**second, "role": "consumer"}]
    return {**value, "parties": [*both, *others]}


def _in_one_way(value: dict) -> dict:
    if "at_least" in value:
        value.pop("equals", None)
    return value if "equals" in value else {"at_least": 2, **value}


def value_of(annotation, name: str, *, unique: str = "") -> st.SearchStrategy:  # noqa: PLR0911
    """Draw what an author may write for a field."""
    if name in {"mask", "clamp"}:
        return SPECIAL[name]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value_of(arguments[0], name)
    if origin in {Union, types.UnionType}:
        (only,) = (item for item in arguments if item is not types.NoneType)
        return value_of(only, name, unique=unique)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple or origin is frozenset:
        items = value_of(arguments[0], name)
        by = (lambda item: item[unique]) if unique else json.dumps
        least = 2 if name == "parties" else 1
        return st.lists(items, min_size=least, max_size=3, unique_by=by)
    if origin is Mapping:
        return st.dictionaries(
            st.sampled_from(COLUMNS), value_of(arguments[1], name), min_size=1, max_size=3
        )
    return _plain(annotation, name)


def _plain(annotation, name: str) -> st.SearchStrategy:
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return numbers
    if annotation is date:
        return days
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return st.sampled_from([item.value for item in annotation])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        assert not issubclass(annotation, AnyMask)
        return values_of(annotation)
    return st.sampled_from(TEXTS[name])
