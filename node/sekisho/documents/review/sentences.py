"""One plain sentence or two for each grant: who sees what, of which rows, in which form."""

from collections.abc import Iterator
from typing import assert_never

from sekisho.documents.review.values import Both
from sekisho.documents.review.words import Words
from sekisho.model.contract import Contract, Role
from sekisho.model.grants import Access, ColumnGrant, Grant, Use
from sekisho.model.masks import (
    AnyMask,
    BucketMask,
    BucketWidthMask,
    PseudonymMask,
    RedactMask,
    RoundMask,
    TruncateMask,
)
from sekisho.model.names import split_dataset

NOT_SERVED: Both = (
    (
        "Not served yet: this release answers queries under `rows` and `aggregate`. Under "
        "`{access}` every query is refused (MODE_NOT_SERVED)."
    ),
    (
        "未対応：本バージョンが応答するのは `rows` 及び `aggregate` のみである。`{access}` に"
        "基づくクエリは全て拒絶される（MODE_NOT_SERVED）。"
    ),
)
_CONSEQUENCES: dict[Access, Both] = {
    Access.ROWS: (
        "Rows leave: what has left cannot be called back.",
        "行単位の開示：いったん開示した行を回収することはできない。",
    ),
    Access.AGGREGATE: (
        "Statistics only: rows stay with the provider.",
        "統計値のみの開示：行は提供者の下にとどまる。",
    ),
    Access.PRIVATE: (
        "Statistics with noise only: rows stay with the provider (differential privacy).",
        "ノイズ付き統計値のみの開示：行は提供者の下にとどまる（差分プライバシー）。",
    ),
    Access.POOLED: (
        "One total over all providers: no provider's own figure is shown to anybody.",
        "全提供者の合計値のみの開示：各提供者単独の値は誰にも示されない。",
    ),
    Access.MATCH: (
        "Matching only: no key is shown to the other side.",
        "照合のみ：キーの値は相手方に示されない。",
    ),
}


def consequence(access: Access, words: Words) -> str:
    """Say what it means that a grant is in this mode."""
    return words.of(_CONSEQUENCES[access])


def sentence(contract: Contract, grant: Grant, words: Words) -> str:
    """Say who sees what under a grant."""
    consumers = [item.party for item in contract.parties if item.role is Role.CONSUMER]
    who = words.joined(consumers)
    if len(consumers) > 1:
        who = words.of((f"{who} each", who))
    verb = "" if len(consumers) > 1 else "s"
    match grant.access:
        case Access.ROWS:
            return _rows(grant, words, who=who, verb=verb)
        case Access.AGGREGATE | Access.PRIVATE | Access.POOLED:
            return _figures(grant, words, who=who, verb=verb)
        case Access.MATCH:
            return _match(grant, words, who=who, verb=verb)
        case _:
            assert_never(grant.access)


def _rows(grant: Grant, words: Words, *, who: str, verb: str) -> str:
    of = _of_rows(grant, words)
    shown = words.of(("; ", "、")).join(_shown(grant, words))
    said = words.of(
        (
            f"{who} receive{verb} {of}: {shown or 'no column'}.",
            f"{who}は、{of}を行単位で受け取る。" + (f"{shown}である。" if shown else ""),
        )
    )
    return words.of((" ", "")).join([said, *_unseen(grant, words)])


def _shown(grant: Grant, words: Words) -> Iterator[str]:
    """Say the columns that are returned, those of one form together."""
    forms: dict[str, list[str]] = {}
    for name, column in grant.columns.items():
        if Use.RETURN in column.uses(grant.access):
            forms.setdefault(mask_phrase(column, words), []).append(words.quoted(name))
    for form, names in forms.items():
        plural = words.of(("as they are", form))
        said = plural if form == words.of(_AS_IT_IS) and len(names) > 1 else form
        yield words.of((f"{words.joined(names)} {said}", f"{words.joined(names)}は{said}"))


def _unseen(grant: Grant, words: Words) -> Iterator[str]:
    """Say what may be done with columns whose values are not shown."""
    for name, column in grant.columns.items():
        uses = column.uses(grant.access)
        if Use.RETURN not in uses:
            said, possible = words.quoted(name), words.joined(words.uses(column, grant.access))
            yield words.of(
                (
                    f"{said} may be {possible}, and is not shown.",
                    f"{said}は{possible}に限り利用でき、値は示されない。",
                )
            )


