"""Says one difference: where the term stands, and what became of it."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import assert_never, cast

from pydantic import BaseModel

from sekisho.documents.diff.compare import Change, Difference
from sekisho.documents.review.sentences import sentence
from sekisho.documents.review.summary import column_shown
from sekisho.documents.review.terms import said
from sekisho.documents.review.values import Both
from sekisho.documents.review.words import Words
from sekisho.model.conditions import ByteLimit, CountLimit
from sekisho.model.contract import Contract, PartyTerm, PurposeTerm
from sekisho.model.directions import Direction
from sekisho.model.grants import ColumnGrant, Grant
from sekisho.model.masks import AnyMask
from sekisho.model.terms import FieldWords, fields_of

_NOTES: Mapping[tuple[str, Direction], Both] = {
    ("Grant.where", Direction.NARROWER): (
        "a condition more has to hold",
        "充たすべき条件が追加されている",
    ),
    ("Grant.where", Direction.WIDER): (
        "a condition less has to hold",
        "充たすべき条件が減っている",
    ),
    ("Grant.where", Direction.OTHER): (
        "rewritten: which rows are seen cannot be told from the two texts",
        "書換え：対象となる行の異同は、文面からは判断できない",
    ),
    ("Grant.datasets", Direction.OTHER): (
        "pooled over other companies: the difference of two totals is a single company's figure",
        "合計の範囲が変わる：二つの合計値の差から、一社の値が判明し得る",
    ),
    ("Grant.access", Direction.OTHER): (
        "the two modes tell different things",
        "両方式で開示される内容は異なる",
    ),
    ("ColumnGrant.mask", Direction.OTHER): (
        "neither form follows from the other in every case",
        "一方の値から他方の値が常に定まる関係にない",
    ),
    ("Disclosure.round_counts_to", Direction.OTHER): (
        "neither rounding follows from the other",
        "一方の値から他方の値が定まる関係にない",
    ),
    ("LimitTerms.queries", Direction.OTHER): (
        "neither holds the other, over another period",
        "集計期間が異なり、一方が他方を包含しない",
    ),
    ("LimitTerms.rows", Direction.OTHER): (
        "neither holds the other, over another period",
        "集計期間が異なり、一方が他方を包含しない",
    ),
    ("LimitTerms.bytes", Direction.OTHER): (
        "neither holds the other, over another period",
        "集計期間が異なり、一方が他方を包含しない",
    ),
    ("LimitTerms.cells", Direction.OTHER): (
        "neither holds the other, over another period",
        "集計期間が異なり、一方が他方を包含しない",
    ),
    ("Grant.grant", Direction.ALIKE): (
        "renamed: refusals and evidence name it so",
        "名称の変更：拒絶及び証拠には新たな名称が用いられる",
    ),
}
_OVERLAP: Both = (
    (
        "several grants open one dataset, and the first that allows a query applies: where one "
        "allows less, another may answer over more rows"
    ),
    (
        "同一のデータセットを複数の許諾が対象とし、クエリには許可する最初の許諾が適用される。"
        "一の許諾が縮小されると、他の許諾により、より多くの行が開示される場合がある"
    ),
)


def said_difference(item: Difference, words: Words, both: tuple[Contract, Contract]) -> str:
    """Say where a term stands and what became of it, in one line.

    Args:
        item: The difference.
        words: The language.
        both: The contracts that it was found in.
    """
    return f"{_trail(item, words)}{words.of((': ', '：'))}{_text(item, words, both)}"


def _trail(item: Difference, words: Words) -> str:
    """Say where a term stands: its clauses, and the names that authors gave."""
    return " › ".join(
        words.quoted(step) if isinstance(step, str) else words.name(step) for step in item.trail
    )


def _text(item: Difference, words: Words, both: tuple[Contract, Contract]) -> str:
    match item.change:
        case Change.ADDED:
            return words.of(("added: ", "追加：")) + _part(item, words, both, side=1)
        case Change.REMOVED:
            return words.of(("removed: ", "削除：")) + _part(item, words, both, side=0)
        case Change.ORDER:
            return words.of(("in another order", "記載順の変更"))
        case Change.OVERLAP:
            return words.of(_OVERLAP)
        case Change.VALUE:
            return _values(item, words)
        case _:
            assert_never(item.change)


def _values(item: Difference, words: Words) -> str:
    listed = _listed(item, words)
    before, after = (_value(item, side, words) for side in (0, 1))
    name = f"{type(item.owners[0]).__name__}.{item.field.attribute}"
    note = _NOTES.get((name, item.direction))
    text = listed or f"{before} → {after}"
    if before == after:
        text = words.of(("as before, written otherwise", "内容は従前と同じ（記載のみの変更）"))
    return f"{text}{words.of((' ({})', '（{}）')).format(words.of(note))}" if note else text


def _listed(item: Difference, words: Words) -> str:
    """Say of two lists of names what came and what went; nothing where one of them is empty."""
    before, after = item.value(0), item.value(1)
    if not isinstance(before, tuple | frozenset) or not isinstance(after, tuple | frozenset):
        return ""
    names = (words.of(("added", "追加")), words.of(("removed", "削除")))
    sets = (frozenset(after) - frozenset(before), frozenset(before) - frozenset(after))
    is_plain = before and after and all(isinstance(name, str) for name in (*before, *after))
    if not is_plain or not any(sets):
        return ""
    colon = words.of((": ", "："))
    found = (
        f"{name}{colon}{words.value(_in_order(changed, (*before, *after)))}"
        for name, changed in zip(names, sets, strict=True)
        if changed
    )
    return words.of(("; ", "、")).join(found)


def _in_order(names: frozenset[object], order: tuple[object, ...]) -> object:
    """Put names into the order in which they are written; choices have an order of their own."""
    if any(isinstance(name, StrEnum) for name in names):
        return names
    return tuple(dict.fromkeys(name for name in order if name in names))


def _value(item: Difference, side: int, words: Words) -> str:
    """Say what one of the two contracts says here."""
    value = item.value(side)
    if isinstance(value, CountLimit | ByteLimit):
        return words.limit(value)
    if isinstance(value, BaseModel) and not isinstance(value, AnyMask):
        return _fields(value, words)
    return _on_one_line(item.owners[side], item.field, words)


def _on_one_line(owner: BaseModel, field: FieldWords, words: Words) -> str:
    text = said(words, owner, field)
    return words.quoted(text) if "\n" in text else text


def _part(item: Difference, words: Words, both: tuple[Contract, Contract], *, side: int) -> str:
    """Say what was added or removed, in a sentence where there is one for it."""
    part, owner = item.value(side), item.owners[side]
    match part:
        case Grant():
            return sentence(both[side], part, words)
        case ColumnGrant() if isinstance(owner, Grant):
            shown, uses = column_shown(part, words), words.any_use(part, owner.access)
            return words.of((f"{shown}; may be {uses}", f"{shown}。用法は{uses}"))
        case PartyTerm():
            return words.value(part.role)
        case PurposeTerm():
            return words.quoted(part.means)
        case _:
            # What is added or removed is a model, whichever it is.
            return _fields(cast("BaseModel", part), words)


def _fields(part: BaseModel, words: Words) -> str:
    """Say every field of a part on one line."""
    return words.of(("; ", "、")).join(_each(part, words))


def _each(part: BaseModel, words: Words) -> Iterator[str]:
    for field in fields_of(type(part)):
        value = getattr(part, field.attribute)
        if isinstance(value, BaseModel) and not isinstance(value, AnyMask):
            yield from _each(value, words)
        else:
            text = _on_one_line(part, field, words)
            yield f"{words.name(field.clause)}{words.of((' ', '：'))}{text}"
