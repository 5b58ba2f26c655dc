"""Puts a review together: title, first page, what the labels mean, every term."""

from collections.abc import Iterator
from enum import StrEnum

from sekisho.documents.contract import AuthoredContract
from sekisho.documents.review.summary import summary
from sekisho.documents.review.terms import TermsList
from sekisho.model.contract import Contract
from sekisho.model.instants import instant_text
from sekisho.model.signed import SignedContract


class Language(StrEnum):
    """The languages of a review."""

    EN = "en"
    JA = "ja"


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


def review(of: Contract | AuthoredContract | SignedContract, *, lang: str = Language.EN) -> str:
    """Say a contract in plain words, every term of it with its label.

    Args:
        of: The contract; one that has an id is reviewed with its instants and members.
        lang: `en` or `ja`.

    Raises:
        ValueError: For another language.
    """
    language = list(Language).index(Language(lang))
    contract = of if isinstance(of, Contract) else of.contract
    terms = TermsList(contract, language=language)
    lines = [" ".join(contract.title.split()), ""]
    if isinstance(of, SignedContract):
        lines += [*_identity(of, language), ""]
    lines += [*summary(contract, terms, language=language), ""]
    lines += [*_LABELS[language], "", *terms.lines()]
    return "\n".join(lines) + "\n"


def _identity(signed: SignedContract, language: int) -> Iterator[str]:
    """Write what the wrapper adds to the terms: the id, the instants, the members."""
    names = (
        ("Contract", "Starts at", "Is over at", "Signed before", "Members"),
        (
            "契約ID",
            "開始日時",
            "終了日時（この時刻を含まない）",
            "署名期限（この時刻を含まない）",
            "当事者",
        ),
    )[language]
    colon = (": ", "：")[language]
    yield f"{names[0]}{colon}{signed.id}"
    instants = (signed.starts_at, signed.ends_at, signed.sign_by_at)
    for name, instant in zip(names[1:4], instants, strict=True):
        yield f"{name}{colon}{instant_text(instant)}"
    yield f"{names[4]}{colon}"
    yield from (f"  {party} {digest}" for party, digest in signed.members.items())
