"""Every term of a contract as a list, each beside its label; nothing in a model can be left out.

The list is led by the models' own fields, so that a field added to the format is in the review on
the same day. The label stands first on its line: no text of an author can pass for one.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum

from pydantic import BaseModel, RootModel

from sekisho.documents.review.values import ABSENT_WORDS, FIXED_WORDS, NOT_STATED, words_for
from sekisho.model.conditions import ByteLimit
from sekisho.model.contract import Contract, PartyTerm
from sekisho.model.grants import Access, ColumnGrant, Grant
from sekisho.model.masks import AnyMask
from sekisho.model.terms import Clause, FieldWords, fields_of

MONTHS = (
    "January February March April May June July August September October November December"
).split()
_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+", re.ASCII)
"""Names and codes, which need no quotes."""
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


class TermsList:
    """Writes every field of a model in one language."""

    def __init__(self, contract: Contract, *, language: int) -> None:
        """Take the contract and the place of the language in each pair of words."""
        self._contract = contract
        self._language = language

    def lines(self) -> Iterator[str]:
        """Write the whole contract, a term a line."""
        yield from self._model(self._contract, 0)

    def _model(self, model: BaseModel, depth: int, *, is_default: bool = False) -> Iterator[str]:
        for field in fields_of(type(model)):
            default = is_default or field.attribute not in model.model_fields_set
            yield from self._field(model, field, depth=depth, is_default=default)

    def _field(
        self, model: BaseModel, field: FieldWords, *, depth: int, is_default: bool
    ) -> Iterator[str]:
        value = self._effective(model, field.attribute)
        head = f"{'  ' * depth}- [{self._label(field.clause)}] {self._name(field.clause)}"
        mark = (" (default)", "（既定値）")[self._language] if is_default else ""
        colon = (": ", "：")[self._language]
        if isinstance(value, BaseModel) and not isinstance(value, AnyMask):
            yield f"{head}{mark}"
            yield from self._model(value, depth + 1, is_default=is_default)
        elif _holds_models(value):
            yield f"{head}{mark}"
            yield from self._many(value, depth + 1)
        elif isinstance(value, str) and "\n" in value:
            yield f"{head}{mark}"
            yield from (f"{'  ' * depth}  | {line}" for line in value.splitlines())
        else:
            path = f"{type(model).__name__}.{field.attribute}"
            yield f"{head}{colon}{self._scalar(value, path, model)}{mark}"

    def _many(self, value: object, depth: int) -> Iterator[str]:
        """Write a list of models, or a mapping of names to models, one block each."""
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield f"{'  ' * depth}{self.quoted(str(name))}"
                yield from self._model(item, depth + 1)
        elif isinstance(value, tuple):
            for at, item in enumerate(value, start=1):
                yield f"{'  ' * depth}({at})"
                yield from self._model(item, depth + 1)

    def _effective(self, model: BaseModel, attribute: str) -> object:
        """Read a field as the node does: with what stands in where nothing is written."""
        match model, attribute:
            case Contract(), "sign_by":
                return model.sign_by or model.term.ends
            case PartyTerm(), "alias":
                return model.effective_alias
            case Grant(), "disclosure":
                return model.effective_disclosure
            case _:
                return getattr(model, attribute)

    def _scalar(self, value: object, path: str, model: BaseModel) -> str:
        if isinstance(model, Grant) and path == "Grant.functions" and model.access is Access.ROWS:
            return ("any that the gate allows", "ゲートが許可する全ての関数")[self._language]
        if isinstance(model, ColumnGrant) and path == "ColumnGrant.use" and not model.use:
            return self.uses(model, Access.ROWS)
        if isinstance(model, ColumnGrant) and path == "ColumnGrant.clamp" and model.clamp:
            return self.bounds(model.clamp)
        if value is None or value in ((), {}):
            return ABSENT_WORDS.get(path, NOT_STATED)[self._language]
        if isinstance(model, ByteLimit) and isinstance(value, int):
            return self.size(value)
        return self.value(value)

    def value(self, value: object) -> str:
        """Say one plain value."""
        match value:
            case bool() | StrEnum() | str():
                return self._word(value)
            case int():
                return f"{value:,}"
            case date():
                return self.day(value)
            case tuple() | frozenset():
                return self._list(value)
            case Mapping():
                return self.listed([f"{name} ({self.value(item)})" for name, item in value.items()])
            case BaseModel():
                return self.mask(value)
            case _:
                pass
        message = f"no words for a value of type {type(value).__name__}"
        raise TypeError(message)

    def _word(self, value: bool | str) -> str:  # noqa: FBT001  the value is what is said
        if isinstance(value, bool):
            return (("no", "yes"), ("いいえ", "はい"))[self._language][value]
        if isinstance(value, StrEnum):
            return words_for(value)[self._language]
        return FIXED_WORDS[value][self._language] if value in FIXED_WORDS else self.quoted(value)

    def mask(self, mask: BaseModel) -> str:
        """Say what a mask does, in the words of its one field."""
        if isinstance(mask, RootModel):
            return self._word(mask.root)
        field = next(iter(fields_of(type(mask))))
        value = self.value(getattr(mask, field.attribute))
        name = self._name(field.clause)
        return f"{name} {value}" if self._language == 0 else f"{name}：{value}"

    def uses(self, column: ColumnGrant, access: Access) -> str:
        """Say what a column may be used for."""
        return self._list(column.uses(access))

    def bounds(self, bounds: tuple[int, int]) -> str:
        """Say between which numbers something is."""
        low, high = (self.value(bound) for bound in bounds)
        return f"{low} and {high}" if self._language == 0 else f"{low}以上{high}以下"

    def day(self, day: date) -> str:
        """Say a day."""
        if self._language == 0:
            return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
        return f"{day.year}年{day.month}月{day.day}日"

    def size(self, count: int) -> str:
        """Say a number of bytes, in the largest unit that fits exactly."""
        for factor, unit in _UNITS:
            if count % factor == 0:
                whole = ("bytes", "バイト")[self._language]
                return f"{count // factor:,} {unit} ({count:,} {whole})"
        return f"{count:,} B"

    def listed(self, items: list[str]) -> str:
        """Join a list as the language does."""
        return (", ", "、")[self._language].join(items)

    def quoted(self, text: str) -> str:
        """Set a text of the authors apart from the review's own words, on one line."""
        if _PLAIN.fullmatch(text):
            return text
        line = " ".join(text.split())
        return f"“{line}”" if self._language == 0 else f"「{line}」"

    def _list(self, value: tuple[object, ...] | frozenset[object]) -> str:
        items = value if isinstance(value, tuple) else _ordered(value)
        return self.listed([self.value(item) for item in items])

    def _label(self, clause: Clause) -> str:
        return words_for(clause.label)[self._language]

    def _name(self, clause: Clause) -> str:
        return (clause.en, clause.ja)[self._language]


def _ordered(members: frozenset[object] | frozenset[StrEnum]) -> list[StrEnum]:
    """Put the members of a set of choices into the order in which their type lists them."""
    choices = [item for item in members if isinstance(item, StrEnum)]
    return sorted(choices, key=lambda item: list(type(item).__members__.values()).index(item))


def _holds_models(value: object) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    return isinstance(value, Mapping | tuple) and any(
        isinstance(item, BaseModel)
        for item in items  # type: ignore[attr-defined]
    )
