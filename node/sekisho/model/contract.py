"""A contract as its authors write it: the whole of it, and the parts that name who, why and when.

The parts live beside this module (`grants`, `masks`, `obligations`, `conditions`) and are handed on
from here. What must hold between the parts is decided in `contract_rules`. The defaults are part
of the format's version: changing one changes what signed contracts mean, and a test forbids it.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from sekisho.model.conditions import (
    Agreement,
    ByteLimit,
    Classification,
    Commercial,
    CountLimit,
    Ender,
    EndingRight,
    EvidenceTerms,
    Legal,
    LimitTerms,
    OtherTerm,
    Period,
    PersonalClass,
    PersonalData,
    Prevails,
    RequestEvidence,
    Scope,
    Surviving,
    Termination,
)
from sekisho.model.directions import (
    ANY_CHANGE,
    ASIDE,
    LESS_WIDENS,
    MORE_WIDENS,
    Direction,
    Named,
    Parts,
)
from sekisho.model.grants import (
    SERVED_ACCESS,
    Access,
    ColumnGrant,
    Disclosure,
    Dominance,
    Function,
    Grant,
    Lookup,
    LookupType,
    Threshold,
    Use,
)
from sekisho.model.masks import (
    AnyMask,
    BucketMask,
    BucketWidthMask,
    Mask,
    PseudonymMask,
    RedactMask,
    RoundMask,
    TruncateMask,
    TruncateUnit,
)
from sekisho.model.names import default_alias
from sekisho.model.obligations import Obligations, Permission
from sekisho.model.terms import (
    DocumentModel,
    LongText,
    ShortText,
    Slug,
    declared,
    enforced,
    evidenced,
)
from sekisho.model.terms_values import Day, Id, Party, Zone

__all__ = [
    "CONTRACT_FORMAT",
    "SERVED_ACCESS",
    "Access",
    "Agreement",
    "Amendment",
    "AnyMask",
    "BucketMask",
    "BucketWidthMask",
    "ByteLimit",
    "Classification",
    "ColumnGrant",
    "Commercial",
    "Contract",
    "CountLimit",
    "Disclosure",
    "Dominance",
    "Ender",
    "EndingRight",
    "EvidenceTerms",
    "Function",
    "Grant",
    "Legal",
    "LimitTerms",
    "Lookup",
    "LookupType",
    "Mask",
    "Obligations",
    "OtherTerm",
    "PartyTerm",
    "Period",
    "Permission",
    "PersonalClass",
    "PersonalData",
    "Prevails",
    "PseudonymMask",
    "PurposeTerm",
    "RedactMask",
    "RequestEvidence",
    "Role",
    "RoundMask",
    "Scope",
    "Surviving",
    "Term",
    "Termination",
    "Threshold",
    "TruncateMask",
    "TruncateUnit",
    "Use",
]

CONTRACT_FORMAT = "sekisho.contract/v1"


class Role(StrEnum):
    """What a party does in a contract."""

    PROVIDER = "provider"
    CONSUMER = "consumer"


class PartyTerm(DocumentModel):
    """One company of a contract."""

    party: Annotated[Party, enforced("Party", "当事者", ANY_CHANGE)]
    role: Annotated[Role, enforced("Role", "役割", ANY_CHANGE)]
    alias: Annotated[str | None, enforced("Called in queries", "クエリ上の略称", ANY_CHANGE)] = None
    legal_name: Annotated[ShortText | None, declared("Legal name", "正式名称", ANY_CHANGE)] = None

    @property
    def effective_alias(self) -> str:
        """The alias as written, or the party's first label."""
        return self.alias if self.alias is not None else default_alias(self.party)


class PurposeTerm(DocumentModel):
    """Something that the data may be used for."""

    purpose: Annotated[Slug, evidenced("Purpose", "利用目的", ANY_CHANGE)]
    means: Annotated[LongText, declared("Means", "目的の説明", ANY_CHANGE)]


class Term(DocumentModel):
    """From when to when, in whole days, both included."""

    starts: Annotated[Day, enforced("First day", "開始日", LESS_WIDENS)]
    ends: Annotated[Day, enforced("Last day, included", "終了日（当日を含む）", MORE_WIDENS)]
    timezone: Annotated[
        Zone, enforced("Time zone of all days and months", "日付の基準とする時間帯", ANY_CHANGE)
    ]


class Amendment(DocumentModel):
    """Which contract this one replaces, from when and why."""

    contract: Annotated[Id, enforced("Contract that it replaces", "変更対象の契約", ASIDE)]
    effective: Annotated[Day, enforced("First day of the change", "変更の効力発生日", ASIDE)]
    because: Annotated[LongText, declared("Reason", "変更の理由", ASIDE)]
    charges: Annotated[
        Literal["carried-over"], enforced("What was used up is", "使用済みの量の扱い", ASIDE)
    ] = "carried-over"


class Contract(DocumentModel):
    """The terms of sharing between companies, all of them."""

    format: Annotated[Literal["sekisho.contract/v1"], enforced("Format", "形式", ANY_CHANGE)]
    title: Annotated[ShortText, declared("Title", "表題", ANY_CHANGE)]
    amends: Annotated[
        Amendment | None, enforced("Amendment", "契約の変更", Parts(added=Direction.ALIKE))
    ] = None
    parties: Annotated[
        tuple[PartyTerm, ...],
        Field(min_length=2, max_length=1000),
        enforced("Parties", "当事者", Named(by="party", added=Direction.WIDER)),
    ]
    purposes: Annotated[
        tuple[PurposeTerm, ...],
        Field(min_length=1, max_length=100),
        evidenced("Purposes", "利用目的", Named(by="purpose", added=Direction.WIDER)),
    ]
    term: Annotated[Term, enforced("Term", "契約期間", Parts())]
    sign_by: Annotated[
        Day | None, enforced("To be signed by the end of", "署名期限（当日を含む）", ASIDE)
    ] = None
    grants: Annotated[
        tuple[Grant, ...],
        Field(min_length=1, max_length=1000),
        enforced("Grants", "利用許諾", Named(by="grant", added=Direction.WIDER)),
    ]
    limits: Annotated[LimitTerms, enforced("Limits", "利用量の上限", Parts())] = LimitTerms()
    evidence: Annotated[EvidenceTerms, enforced("Evidence", "証拠", Parts())] = EvidenceTerms()
    obligations: Annotated[Obligations, declared("Obligations", "利用者の義務", Parts())] = (
        Obligations()
    )
    personal_data: Annotated[PersonalData, declared("Personal data", "個人情報", Parts())] = (
        PersonalData()
    )
    termination: Annotated[Termination, enforced("Termination", "契約の終了", Parts())] = (
        Termination()
    )
    commercial: Annotated[Commercial | None, declared("Commercial terms", "商業条件", Parts())] = (
        None
    )
    legal: Annotated[Legal, declared("Law", "法的事項", Parts())] = Legal()
    other_terms: Annotated[
        tuple[OtherTerm, ...],
        Field(max_length=1000),
        declared("Other terms", "その他の条項", Named(by="title", added=Direction.OTHER)),
    ] = ()
