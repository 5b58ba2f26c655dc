"""The first page of a review: who lets whom do what, what leaves, and what to mind."""

from collections.abc import Iterator

from sekisho.documents.review.cautions import cautions_of
from sekisho.documents.review.sentences import NOT_SERVED, consequence, sentence
from sekisho.documents.review.words import Words
from sekisho.model.contract import Contract, Role
from sekisho.model.grants import SERVED_ACCESS, ColumnGrant, Grant


def summary(contract: Contract, words: Words) -> Iterator[str]:
    """Write the first page."""
    yield words.of(("In short", "要旨"))
    yield from (f"  {line}" for line in _in_short(contract, words))
    yield ""
    yield words.of(("What leaves", "開示される内容"))
    for grant in contract.grants:
        yield from _grant(contract, grant, words)
    cautions = cautions_of(contract, words)
    if cautions:
        yield ""
        yield words.of(("Mind", "注意事項"))
    why, instead = words.of(("why: ", "理由：")), words.of(("instead: ", "対応："))
    for item in cautions:
        yield f"  ! {item.text}"
        yield f"    {why}{item.why}"
        yield f"    {instead}{item.instead}"


def _in_short(contract: Contract, words: Words) -> Iterator[str]:
    providers, consumers = (
        words.listed(
            f"{item.party} {words.quoted(item.legal_name)}" if item.legal_name else item.party
            for item in contract.parties
            if item.role is role
        )
        for role in (Role.PROVIDER, Role.CONSUMER)
    )
    starts, ends = words.day(contract.term.starts), words.day(contract.term.ends)
    zone = contract.term.timezone
    purposes = words.listed(item.purpose for item in contract.purposes)
    yield words.of((f"Providers: {providers}", f"提供者：{providers}"))
    yield words.of((f"Consumers: {consumers}", f"利用者：{consumers}"))
    yield words.of(
        (
            f"From {starts} to {ends}, both days included, in the time zone {zone}.",
            f"期間：{starts}から{ends}まで（両日を含む。時間帯 {zone}）",
        )
    )
    yield words.of((f"For: {purposes}", f"利用目的：{purposes}"))


def _grant(contract: Contract, grant: Grant, words: Words) -> Iterator[str]:
    yield words.of((f"  Grant {grant.grant}", f"  許諾「{grant.grant}」"))
    yield f"    {sentence(contract, grant, words)}"
    yield f"    {consequence(grant.access, words)}"
    if grant.access not in SERVED_ACCESS:
        yield f"    ! {words.of(NOT_SERVED).format(access=grant.access)}"
    colon = words.of((": ", "："))
    yield f"    {words.of(('From', '対象'))}{colon}{words.listed(grant.datasets)}"
    rows = words.quoted(grant.where) if grant.where else words.of(("every row", "全ての行"))
    yield f"    {words.of(('Rows', '行'))}{colon}{rows}"
    for name, column in grant.columns.items():
        shown, uses = column_shown(column, words), words.any_use(column, grant.access)
        said = words.of((f": {shown}; may be {uses}", f"：{shown}。用法は{uses}"))
        yield f"    {words.quoted(name)}{said}"


def column_shown(column: ColumnGrant, words: Words) -> str:
    """Say in which form a column's values are seen."""
    if column.source is not None:
        return words.threshold(column.source)
    return words.mask(column.mask) if column.mask else words.of(("as it is", "そのまま"))
