"""The rest of a contract's terms: limits, evidence, personal data, ending, money and law."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from sekisho.model.directions import (
    ANY_CHANGE,
    LISTED_NARROW,
    MORE_WIDENS,
    Compared,
    Parts,
    or_all,
    rungs,
)
from sekisho.model.terms import (
    DocumentModel,
    LongText,
    ShortText,
    declared,
    enforced,
    evidenced,
)
from sekisho.model.terms_values import MAX_COUNT, Amount, Currency, Language, Law, Size


class Period(StrEnum):
    """Over what a limit is counted, in the contract's time zone."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    TERM = "term"


class RequestEvidence(StrEnum):
    """What proves that the consumer asked."""

    SIGNED = "signed"
    TLS = "tls"


class PersonalClass(StrEnum):
    """Whether the data is about people, as the provider says."""

    NOT_STATED = "not-stated"
    NONE = "none"
    ANONYMIZED = "anonymized"
    PSEUDONYMIZED = "pseudonymized"
    PERSONAL = "personal"
    SPECIAL_CARE = "special-care"


class Ender(StrEnum):
    """Who may end the contract."""

    ANY_PARTY = "any-party"
    PROVIDERS = "providers"
    CONSUMERS = "consumers"
    NO_ONE = "no-one"


class Scope(StrEnum):
    """How much ends when one provider leaves."""

    OWN_PART = "own-part"
    WHOLE_CONTRACT = "whole-contract"


class Surviving(StrEnum):
    """An obligation that outlives the contract."""

    REIDENTIFICATION = "reidentification"
    REVERSE_ENGINEERING = "reverse_engineering"
    CONFIDENTIALITY = "confidentiality"
    DELETE = "delete"
    ONWARD_TRANSFER = "onward_transfer"
    DERIVED_DATA = "derived_data"
    INCIDENT_NOTICE_HOURS = "incident_notice_hours"
    REGION = "region"
    AUDIT = "audit"


class PricePeriod(StrEnum):
    """What a price is paid for."""

    MONTH = "month"
    YEAR = "year"
    TERM = "term"


class Warranty(StrEnum):
    """What the provider promises of the data's quality."""

    AS_IS = "as-is"
    AS_DESCRIBED = "as-described"


class Classification(StrEnum):
    """As what the data is protected."""

    LIMITED_PROVISION_DATA = "limited-provision-data"
    TRADE_SECRET = "trade-secret"  # noqa: S105  a legal class of information, not a credential
    CONFIDENTIAL = "confidential"
    PUBLIC = "public"


class Prevailing(StrEnum):
    """Which text rules where two disagree."""

    THIS_CONTRACT = "this-contract"
    AGREEMENT = "agreement"


class CountLimit(DocumentModel):
    """A number of things in a period."""

    max: Annotated[int, Field(ge=1, le=MAX_COUNT), enforced("At most", "上限", MORE_WIDENS)]
    per: Annotated[Period, enforced("Counted per", "集計期間", ANY_CHANGE)]


class ByteLimit(DocumentModel):
    """A number of bytes in a period."""

    max: Annotated[Size, enforced("At most, in bytes", "上限（バイト）", MORE_WIDENS)]
    per: Annotated[Period, enforced("Counted per", "集計期間", ANY_CHANGE)]


_TIMES = {
    (Period.DAY, Period.MONTH): 31,
    (Period.DAY, Period.YEAR): 366,
    (Period.MONTH, Period.YEAR): 12,
}
"""How often a period stands in a longer one, at most; a term may have any length."""


def _limit_covers(first: CountLimit | ByteLimit, second: CountLimit | ByteLimit) -> bool:
    """Tell that whoever keeps the second limit keeps the first."""
    order = list(Period)
    if order.index(second.per) >= order.index(first.per):
        return second.max <= first.max
    times = _TIMES.get((second.per, first.per))
    return times is not None and second.max * times <= first.max


_LIMIT = or_all(
    Compared(covers=_limit_covers, words="more widens, over the same period or a shorter one"),
    "no limit is widest",
)


class LimitTerms(DocumentModel):
    """How much may be used up; each provider counts for itself."""

    queries: Annotated[CountLimit | None, enforced("Queries", "クエリ数", _LIMIT)] = None
    rows: Annotated[CountLimit | None, enforced("Rows", "行数", _LIMIT)] = None
    bytes: Annotated[ByteLimit | None, enforced("Bytes", "データ量", _LIMIT)] = None
    cells: Annotated[
        CountLimit | None, enforced("Cells of statistics published", "公表する統計のセル数", _LIMIT)
    ] = None
    concurrent: Annotated[
        int | None,
        Field(ge=1, le=10_000),
        enforced("Queries at once", "同時実行数", or_all(MORE_WIDENS, "no limit is widest")),
    ] = None


