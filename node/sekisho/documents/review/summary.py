"""The first page of a review: who lets whom do what, what leaves, and what to mind."""

from collections.abc import Iterator

from sekisho.documents.review.terms import TermsList
from sekisho.model.conditions import PersonalClass, Prevailing, RequestEvidence
from sekisho.model.contract import Contract, Role
from sekisho.model.grants import SERVED_ACCESS, Access, ColumnGrant, Grant
from sekisho.model.masks import PseudonymMask

_MODES = {
    Access.ROWS: (
        "Rows leave: the consumer receives single rows. What has left cannot be called back.",
        "行単位の開示：利用者は個々の行を受け取る。いったん開示した行を回収することはできない。",
    ),
    Access.AGGREGATE: (
        "Statistics only: rows stay with the provider; figures over enough units are released.",
        (
            "統計値のみの開示：行は提供者の下にとどまり、"
            "十分な数の保護単位を集計した値だけが開示される。"
        ),
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
        "Matching only: the consumer learns how many keys both sides share.",
        "照合のみ：利用者が知るのは、双方に共通するキーの件数である。",
    ),
}
_NOT_SERVED = (
    (
        "Not served yet: this release answers queries under `rows` and `aggregate`. Under "
        "`{access}` every query is refused (MODE_NOT_SERVED)."
    ),
    (
        "未対応：本バージョンが応答するのは `rows` 及び `aggregate` のみである。`{access}` に"
        "基づくクエリは全て拒絶される（MODE_NOT_SERVED）。"
    ),
)
_WARNINGS = {
    "pseudonym": (
        (
            "Pseudonymous is not anonymous: whoever knows enough about a person or a thing may "
            "find it again behind its pseudonym."
        ),
        (
            "仮名は匿名ではない：人や物について十分な知識を持つ者は、"
            "仮名からその対象を特定できる場合がある。"
        ),
    ),
    "rows": (
        "No limit on rows: everything granted for `rows` may be copied in full.",
        "行数の上限がない：`rows` で許諾された内容は、全量が複製され得る。",
    ),
    "personal": (
        "The contract does not say whether the data is about people.",
        "個人情報を含むか否かについて、本契約に記載がない。",
    ),
    "tls": (
        "Requests are not signed: that a query was asked rests on the provider's record alone.",
        "要求に署名がない：クエリがあったことの証明は、提供者側の記録のみによる。",
    ),
    "agreement": (
        (
            "An agreement on paper prevails for everything but access, and this contract does not "
            "name it."
        ),
        "アクセス以外の事項は書面による契約が優先するが、その文書が本契約に特定されていない。",
    ),
}


def summary(contract: Contract, terms: TermsList, *, language: int) -> Iterator[str]:
    """Write the first page."""
    yield ("In short", "要旨")[language]
    yield from (f"  {line}" for line in _in_short(contract, terms, language))
    yield ""
    yield ("What leaves", "開示される内容")[language]
    for grant in contract.grants:
        yield from _grant(grant, terms, language)
    warnings = [_WARNINGS[name][language] for name in _warned(contract)]
    if warnings:
        yield ""
        yield ("Mind", "注意事項")[language]
        yield from (f"  ! {line}" for line in warnings)


def _in_short(contract: Contract, terms: TermsList, language: int) -> Iterator[str]:
    who = {
        role: terms.listed(
            [
                f"{item.party} {terms.quoted(item.legal_name)}" if item.legal_name else item.party
                for item in contract.parties
                if item.role is role
            ]
        )
        for role in Role
    }
    starts, ends = terms.day(contract.term.starts), terms.day(contract.term.ends)
    zone = contract.term.timezone
    purposes = terms.listed([item.purpose for item in contract.purposes])
    if language == 0:
        yield f"Providers: {who[Role.PROVIDER]}"
        yield f"Consumers: {who[Role.CONSUMER]}"
        yield f"From {starts} to {ends}, both days included, in the time zone {zone}."
        yield f"For: {purposes}"
    else:
        yield f"提供者：{who[Role.PROVIDER]}"
        yield f"利用者：{who[Role.CONSUMER]}"
        yield f"期間：{starts}から{ends}まで（両日を含む。時間帯 {zone}）"
        yield f"利用目的：{purposes}"


def _grant(grant: Grant, terms: TermsList, language: int) -> Iterator[str]:
    name = (f"Grant {grant.grant}", f"許諾「{grant.grant}」")[language]
    yield f"  {name}"
    yield f"    {_MODES[grant.access][language]}"
    if grant.access not in SERVED_ACCESS:
        yield f"    ! {_NOT_SERVED[language].format(access=grant.access)}"
    colon = (": ", "：")[language]
    yield f"    {('From', '対象')[language]}{colon}{terms.listed(list(grant.datasets))}"
    rows = terms.quoted(grant.where) if grant.where else ("every row", "全ての行")[language]
    yield f"    {('Rows', '行')[language]}{colon}{rows}"
    for name, column in grant.columns.items():
        shown, uses = _shown(column, terms, language), terms.uses(column, grant.access)
        if language == 0:
            yield f"    {terms.quoted(name)}: {shown}; may be {uses}"
        else:
            yield f"    {terms.quoted(name)}：{shown}。用法は{uses}"


def _shown(column: ColumnGrant, terms: TermsList, language: int) -> str:
    """Say in which form a column's values are seen."""
    if column.source is not None:
        name = terms.quoted(column.source.column)
        if column.source.equals is not None:
            text = terms.quoted(column.source.equals)
            return (f"1 where {name} is {text}, else 0", f"{name}が{text}なら1、それ以外は0")[
                language
            ]
        bound = terms.value(column.source.at_least)
        return (
            f"1 where {name} is at least {bound}, else 0",
            f"{name}が{bound}以上なら1、それ以外は0",
        )[language]
    return terms.mask(column.mask) if column.mask else ("as it is", "そのまま")[language]


def _warned(contract: Contract) -> Iterator[str]:
    """Name the warnings that a contract calls for."""
    columns = [column for grant in contract.grants for column in grant.columns.values()]
    if any(isinstance(column.mask, PseudonymMask) for column in columns):
        yield "pseudonym"
    if contract.limits.rows is None and any(
        grant.access is Access.ROWS for grant in contract.grants
    ):
        yield "rows"
    if contract.personal_data.data_class is PersonalClass.NOT_STATED:
        yield "personal"
    if contract.evidence.requests is RequestEvidence.TLS:
        yield "tls"
    law = contract.legal
    if law.prevails.everything_else is Prevailing.AGREEMENT and law.agreement is None:
        yield "agreement"
