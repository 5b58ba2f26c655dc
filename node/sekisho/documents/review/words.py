"""Says values in one language: numbers, days, sizes, choices, masks, and what authors wrote."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, RootModel

from sekisho.documents.review.values import FIXED_WORDS, words_for
from sekisho.model.conditions import ByteLimit, CountLimit
from sekisho.model.grants import Access, ColumnGrant, Threshold, Use
from sekisho.model.terms import Clause, fields_of

T = TypeVar("T")

MONTHS = (
    "January February March April May June July August September October November December"
).split()
_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+", re.ASCII)
"""Names and codes, which need no quotes."""
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


class Words:
    """The words of one language."""

    def __init__(self, language: int) -> None:
        """Take the place of the language in each pair of words."""
        self.language = language

    def of(self, both: tuple[T, T]) -> T:
        """Choose among a pair of words."""
        return both[self.language]

    def label(self, clause: Clause) -> str:
        """Say how far a node stands behind a field."""
        return self.of(words_for(clause.label))

    def name(self, clause: Clause) -> str:
        """Name a field."""
        return self.of((clause.en, clause.ja))

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
                form = self.of(("{} ({})", "{}（{}）"))
                return self.listed(form.format(*pair) for pair in self._pairs(value))
            case BaseModel():
                return self.mask(value)
            case _:
                pass
        message = f"no words for a value of type {type(value).__name__}"
        raise TypeError(message)

    def mask(self, mask: BaseModel) -> str:
        """Say what a mask does, in the words of its one field."""
        if isinstance(mask, RootModel):
            return self._word(mask.root)
        field = next(iter(fields_of(type(mask))))
        value = self.value(getattr(mask, field.attribute))
        name = self.name(field.clause)
        return self.of((f"{name} {value}", f"{name}：{value}"))

    def uses(self, column: ColumnGrant, access: Access) -> list[str]:
        """Say each thing that a column may be used for."""
        return [self.value(item) for item in _ordered(column.uses(access))]

    def any_use(self, column: ColumnGrant, access: Access) -> str:
        """Say the same more shortly where a column may be returned, and so used in any way."""
        if Use.RETURN in column.uses(access):
            return self.of(("returned, and so used in any way", "出力（他の全ての用法を含む）"))
        return self.listed(self.uses(column, access))

    def threshold(self, source: Threshold) -> str:
        """Say what a column with `from` holds."""
        name = self.quoted(source.column)
        if source.equals is not None:
            text = self.quoted(source.equals)
            return self.of(
                (f"1 where {name} is {text}, else 0", f"{name}が{text}なら1、それ以外は0")
            )
        bound = self.value(source.at_least)
        return self.of(
            (
                f"1 where {name} is at least {bound}, else 0",
                f"{name}が{bound}以上なら1、それ以外は0",
            )
        )

    def limit(self, limit: CountLimit | ByteLimit) -> str:
        """Say how much in which period."""
        most = self.size(limit.max) if isinstance(limit, ByteLimit) else self.value(limit.max)
        per = self.value(limit.per)
        return self.of((f"at most {most} per {per}", f"{per}につき{most}以内"))

    def bounds(self, bounds: tuple[int, int]) -> str:
        """Say between which numbers something is."""
        low, high = (self.value(bound) for bound in bounds)
        return self.of((f"{low} and {high}", f"{low}以上{high}以下"))

    def day(self, day: date) -> str:
        """Say a day."""
        return self.of(
            (
                f"{day.day} {MONTHS[day.month - 1]} {day.year}",
                f"{day.year}年{day.month}月{day.day}日",
            )
        )

    def size(self, count: int) -> str:
        """Say a number of bytes, in the largest unit that fits exactly."""
        for factor, unit in _UNITS:
            if count % factor == 0:
                return f"{count // factor:,} {unit} ({count:,} {self.of(('bytes', 'バイト'))})"
        return f"{count:,} B"

    def listed(self, items: Iterable[str]) -> str:
        """Join a list as the language does."""
        return self.of((", ", "、")).join(items)

    def joined(self, items: Iterable[str]) -> str:
        """Join a list inside a sentence."""
        *first, last = items
        if not first:
            return last
        return self.of((f"{', '.join(first)} and {last}", f"{'、'.join(first)}及び{last}"))

    def quoted(self, text: str) -> str:
        """Set a text of the authors apart from our own words, on one line."""
        if _PLAIN.fullmatch(text):
            return text
        line = " ".join(text.split())
        return self.of((f"“{line}”", f"「{line}」"))

    def _word(self, value: bool | str) -> str:  # noqa: FBT001  the value is what is said
        if isinstance(value, bool):
            return self.of((("no", "いいえ"), ("yes", "はい"))[value])
        if isinstance(value, StrEnum):
            return self.of(words_for(value))
        return self.of(FIXED_WORDS[value]) if value in FIXED_WORDS else self.quoted(value)

    def _pairs(self, value: Mapping[object, object]) -> Iterable[tuple[str, str]]:
        return ((str(name), self.value(item)) for name, item in value.items())

    def _list(self, value: tuple[object, ...] | frozenset[object]) -> str:
        items = value if isinstance(value, tuple) else _ordered(value)
        # Numbers in a list bear no commas of their own.
        return self.listed(
            str(item) if isinstance(item, int) else self.value(item) for item in items
        )


def _ordered(members: frozenset[object] | frozenset[StrEnum]) -> list[StrEnum]:
    """Put the members of a set of choices into the order in which their type lists them."""
    choices = [item for item in members if isinstance(item, StrEnum)]
    return sorted(choices, key=lambda item: list(type(item).__members__.values()).index(item))