def _figures(grant: Grant, words: Words, *, who: str, verb: str) -> str:
    measures = words.joined(_used(grant, Use.MEASURE, words) or [words.of(("rows", "行"))])
    functions = words.joined(words.value(item) for item in grant.functions)
    groups = _used(grant, Use.GROUP, words)
    of = _of_rows(grant, words)
    by = words.joined(groups) if groups else ""
    grouped = words.of((f" by {by}", f"、{by}の別に")) if groups else ""
    said = words.of(
        (
            f"{who} learn{verb} {functions} of {measures}{grouped}, over {of}.",
            f"{who}は、{of}を{grouped}集計した、{measures}の{functions}のみを知ることができる。",
        )
    )
    return words.of((" ", "")).join([said, *_protected(grant, words), *_brought(grant, words)])


def _protected(grant: Grant, words: Words) -> Iterator[str]:
    """Say what holds of each figure."""
    units = words.joined(words.quoted(item) for item in grant.privacy_units or ("?",))
    if grant.access is Access.POOLED:
        count = len({split_dataset(item)[0] for item in grant.datasets})
        yield words.of(
            (
                f"Each figure is one total over {count} providers.",
                f"各値は{count}者の提供者を通算した合計値である。",
            )
        )
    if grant.access is Access.PRIVATE:
        yield words.of(
            (
                f"Noise hides what any single {units} adds to a figure.",
                f"個々の{units}の寄与は、加えられたノイズにより判別できない。",
            )
        )
    if grant.privacy_units and (terms := grant.effective_disclosure) is not None:
        least = words.value(terms.minimum_units)
        yield words.of(
            (
                f"A figure over fewer than {least} different values of {units} is withheld.",
                f"異なる{units}の数が{least}に満たない値は開示されない。",
            )
        )


def _brought(grant: Grant, words: Words) -> Iterator[str]:
    """Say which tables the consumer may bring."""
    for lookup in grant.lookups:
        name, key = lookup.name, words.quoted(lookup.key)
        yield words.of(
            (
                f"A table {name} may be brought, joined on {key}.",
                f"参照表{name}を持ち込み、{key}で結合することができる。",
            )
        )


def _match(grant: Grant, words: Words, *, who: str, verb: str) -> str:
    keys = words.joined(_used(grant, Use.JOIN, words) or ["?"])
    of = _of_rows(grant, words)
    return words.of(
        (
            f"{who} learn{verb} how many values of {keys} are also among its own, over {of}.",
            (
                f"{who}は、{of}の{keys}のうち、自らの保有する値と共通するものの件数のみを"
                "知ることができる。"
            ),
        )
    )


def _of_rows(grant: Grant, words: Words) -> str:
    datasets = words.joined(grant.datasets)
    if grant.where is None:
        return words.of((f"every row of {datasets}", f"{datasets}の全ての行"))
    where = words.quoted(grant.where)
    return words.of(
        (
            f"the rows of {datasets} for which {where} is true",
            f"{datasets}のうち{where}が真となる行",
        )
    )


def _used(grant: Grant, use: Use, words: Words) -> list[str]:
    """Name the columns of one use, each with its form where that is not as it is."""
    found = []
    for name, column in grant.columns.items():
        if use in column.uses(grant.access):
            form = words.of((" ({})", "（{}）")).format(mask_phrase(column, words))
            found.append(words.quoted(name) + (form if column.mask else ""))
    return found


_AS_IT_IS: Both = ("as it is", "そのままの値")


def mask_phrase(column: ColumnGrant, words: Words) -> str:
    """Say in a few words in which form a column is shown."""
    return words.of(_form(column.mask, words))


def _form(mask: AnyMask | None, words: Words) -> Both:  # noqa: PLR0911  one line a mask
    match mask:
        case None:
            return _AS_IT_IS
        case PseudonymMask():
            return "as a pseudonym", "仮名に置き換えた値"
        case TruncateMask():
            unit = words.value(mask.truncate)
            return f"cut to the {unit}", f"{unit}単位に切り捨てた値"
        case RoundMask():
            step = words.value(mask.round_to)
            return f"rounded to multiples of {step}", f"{step}の倍数に丸めた値"
        case BucketMask():
            edges = words.value(mask.bucket)
            return f"in the steps {edges}", f"区分（下限値 {edges}）に置き換えた値"
        case BucketWidthMask():
            width = words.value(mask.bucket_width)
            return f"in steps of {width}", f"幅{width}の階級に置き換えた値"
        case RedactMask():
            return "withheld (NULL in every row)", "非開示（全ての行でNULL）"
        case _:
            assert_never(mask)
