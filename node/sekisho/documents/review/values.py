"""The words for values: what each choice of a contract means, in both languages."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from sekisho.model import conditions, contract, grants, masks, obligations
from sekisho.model.terms import Label

Both = tuple[str, str]
"""English, then Japanese."""

_ENUM_WORDS: Mapping[type[StrEnum], Mapping[str, Both]] = {
    Label: {
        "enforced": ("enforced", "強制"),
        "evidenced": ("evidenced", "証拠"),
        "declared": ("declared", "宣言"),
    },
    contract.Role: {
        "provider": ("provider", "提供者"),
        "consumer": ("consumer", "利用者"),
    },
    grants.Access: {
        "rows": ("rows (single rows leave)", "rows（行単位の開示）"),
        "aggregate": ("aggregate (statistics only)", "aggregate（統計値のみの開示）"),
        "private": ("private (statistics with noise)", "private（ノイズ付き統計値の開示）"),
        "pooled": ("pooled (one total over all providers)", "pooled（全提供者の合計値の開示）"),
        "match": ("match (how many keys both sides share)", "match（共通するキーの照合）"),
    },
    grants.Use: {
        "return": ("returned", "出力"),
        "filter": ("filtered on", "絞り込み"),
        "join": ("joined on", "結合"),
        "group": ("grouped by", "グループ化"),
        "measure": ("measured", "計測"),
    },
    grants.Function: {
        "count": ("count", "件数"),
        "sum": ("sum", "合計"),
        "avg": ("mean", "平均"),
        "stddev": ("standard deviation", "標準偏差"),
    },
    grants.LookupType: {
        "text": ("text", "文字列"),
        "integer": ("whole number", "整数"),
        "date": ("date", "日付"),
        "boolean": ("true or false", "真偽値"),
    },
    masks.TruncateUnit: {
        "year": ("year", "年"),
        "month": ("month", "月"),
        "day": ("day", "日"),
        "hour": ("hour", "時"),
    },
    obligations.Permission: {
        "allowed": ("allowed", "許可"),
        "with-consent": ("only with the provider's consent", "提供者の同意がある場合に限り許可"),
        "prohibited": ("prohibited", "禁止"),
    },
    obligations.Transfer: {
        "no-one": ("no one", "不可"),
        "listed": ("those listed here", "ここに列挙する者に限り可"),
        "with-consent": ("others with the provider's consent", "提供者の同意がある場合に限り可"),
    },
    obligations.Certificate: {
        "required": ("required", "提出を要する"),
        "on-request": ("on request", "求めに応じて提出"),
        "not-required": ("not required", "不要"),
    },
    obligations.Owner: {
        "consumer": ("the consumer", "利用者"),
        "provider": ("the provider", "提供者"),
        "joint": ("both jointly", "共有"),
    },
    conditions.Period: {
        "day": ("day", "1日"),
        "month": ("calendar month", "暦月"),
        "year": ("calendar year", "暦年"),
        "term": ("whole term", "契約期間全体"),
    },
    conditions.RequestEvidence: {
        "signed": ("each request is signed by the consumer's node", "利用者ノードが要求ごとに署名"),
        "tls": (
            "the TLS connection alone, for a partner without a node",
            "TLS接続のみ（ノードを持たない相手方向け）",
        ),
    },
    conditions.PersonalClass: {
        "not-stated": ("not stated", "記載なし"),
        "none": ("none", "個人情報を含まない"),
        "anonymized": ("anonymized", "匿名加工情報"),
        "pseudonymized": ("pseudonymized", "仮名加工情報"),
        "personal": ("personal", "個人情報"),
        "special-care": ("requiring special care", "要配慮個人情報"),
    },
    conditions.Ender: {
        "any-party": ("any party", "全ての当事者"),
        "providers": ("each provider", "提供者"),
        "consumers": ("each consumer", "利用者"),
        "no-one": ("no one", "なし"),
    },
    conditions.Scope: {
        "own-part": ("its own grants only", "当該提供者の許諾のみ"),
        "whole-contract": ("the whole contract", "契約全体"),
    },
    conditions.Surviving: {
        "reidentification": ("re-identification", "再識別の禁止"),
        "reverse_engineering": ("reverse engineering", "リバースエンジニアリング"),
        "confidentiality": ("confidentiality", "秘密保持"),
        "delete": ("deletion", "データの削除"),
        "onward_transfer": ("onward transfer", "再提供"),
        "derived_data": ("derived data", "派生データ"),
        "incident_notice_hours": ("notice of incidents", "事故の通知"),
        "region": ("region", "保管及び利用の場所"),
        "audit": ("audit", "監査"),
    },
    conditions.PricePeriod: {
        "month": ("month", "月額"),
        "year": ("year", "年額"),
        "term": ("whole term", "契約期間全体"),
    },
    conditions.Warranty: {
        "as-is": ("none: as it is", "現状有姿（保証なし）"),
        "as-described": ("as described in this contract", "本契約の記載どおりであること"),
    },
    conditions.Classification: {
        "limited-provision-data": ("shared data with limited access", "限定提供データ"),
        "trade-secret": ("trade secret", "営業秘密"),
        "confidential": ("confidential information", "秘密情報"),
        "public": ("public information", "公知の情報"),
    },
    conditions.Prevailing: {
        "this-contract": ("this contract", "本契約"),
        "agreement": ("the agreement on paper", "書面による契約"),
    },
}

FIXED_WORDS: Mapping[str, Both] = MappingProxyType(
    {
        "sekisho.contract/v1": ("sekisho.contract/v1", "sekisho.contract/v1"),
        "this-contract-and-provider": (
            "this contract and one provider",
            "本契約かつ同一提供者の内部",
        ),
        "nothing-else": ("nothing else", "不可"),
        "carried-over": ("carried over", "引き継ぐ"),
        "end-of-term": ("the end of the contract", "契約の終了日"),
        "this-contract": ("this contract", "本契約"),
        "redact": ("withheld (NULL in every row)", "非開示（全ての行でNULL）"),
    }
)
"""Values of fields that have one choice only."""

ABSENT_WORDS: Mapping[str, Both] = MappingProxyType(
    {
        "Contract.amends": ("none, a new contract", "なし（新規の契約）"),
        "Contract.other_terms": ("none", "なし"),
        "ColumnGrant.mask": ("as it is", "そのまま"),
        "ColumnGrant.clamp": ("no bounds", "制限なし"),
        "ColumnGrant.source": ("the column itself", "当該項目そのもの"),
        "Grant.where": ("every row", "全ての行"),
        "Grant.privacy_units": ("none named", "指定なし"),
        "Grant.lookups": ("none", "なし"),
        "Grant.disclosure": ("none", "なし"),
        "LimitTerms.queries": ("no limit in this contract", "本契約では制限しない"),
        "LimitTerms.rows": ("no limit in this contract", "本契約では制限しない"),
        "LimitTerms.bytes": ("no limit in this contract", "本契約では制限しない"),
        "LimitTerms.cells": ("no limit in this contract", "本契約では制限しない"),
        "LimitTerms.concurrent": ("no limit in this contract", "本契約では制限しない"),
        "Obligations.region": ("no restriction", "制限なし"),
        "OnwardTransfer.affiliates": ("none", "なし"),
        "OnwardTransfer.processors": ("none", "なし"),
        "Termination.survives": ("none", "なし"),
        "Commercial.liability_cap": ("no cap in this contract", "本契約では定めない"),
    }
)
"""What it means that nothing is written, where `not stated` would say too little."""

NOT_STATED: Both = ("not stated", "定めなし")


def choices_with_words() -> tuple[type[StrEnum], ...]:
    """List the kinds of choice that have words."""
    return tuple(_ENUM_WORDS)


def words_for(value: StrEnum) -> Both:
    """Say a choice in both languages."""
    return _ENUM_WORDS[type(value)][value.value]
