"""Guardrails: what a provider demands of every contract, written once, rule by rule.

A rule says when it applies and what it then requires. How a contract is held to it is decided in
`guardrail_check`; what two rules cannot both demand, in `guardrail_conflicts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from sekisho.model.conditions import PersonalClass
from sekisho.model.dataset import ColumnClass
from sekisho.model.floors import LEAST_UNITS, MOST_LARGEST_PERCENT
from sekisho.model.grant_rules import PROTECTED
from sekisho.model.grants import Access, Use
from sekisho.model.masks import (
    BucketMask,
    BucketWidthMask,
    PseudonymMask,
    RoundMask,
    TruncateMask,
)
from sekisho.model.obligations import Permission, Transfer
from sekisho.model.terms import DocumentModel, ShortText, Slug, declared, enforced, mistake
from sekisho.model.terms_values import Country

GUARDRAIL_FORMAT = "sekisho.guardrail/v1"
_UNIQUE = {"uniqueItems": True}
_IDLE = "nothing is required here"


class Combining(StrEnum):
    """Whether a dataset may serve one consumer in two access modes."""

    NEVER = "never"
    ALLOWED = "allowed"


class MaskKind(StrEnum):
    """A mask by its name, however coarse it is."""

    PSEUDONYM = "pseudonym"
    TRUNCATE = "truncate"
    ROUND_TO = "round_to"
    BUCKET = "bucket"
    BUCKET_WIDTH = "bucket_width"
    REDACT = "redact"


_KEYS = ("truncate", "round_to", "bucket_width")


def _form_of(value: object) -> str:
    """Tell a mask that is named from one that must be so coarse at least."""
    if isinstance(value, dict):
        return next((f"#{key}" for key in _KEYS if key in value), "#kind")
    return "#kind"


RequiredMask = Annotated[
    Annotated[MaskKind, Tag("#kind")]
    | Annotated[TruncateMask, Tag("#truncate")]
    | Annotated[RoundMask, Tag("#round_to")]
    | Annotated[BucketWidthMask, Tag("#bucket_width")],
    Discriminator(_form_of),
]
"""`truncate` for any, or `{truncate: month}` for one that is at least so coarse."""


ShowingMask = PseudonymMask | TruncateMask | RoundMask | BucketMask | BucketWidthMask
"""A mask that leaves something to see; its one field bears the name of its kind."""


def kind_of(mask: ShowingMask | MaskKind) -> MaskKind:
    """Name the kind of a mask, or of one that is required."""
    if isinstance(mask, MaskKind):
        return mask
    (name,) = type(mask).model_fields
    return MaskKind(name)


class When(DocumentModel):
    """To which grants a rule applies: any of each list, all of the lists; an empty one is any."""

    column_class: Annotated[
        tuple[ColumnClass, ...],
        Field(json_schema_extra=_UNIQUE),
        enforced("A column of these classes is granted", "対象とする項目の分類"),
    ] = ()
    tag: Annotated[
        tuple[ShortText, ...],
        Field(max_length=100, json_schema_extra=_UNIQUE),
        enforced("The dataset bears one of these tags", "対象とするデータセットのタグ"),
    ] = ()
    access: Annotated[
        tuple[Access, ...],
        Field(json_schema_extra=_UNIQUE),
        enforced("The grant is of one of these access modes", "対象とするアクセス方式"),
    ] = ()


class RequiredObligations(DocumentModel):
    """Which promises of the consumer will do."""

    reidentification: Annotated[
        tuple[Permission, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("Re-identification is one of", "再識別行為として認める定め"),
    ] = None
    onward_transfer: Annotated[
        tuple[Transfer, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("Onward transfer is one of", "再提供として認める定め"),
    ] = None
    publication: Annotated[
        tuple[Permission, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("Publication is one of", "公表として認める定め"),
    ] = None
    region: Annotated[
        tuple[Country, ...] | None,
        Field(min_length=1, max_length=300, json_schema_extra=_UNIQUE),
        enforced("Kept and used in none but", "保管及び利用を認める国又は地域"),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.model_fields_set:
            raise mistake(_IDLE, "write which promises will do, or leave `obligations` out")
        return self


class Require(DocumentModel):
    """What a grant, its matched columns and its contract must then be like."""

    access: Annotated[
        tuple[Access, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("Access modes that will do", "認めるアクセス方式"),
    ] = None
    minimum_units: Annotated[
        int | None,
        Field(ge=LEAST_UNITS, le=1_000_000),
        enforced("`minimum_units` at least", "保護単位の最小数の下限"),
    ] = None
    round_counts_to: Annotated[
        int | None,
        Field(ge=2, le=1000),
        enforced("`round_counts_to` at least", "件数の丸め単位の下限"),
    ] = None
    largest_percent: Annotated[
        int | None,
        Field(ge=1, le=MOST_LARGEST_PERCENT),
        enforced("`largest_percent` at most", "1単位の占有率の上限の最大値（%）"),
    ] = None
    uses: Annotated[
        tuple[Use, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("Uses of the matched columns that will do", "対象項目に認める用法"),
    ] = None
    masks: Annotated[
        tuple[RequiredMask, ...] | None,
        Field(min_length=1, max_length=100),
        enforced("Masks of the matched columns that will do", "対象項目に認める開示の形"),
    ] = None
    consumer_countries: Annotated[
        tuple[Country, ...] | None,
        Field(min_length=1, max_length=300, json_schema_extra=_UNIQUE),
        enforced("Countries of consumers and their affiliates", "利用者及び関係会社の所在国"),
    ] = None
    personal_data: Annotated[
        tuple[PersonalClass, ...] | None,
        Field(min_length=1, json_schema_extra=_UNIQUE),
        enforced("The contract calls its data one of", "契約における個人情報の区分"),
    ] = None
    obligations: Annotated[
        RequiredObligations | None, enforced("Obligations of the consumer", "利用者の義務")
    ] = None
    combine: Annotated[
        Combining | None,
        enforced(
            "Another access mode for the same consumer", "同一利用者への別のアクセス方式の併用"
        ),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.model_fields_set:
            raise mistake(_IDLE, "write what a contract must be like, such as `minimum_units: 10`")
        return self

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """What will do, by requirement, where a list says so; only what is written."""
        lists: dict[str, tuple[str, ...] | None] = {
            "access": self.access,
            "uses": self.uses,
            "masks": tuple(kind_of(item) for item in self.masks or ()),
            "consumer_countries": self.consumer_countries,
            "personal_data": self.personal_data,
        }
        if self.obligations is not None:
            for name in RequiredObligations.model_fields:
                lists[f"obligations.{name}"] = getattr(self.obligations, name)
        return {name: listed for name, listed in lists.items() if listed}

    @property
    def modes(self) -> frozenset[Access]:
        """The access modes in which a grant can meet this at all: rows have no counts to round."""
        asked = frozenset(self.access or Access)
        needs_statistics = self.round_counts_to is not None or self.largest_percent is not None
        return asked & PROTECTED if needs_statistics else asked


class GuardrailRule(DocumentModel):
    """One thing that a provider demands, when, and why."""

    rule: Annotated[Slug, enforced("Rule", "規則の名称")]
    because: Annotated[ShortText, declared("Reason", "理由")]
    when: Annotated[When, enforced("Applies when", "適用条件")] = When()
    require: Annotated[Require, enforced("Requires", "要求事項")]


class Guardrail(DocumentModel):
    """What a provider demands of every contract over its data, beneath which nothing is served."""

    format: Annotated[Literal["sekisho.guardrail/v1"], enforced("Format", "形式")]
    title: Annotated[ShortText, declared("Title", "表題")]
    rules: Annotated[
        tuple[GuardrailRule, ...], Field(min_length=1, max_length=1000), enforced("Rules", "規則")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRule:
    """A rule, and where each part of it stands, so that a finding can name the line."""

    rule: GuardrailRule
    file: str
    """As its readers know it, such as `guardrails/personal-data.yaml`."""
    at: int
    """Its position in the file, from 0."""
    places: Mapping[str, tuple[int, int]]
    """Line and column by requirement, such as `minimum_units` or `obligations.region`."""

    def line_of(self, requirement: str) -> str:
        """Name the line of a requirement, such as `guardrails/personal-data.yaml:12`."""
        return f"{self.file}:{self.places[requirement][0]}"


def count_rules(rules: Sequence[PlacedRule]) -> str:
    """Say how many rules there are and where: `3 rules in guardrails/personal-data.yaml`."""
    files = ", ".join(dict.fromkeys(item.file for item in rules))
    return f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'} in {files}" if rules else "none"
