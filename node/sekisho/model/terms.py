"""What every authored document is made of: strict frozen models whose fields carry their meaning.

A field says in its own definition whether the node enforces it, keeps evidence of it, or merely
records what people promised, and says so in English and in Japanese. The review, the reference
page and the JSON Schema are all made from these words, so that they cannot drift apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeAlias, Union

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    RootModel,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from sekisho.model.directions import Comparison, Named

SLUG_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"
"""Names that people give inside a contract: grants and purposes."""


class Label(StrEnum):
    """How far a node stands behind a term."""

    ENFORCED = "enforced"
    """The node refuses what breaks it."""
    EVIDENCED = "evidenced"
    """The node records, reminds and exports proof."""
    DECLARED = "declared"
    """It binds people, not machines."""


_MEANINGS = {
    Label.ENFORCED: "The node refuses what breaks it.",
    Label.EVIDENCED: "The node records it, reminds of it and exports proof.",
    Label.DECLARED: "It binds people; no machine checks it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What one field of a document means, and how far a node stands behind it."""

    label: Label
    en: str
    """A noun phrase, as a review prints it before the value."""
    ja: str
    compared: Comparison | None = None
    """How two values of the field compare; every field of a contract says so."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Give editors the same words that the review prints, and what they mean for a contract."""
        schema = handler(core_schema)
        text = f"{self.en} [{self.label}]. {_MEANINGS[self.label]}"
        words = self.compared.words if self.compared else ""
        if "wide" in words or "narrow" in words:
            text += f" In a diff: {words}."
        # Editors escape what reads as markup.
        schema["description"] = text.replace("`", "")
        return schema


class DocumentModel(BaseModel):
    """A part of an authored document: frozen, strict, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWords:
    """One field of a model together with its clause."""

    name: str
    """As people write it in YAML."""
    attribute: str
    """As Python reads it."""
    clause: Clause
    is_required: bool
    default: Any


def fields_of(model: type[BaseModel]) -> Iterator[FieldWords]:
    """List the fields of a model in the order of their definition, each with its clause."""
    for attribute, field in model.model_fields.items():
        clause = next(item for item in field.metadata if isinstance(item, Clause))
        yield FieldWords(
            name=field.alias or attribute,
            attribute=attribute,
            clause=clause,
            is_required=field.is_required(),
            default=None if field.is_required() else field.get_default(call_default_factory=True),
        )


def enforced(en: str, ja: str, compared: Comparison | None = None) -> Clause:
    """Mark a field that the node refuses to see broken."""
    return Clause(label=Label.ENFORCED, en=en, ja=ja, compared=compared)


def evidenced(en: str, ja: str, compared: Comparison | None = None) -> Clause:
    """Mark a field of which the node keeps evidence."""
    return Clause(label=Label.EVIDENCED, en=en, ja=ja, compared=compared)


def declared(en: str, ja: str, compared: Comparison | None = None) -> Clause:
    """Mark a field that binds people and not machines."""
    return Clause(label=Label.DECLARED, en=en, ja=ja, compared=compared)


Plain: TypeAlias = Union[str, int, bool, "list[Plain]", "dict[str, Plain]", None]
"""Data as JSON has it."""


def plain(value: object) -> Plain:  # noqa: PLR0911  one line a kind
    """Give a field's value as data, written as authors write it."""
    match value:
        case None | bool() | int():
            return value
        case RootModel():
            return plain(value.root)
        case BaseModel():
            # By hand: pydantic does not know which form of a mask it has before it.
            named = ((item.alias or name, name) for name, item in type(value).model_fields.items())
            values = ((alias, getattr(value, name)) for alias, name in named)
            return {alias: plain(item) for alias, item in values if item is not None}
        case Mapping():
            return {str(name): plain(item) for name, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case frozenset():
            return [*sorted(str(item) for item in value)]
        case _:
            return str(value)


def named_parts(clause: Clause, value: object) -> dict[str, BaseModel]:
    """Give the models that a field holds by their names; none for other fields.

    A name that comes again, where names may, gets a number.
    """
    found: dict[str, BaseModel] = {}
    if not isinstance(clause.compared, Named) or not isinstance(value, Mapping | tuple):
        return found
    if isinstance(value, Mapping):
        return {str(name): item for name, item in value.items()}
    for item in value:
        name = str(getattr(item, clause.compared.by))
        numbered = (f"{name} ({count})" for count in range(2, len(value) + 2))
        while name in found:
            name = next(numbered)
        found[name] = item
    return found


ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
"""A title or a name."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
"""A sentence or a few."""
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]


def mistake(message: str, hint: str) -> PydanticCustomError:
    """Build the error by which a field's own reader speaks to the author."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "hint": hint})


def path_text(*place: str | int, below: str = "") -> str:
    """Write where something stands in a document: `grants[0].columns.origin`.

    Names that hold more than letters, digits, `_` and `-` are quoted: `columns["Tail Number"]`.
    """
    text = below
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_STEP.fullmatch(step):
            text += f".{step}" if text else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


_PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
