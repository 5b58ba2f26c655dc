"""Puts a review together: title, first page, what the labels mean, every term."""

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum

from sekisho.documents.contract import AuthoredContract
from sekisho.documents.review.cautions import cautions_of
from sekisho.documents.review.sentences import sentence
from sekisho.documents.review.summary import summary
from sekisho.documents.review.terms import TermsList
from sekisho.documents.review.words import Words
from sekisho.model.contract import Contract
from sekisho.model.instants import instant_text
from sekisho.model.signed import SignedContract
from sekisho.model.terms import Plain, plain


class Language(StrEnum):
    """The languages of a review."""

    EN = "en"
    JA = "ja"


Reviewed = Contract | AuthoredContract | SignedContract

_LABELS = (
    (
        "Every term, beside what stands behind it:",
        "  [enforced]   the node refuses what breaks it",
        "  [evidenced]  the node records it, reminds of it and exports proof",
        "  [declared]   it binds people; no machine checks it",
        "  (default)    not written in the contract; the format's own value holds",
    ),
    (
        "全ての条項とその裏付け：",
        "  [強制]  違反する要求をノードが拒絶する",
        "  [証拠]  ノードが記録し、督促し、証拠を出力する",
        "  [宣言]  当事者を拘束するが、機械による検査はない",
        "  （既定値）  契約に記載がなく、書式の定める値による",
    ),
)


def words_in(lang: str) -> Words:
    """Give the words of a language.

    Raises:
        ValueError: For another language.
    """
    return Words(list(Language).index(Language(lang)))


def review(of: Reviewed, *, lang: str = Language.EN) -> str:
    """Say a contract in plain words, every term of it with its label.

    Args:
        of: The contract; one that has an id is reviewed with its instants and members.
        lang: `en` or `ja`.

    Raises:
        ValueError: For another language.
    """
    words = words_in(lang)
    contract = terms_of(of)
    lines = [" ".join(contract.title.split()), ""]
    if isinstance(of, SignedContract):
        lines += [*_identity(of, words), ""]
    lines += [*summary(contract, words), ""]
    lines += [*_LABELS[words.language], "", *TermsList(contract, words=words).lines()]
    return "\n".join(lines) + "\n"


def review_facts(of: Reviewed, *, lang: str = Language.EN) -> dict[str, Plain]:
    """Say the same as data: what each grant comes to, what to mind, and every term.

    Raises:
        ValueError: For another language.
    """
    words, contract = words_in(lang), terms_of(of)
    return {
        "title": contract.title,
        "id": of.id if isinstance(of, SignedContract) else None,
        "lang": str(Language(lang)),
        "grants": [
            {"grant": item.grant, "text": sentence(contract, item, words)}
            for item in contract.grants
        ],
        "cautions": [plain(asdict(item)) for item in cautions_of(contract, words)],
        "terms": [plain(asdict(item)) for item in TermsList(contract, words=words).terms()],
    }


def terms_of(of: Reviewed) -> Contract:
    """Give the terms, whatever stands around them."""
    return of if isinstance(of, Contract) else of.contract


def _identity(signed: SignedContract, words: Words) -> Iterator[str]:
    """Write what the wrapper adds to the terms: the id, the instants, the members."""
    names = words.of(
        (
            ("Contract", "Starts at", "Is over at", "Signed before", "Members"),
            (
                "契約ID",
                "開始日時",
                "終了日時（この時刻を含まない）",
                "署名期限（この時刻を含まない）",
                "当事者",
            ),
        )
    )
    colon = words.of((": ", "："))
    yield f"{names[0]}{colon}{signed.id}"
    instants = (signed.starts_at, signed.ends_at, signed.sign_by_at)
    for name, instant in zip(names[1:4], instants, strict=True):
        yield f"{name}{colon}{instant_text(instant)}"
    yield f"{names[4]}{colon}"
    yield from (f"  {party} {digest}" for party, digest in signed.members.items())
