"""What the consumer does, and does not do, with what it has received."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from sekisho.model.directions import (
    ANY_CHANGE,
    LESS_WIDENS,
    LISTED_WIDEN,
    MORE_WIDENS,
    Parts,
    all_cover_one,
    or_all,
    rungs,
)
from sekisho.model.terms import DocumentModel, ShortText, declared, evidenced
from sekisho.model.terms_values import Country, Party


class Permission(StrEnum):
    """Whether something may be done."""

    ALLOWED = "allowed"
    WITH_CONSENT = "with-consent"
    PROHIBITED = "prohibited"


class Transfer(StrEnum):
    """To whom the consumer may pass data on."""

    NO_ONE = "no-one"
    LISTED = "listed"
    WITH_CONSENT = "with-consent"


class Certificate(StrEnum):
    """Whether deletion has to be certified."""

    REQUIRED = "required"
    ON_REQUEST = "on-request"
    NOT_REQUIRED = "not-required"


class Owner(StrEnum):
    """Who owns what is made from the data."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    JOINT = "joint"


_PERMISSIONS = rungs(Permission.PROHIBITED, Permission.WITH_CONSENT, Permission.ALLOWED)
_CERTIFICATES = rungs(Certificate.REQUIRED, Certificate.ON_REQUEST, Certificate.NOT_REQUIRED)
_TRANSFERS = all_cover_one(
    Transfer.NO_ONE, words="narrowest is `no-one`; the others are not compared"
)
"""Those listed need no consent, and with consent it may be anybody."""


class Confidentiality(DocumentModel):
    """How long the data stays secret."""

    years: Annotated[
        int,
        Field(ge=0, le=100),
        declared(
            "Kept secret after the end for, in years",
            "契約終了後の秘密保持期間（年）",
            LESS_WIDENS,
        ),
    ] = 5


class Deletion(DocumentModel):
    """When the consumer deletes what it received."""

    within_days: Annotated[
        int,
        Field(ge=0, le=36_500),
        evidenced("Deleted within, in days", "削除の期限（日）", MORE_WIDENS),
    ] = 90
    after: Annotated[
        Literal["end-of-term"], evidenced("Counted from", "期限の起算点", ANY_CHANGE)
    ] = "end-of-term"
    certificate: Annotated[
        Certificate, evidenced("Certificate of deletion", "削除証明書", _CERTIFICATES)
    ] = Certificate.REQUIRED


class OnwardTransfer(DocumentModel):
    """To whom else the data may go."""

    allowed: Annotated[
        Transfer, declared("May be passed on to", "第三者への再提供", _TRANSFERS)
    ] = Transfer.NO_ONE
    affiliates: Annotated[
        tuple[Party, ...],
        Field(max_length=1000, json_schema_extra={"uniqueItems": True}),
        declared("Affiliates of the consumer", "利用者の関係会社", LISTED_WIDEN),
    ] = ()
    processors: Annotated[
        tuple[ShortText, ...],
        Field(max_length=1000, json_schema_extra={"uniqueItems": True}),
        declared("Processors of the consumer", "利用者の委託先", LISTED_WIDEN),
    ] = ()


class DerivedData(DocumentModel):
    """What may become of results, models and publications."""

    owner: Annotated[Owner, declared("Owned by", "帰属先", ANY_CHANGE)] = Owner.CONSUMER
    trained_models: Annotated[
        Permission, declared("Training of models", "モデルの学習", _PERMISSIONS)
    ] = Permission.WITH_CONSENT
    publication: Annotated[Permission, declared("Publication", "公表", _PERMISSIONS)] = (
        Permission.WITH_CONSENT
    )


class Audit(DocumentModel):
    """How the provider may look at what the consumer does."""

    notice_days: Annotated[
        int, Field(ge=0, le=3650), declared("Days of notice", "事前通知の日数", MORE_WIDENS)
    ] = 30
    per_year: Annotated[
        int,
        Field(ge=0, le=366),
        declared("Audits in a year at most", "年間の監査回数の上限", LESS_WIDENS),
    ] = 1


class Obligations(DocumentModel):
    """Every duty of the consumer; what is left out has the careful default."""

    reidentification: Annotated[
        Permission,
        declared("Re-identification of persons or companies", "再識別行為", _PERMISSIONS),
    ] = Permission.PROHIBITED
    reverse_engineering: Annotated[
        Permission, declared("Reverse engineering", "リバースエンジニアリング", _PERMISSIONS)
    ] = Permission.PROHIBITED
    confidentiality: Annotated[
        Confidentiality, declared("Confidentiality", "秘密保持", Parts())
    ] = Confidentiality()
    delete: Annotated[Deletion, evidenced("Deletion", "データの削除", Parts())] = Deletion()
    onward_transfer: Annotated[OnwardTransfer, declared("Onward transfer", "再提供", Parts())] = (
        OnwardTransfer()
    )
    derived_data: Annotated[DerivedData, declared("Derived data", "派生データ", Parts())] = (
        DerivedData()
    )
    incident_notice_hours: Annotated[
        int,
        Field(ge=1, le=8760),
        declared(
            "Incidents are notified within, in hours", "事故発生時の通知期限（時間）", MORE_WIDENS
        ),
    ] = 24
    region: Annotated[
        tuple[Country, ...],
        Field(max_length=300, json_schema_extra={"uniqueItems": True}),
        declared(
            "Kept and used only in",
            "保管及び利用を認める国又は地域",
            or_all(LISTED_WIDEN, "none listed is everywhere"),
        ),
    ] = ()
    audit: Annotated[Audit, declared("Audit", "監査", Parts())] = Audit()