class EvidenceTerms(DocumentModel):
    """What a request carries as proof."""

    requests: Annotated[
        RequestEvidence,
        enforced(
            "Proof that a query was asked",
            "要求の証明方法",
            rungs(RequestEvidence.SIGNED, RequestEvidence.TLS),
        ),
    ] = RequestEvidence.SIGNED


class PersonalData(DocumentModel):
    """Whether people are in the data, and on what basis it may be used."""

    data_class: Annotated[
        PersonalClass, Field(alias="class"), declared("Class", "区分", ANY_CHANGE)
    ] = PersonalClass.NOT_STATED
    basis: Annotated[LongText | None, declared("Legal basis", "法的根拠", ANY_CHANGE)] = None
    reference: Annotated[
        LongText | None, declared("Reference", "根拠資料（同意書・審査番号など）", ANY_CHANGE)
    ] = None


_MAY_END = {
    Ender.ANY_PARTY: {"providers", "consumers"},
    Ender.PROVIDERS: {"providers"},
    Ender.CONSUMERS: {"consumers"},
    Ender.NO_ONE: set[str](),
}
_ENDERS = Compared(
    covers=lambda first, second: _MAY_END[first] <= _MAY_END[second],
    words="fewer who may end it widen",
)


class EndingRight(DocumentModel):
    """Who may end the contract, and how long beforehand they say so."""

    by: Annotated[Ender, enforced("May be used by", "行使できる当事者", _ENDERS)] = Ender.ANY_PARTY
    notice_days: Annotated[
        int, Field(ge=0, le=3650), enforced("Days of notice", "予告期間（日）", MORE_WIDENS)
    ] = 0


class Termination(DocumentModel):
    """How the contract ends before its term does."""

    for_convenience: Annotated[EndingRight, enforced("Without cause", "任意解約", Parts())] = (
        EndingRight()
    )
    for_breach: Annotated[EndingRight, enforced("For breach", "違反による解除", Parts())] = (
        EndingRight()
    )
    scope: Annotated[
        Scope,
        enforced(
            "When one provider leaves, this ends",
            "提供者の一社が離脱した場合に終了する範囲",
            rungs(Scope.WHOLE_CONTRACT, Scope.OWN_PART),
        ),
    ] = Scope.OWN_PART
    survives: Annotated[
        tuple[Surviving, ...],
        Field(json_schema_extra={"uniqueItems": True}),
        declared("Obligations that survive", "契約終了後も存続する義務", LISTED_NARROW),
    ] = (Surviving.REIDENTIFICATION, Surviving.DELETE, Surviving.CONFIDENTIALITY)


class Commercial(DocumentModel):
    """Money, warranty and liability."""

    price: Annotated[Amount, declared("Price", "対価", ANY_CHANGE)]
    currency: Annotated[Currency, declared("Currency", "通貨", ANY_CHANGE)]
    per: Annotated[PricePeriod, declared("Paid per", "支払単位", ANY_CHANGE)] = PricePeriod.TERM
    warranty: Annotated[Warranty, declared("Warranty", "保証", ANY_CHANGE)] = Warranty.AS_IS
    liability_cap: Annotated[
        Amount | None, declared("Liability at most", "責任限度額", ANY_CHANGE)
    ] = None


class Prevails(DocumentModel):
    """Which text rules for access, and which for everything else."""

    access: Annotated[
        Literal["this-contract"],
        declared("For access, prevails", "アクセスについて優先する文書", ANY_CHANGE),
    ] = "this-contract"
    everything_else: Annotated[
        Prevailing,
        declared("For everything else, prevails", "その他の事項について優先する文書", ANY_CHANGE),
    ] = Prevailing.THIS_CONTRACT


class Agreement(DocumentModel):
    """An agreement on paper that stands beside the contract."""

    title: Annotated[ShortText, declared("Title", "表題", ANY_CHANGE)]
    sha256: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{64}$"),
        evidenced("SHA-256 of the file", "文書ファイルのSHA-256", ANY_CHANGE),
    ]


class Legal(DocumentModel):
    """Law, court, class of information and language."""

    governing_law: Annotated[Law | None, declared("Governing law", "準拠法", ANY_CHANGE)] = None
    venue: Annotated[ShortText | None, declared("Court", "管轄裁判所", ANY_CHANGE)] = None
    classification: Annotated[
        Classification | None, declared("Class of information", "情報の法的区分", ANY_CHANGE)
    ] = None
    language: Annotated[
        Language | None, declared("Language of the contract", "契約の正文の言語", ANY_CHANGE)
    ] = None
    prevails: Annotated[Prevails, declared("Order of precedence", "優先順位", Parts())] = Prevails()
    agreement: Annotated[
        Agreement | None, evidenced("Agreement on paper", "書面による契約", Parts())
    ] = None


class OtherTerm(DocumentModel):
    """A term in plain words; no machine reads it."""

    title: Annotated[ShortText, declared("Title", "表題", ANY_CHANGE)]
    text: Annotated[LongText, declared("Text", "本文", ANY_CHANGE)]
