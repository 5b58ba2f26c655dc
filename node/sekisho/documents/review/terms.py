"""Every term of a contract as a list, each beside its label; nothing in a model can be left out.

The list is led by the models' own fields, so that a field added to the format is in the review on
the same day. The label stands first on its line: no text of an author can pass for one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from sekisho.documents.review.values import ABSENT_WORDS, NOT_STATED
from sekisho.documents.review.words import Words
from sekisho.model.conditions import ByteLimit
from sekisho.model.contract import Contract
from sekisho.model.effective import effective
from sekisho.model.grants import ColumnGrant, Grant
from sekisho.model.masks import AnyMask
from sekisho.model.terms import (
    Clause,
    FieldWords,
    Label,
    Plain,
    fields_of,
    named_parts,
    path_text,
    plain,
)

_EVERY_FUNCTION = ("any that the gate allows", "ゲートが許可する全ての関数")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a contract in the words of one language."""

    path: str
    """Where it stands, by names: `grants.delays.columns.origin.use`."""
    label: Label
    term: str
    """What it is about."""
    text: str
    """What it says."""
    value: Plain
    """The same as data; null where nothing holds."""
    is_default: bool
    """Whether the format says so and not the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the list; headings are no terms."""

    text: str
    term: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the list stands."""

    steps: tuple[str, ...] = ()
    depth: int = 0
    is_default: bool = False

    @property
    def indent(self) -> str:
        return "  " * self.depth


class TermsList:
    """Writes every field of a contract in one language."""

    def __init__(self, contract: Contract, *, words: Words) -> None:
        """Take the contract and the language."""
        self._contract = contract
        self._words = words

    def lines(self) -> Iterator[str]:
        """Write the whole contract, a term a line."""
        return (line.text for line in self._model(self._contract, _Place()))

    def terms(self) -> Iterator[Term]:
        """List every term that says something by itself."""
        lines = self._model(self._contract, _Place())
        return (line.term for line in lines if line.term is not None)

    def _model(self, model: BaseModel, place: _Place) -> Iterator[_Line]:
        for field in fields_of(type(model)):
            is_written = field.attribute in model.model_fields_set
            here = _Place(
                steps=(*place.steps, field.name),
                depth=place.depth,
                is_default=place.is_default or not is_written,
            )
            yield from self._field(model, field, here)

    def _field(self, model: BaseModel, field: FieldWords, place: _Place) -> Iterator[_Line]:
        value = effective(model, field.attribute)
        label, name = self._words.label(field.clause), self._words.name(field.clause)
        head = f"{place.indent}- [{label}] {name}"
        mark = self._words.of((" (default)", "（既定値）")) if place.is_default else ""
        if isinstance(value, BaseModel) and not isinstance(value, AnyMask):
            yield _Line(text=f"{head}{mark}")
            yield from self._model(value, _inside(place))
        elif parts := named_parts(field.clause, value):
            yield _Line(text=f"{head}{mark}")
            yield from self._many(parts, is_list=isinstance(value, tuple), place=place)
        else:
            text = said(self._words, model, field)
            term = self._term(field.clause, text, value=value, place=place)
            if "\n" not in text:
                yield _Line(text=f"{head}{self._words.of((': ', '：'))}{text}{mark}", term=term)
                return
            yield _Line(text=f"{head}{mark}", term=term)
            yield from (_Line(text=f"{place.indent}  | {line}") for line in text.splitlines())

    def _many(
        self, parts: Mapping[str, BaseModel], *, is_list: bool, place: _Place
    ) -> Iterator[_Line]:
        """Write a list of models, or a mapping of names to models, one block each."""
        inside = _inside(place)
        for at, (name, item) in enumerate(parts.items(), start=1):
            heading = f"({at})" if is_list else self._words.quoted(name)
            yield _Line(text=f"{inside.indent}{heading}")
            here = _Place(steps=(*place.steps, name), depth=inside.depth + 1)
            yield from self._model(item, here)

    def _term(self, clause: Clause, text: str, *, value: object, place: _Place) -> Term:
        return Term(
            path=path_text(*place.steps),
            label=clause.label,
            term=self._words.name(clause),
            text=text,
            value=plain(value),
            is_default=place.is_default,
        )


def said(words: Words, model: BaseModel, field: FieldWords) -> str:
    """Say what a field that holds no further fields comes to; a text of several lines as it is."""
    value = effective(model, field.attribute)
    path = f"{type(model).__name__}.{field.attribute}"
    if isinstance(model, Grant) and path == "Grant.functions" and value is None:
        return words.of(_EVERY_FUNCTION)
    if isinstance(model, ColumnGrant) and path == "ColumnGrant.clamp" and model.clamp:
        return words.bounds(model.clamp)
    if value is None or value in ((), {}):
        return words.of(ABSENT_WORDS.get(path, NOT_STATED))
    if isinstance(model, ByteLimit) and isinstance(value, int):
        return words.size(value)
    if isinstance(value, str) and "\n" in value:
        return value
    return words.value(value)


def _inside(place: _Place) -> _Place:
    return _Place(steps=place.steps, depth=place.depth + 1, is_default=place.is_default)
