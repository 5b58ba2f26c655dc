"""Says the differences of two contracts in plain words, in English or Japanese, or as data."""

from collections.abc import Mapping

from sekisho.documents.diff.compare import Change, Difference, diff
from sekisho.documents.diff.said import said_difference
from sekisho.documents.review.page import Language, Reviewed, terms_of, words_in
from sekisho.documents.review.values import Both
from sekisho.documents.review.words import Words
from sekisho.model.contract import Contract
from sekisho.model.directions import Direction
from sekisho.model.terms import Plain, plain

_HEADINGS: Mapping[Direction, Both] = {
    Direction.WIDER: (
        "Widens: more may be seen, done or kept",
        "拡大：閲覧、利用又は保持できる範囲が広がる",
    ),
    Direction.NARROWER: (
        "Narrows: less may be seen, done or kept",
        "縮小：閲覧、利用又は保持できる範囲が狭まる",
    ),
    Direction.OTHER: (
        "Changes: neither more nor less as such; compare both",
        "変更：広狭の関係になく、両者の比較を要する",
    ),
    Direction.ALIKE: (
        "Keeps: written otherwise, and no more and no less is allowed",
        "維持：記載は異なるが、許諾の範囲に影響しない",
    ),
}


def verdict(differences: tuple[Difference, ...]) -> str:
    """Say in one word what a contract does compared with another.

    Returns:
        `same` where nothing differs; a direction where there is no other but keeping; `changes`
        wherever directions meet.
    """
    found = {item.direction for item in differences}
    telling = found - {Direction.ALIKE}
    if not found:
        return "same"
    if len(telling) > 1:
        return Direction.OTHER.value
    return next(iter(telling), Direction.ALIKE).value


def diff_page(
    before: Reviewed, after: Reviewed, *, names: tuple[str, str], lang: str = Language.EN
) -> str:
    """Say what one contract widens, narrows and changes in another.

    Args:
        before: A, compared with.
        after: B, about which the page speaks.
        names: What a person calls the two, such as their files.
        lang: `en` or `ja`.

    Raises:
        ValueError: For another language.
    """
    words = words_in(lang)
    both = terms_of(before), terms_of(after)
    found = diff(*both)
    colon = words.of((": ", "："))
    lines = [
        f"{letter}{colon}{name} {words.quoted(contract.title)}"
        for letter, name, contract in zip("AB", names, both, strict=True)
    ]
    lines += ["", words.of(_summary(found))]
    for direction, heading in _HEADINGS.items():
        of_it = [item for item in found if item.direction is direction]
        if of_it:
            lines += ["", words.of(heading)]
            lines += [f"  - {_line(item, words, both)}" for item in of_it]
    return "\n".join(lines) + "\n"


def diff_facts(
    before: Reviewed, after: Reviewed, *, names: tuple[str, str], lang: str = Language.EN
) -> dict[str, Plain]:
    """Say the same as data.

    Raises:
        ValueError: For another language.
    """
    words = words_in(lang)
    both = terms_of(before), terms_of(after)
    found = diff(*both)
    return {
        "a": names[0],
        "b": names[1],
        "lang": str(Language(lang)),
        "verdict": verdict(found),
        "differences": [
            {
                "direction": item.direction.value,
                "change": item.change.value,
                "label": item.label.value,
                "path": item.path,
                "before": _plain_value(item, 0),
                "after": _plain_value(item, 1),
                "text": said_difference(item, words, both),
            }
            for item in found
        ],
    }


def _plain_value(item: Difference, side: int) -> Plain:
    is_list_of_parts = item.change in {Change.ORDER, Change.OVERLAP}
    return None if is_list_of_parts else plain(item.value(side))


def _summary(found: tuple[Difference, ...]) -> Both:
    counts = {
        direction: sum(item.direction is direction for item in found) for direction in Direction
    }
    match verdict(found):
        case "same":
            return "B says the same as A in every term.", "Bは、全ての条項においてAと同一である。"
        case Direction.ALIKE:
            return (
                "B allows what A allows: it differs in writing alone.",
                "Bの許諾の範囲はAと同一であり、記載のみが異なる。",
            )
        case Direction.NARROWER:
            return (
                "B only narrows: nothing may be seen, done or kept under it that A does not allow.",
                "BはAを縮小するのみである：Aが許諾しない閲覧、利用又は保持は、Bにおいても許諾されない。",
            )
        case Direction.WIDER:
            return (
                "B only widens: all that A allows stays allowed.",
                "BはAを拡大するのみである：Aが許諾するものは、Bにおいても全て許諾される。",
            )
        case _:
            wider, narrower = counts[Direction.WIDER], counts[Direction.NARROWER]
            other = counts[Direction.OTHER]
            return (
                f"B widens {wider}, narrows {narrower} and changes {other} of A's terms.",
                f"Bは、Aの条項のうち{wider}件を拡大し、{narrower}件を縮小し、{other}件を変更する。",
            )


def _line(item: Difference, words: Words, both: tuple[Contract, Contract]) -> str:
    return f"[{words.label(item.field.clause)}] {said_difference(item, words, both)}"
