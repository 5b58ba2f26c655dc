"""The report on evidence for people: one page of HTML that prints well, in English or Japanese."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape

from sekisho.ledger.answered import Answer
from sekisho.ledger.differences import Difference
from sekisho.ledger.evidence import Evidence
from sekisho.ledger.revocations import RevokedKey
from sekisho.model.instants import instant_text

Words = Mapping[str, str]

_EN: Words = {
    "title": "Evidence of answers under a contract",
    "contract": "Contract",
    "keeper": "Ledger of",
    "period": "Period",
    "made": "Made at",
    "ledger": "Ledger",
    "ledger_is": "{entries} entries, of which {shown} are shown; root {root}",
    "seen": "Seen by",
    "recovered": "Recovered at entry",
    "seen_revoked": "by a key revoked later",
    "revoked": "Revoked key",
    "revoked_is": "{public} of {party}, revoked in version {version} of its member document, from"
    " {since}; {where}",
    "revoked_known": "known in this ledger from entry {index}, {at}; {held} signatures by it stand"
    " before that and hold, {unseen} of which are older by the keeper's word alone",
    "revoked_unknown": "no entry records that; {held} signatures by it stand in entries that other"
    " companies had seen before, and hold",
    "acknowledged": "Acknowledged",
    "acknowledged_is": "how {count} of {answers} answers ended is signed by their consumers",
    "recorded": "Differences recorded by comparing acknowledgements",
    "nobody": "no other company has cosigned this head",
    "holds": "Every signature, hash and sequence number in the file holds.",
    "recipients": "Named recipients",
    "recipients_say": "Data was given to these companies and to nobody else under this contract:",
    "control": "Electronic control",
    "control_say": "Each question was authenticated by a company's own certificate and, where the"
    " contract says so, by its signature; what the contract does not grant was refused; each"
    " answer was recorded before it left.",
    "accumulation": "Accumulation",
    "accumulation_say": "What was given in the period, by company and purpose:",
    "notices": "Notices and certificates",
    "notice": "notice",
    "party": "company",
    "reason": "in its words",
    "rejection": "rejection",
    "suspension": "suspension",
    "resumption": "resumption",
    "termination": "termination",
    "deletion": "certificate of deletion",
    "answers": "Answers",
    "differences": "Differences between the two sides",
    "none": "none",
    "nothing": "nothing",
    "at": "at",
    "provider": "provider",
    "consumer": "consumer",
    "purpose": "purpose",
    "state": "outcome",
    "clauses": "clauses",
    "rows": "rows",
    "bytes": "bytes",
    "count": "answers",
    "refused": "refused",
    "request": "request",
}
_JA: Words = {
    "title": "契約に基づく回答の証跡",
    "contract": "契約",
    "keeper": "台帳の保持者",
    "period": "対象期間",
    "made": "作成日時",
    "ledger": "台帳",
    "ledger_is": "全{entries}件のうち{shown}件を開示、ルート {root}",
    "seen": "連署した者",
    "recovered": "台帳を復旧した記録",
    "seen_revoked": "後に失効した鍵による",
    "revoked": "失効した鍵",
    "revoked_is": "{party}の鍵 {public}、構成員文書第{version}版により{since}から失効。{where}",
    "revoked_known": "本台帳では記録{index}（{at}）以降に失効を認識。それより前にあるこの鍵の署名"
    "{held}件は有効であり、うち{unseen}件はその古さを台帳の保持者のみが述べている",
    "revoked_unknown": "失効を示す記録はない。この鍵の署名{held}件は、失効前に他社が確認した記録に"
    "あるため有効である",
    "acknowledged": "受領確認",
    "acknowledged_is": "{answers}件の回答のうち{count}件の結果に提供先の署名がある",
    "recorded": "受領確認との照合で記録された相違",
    "nobody": "この時点の台帳に連署した他社はない",
    "holds": "本ファイル内のすべての署名、要約値及び通し番号の検証に成功した。",
    "recipients": "提供先（限定提供性）",
    "recipients_say": "本契約に基づきデータの提供を受けた者は次のとおりであり、他にない。",
    "control": "電磁的管理性",
    "control_say": "各問合せは提供先自身の証明書により、また契約に定めがある場合は署名により"
    "認証され、契約が許諾しない内容は拒否され、各回答は送出前に記録された。",
    "accumulation": "相当蓄積性",
    "accumulation_say": "対象期間に提供した量（提供先及び目的ごと）は次のとおりである。",
    "notices": "通知及び証明",
    "notice": "種類",
    "party": "会社",
    "reason": "本文",
    "rejection": "拒否",
    "suspension": "停止",
    "resumption": "再開",
    "termination": "解約",
    "deletion": "削除証明",
    "answers": "回答の一覧",
    "differences": "双方の記録の相違",
    "none": "なし",
    "nothing": "記録なし",
    "at": "日時",
    "provider": "提供者",
    "consumer": "提供先",
    "purpose": "目的",
    "state": "結果",
    "clauses": "根拠条項",
    "rows": "行数",
    "bytes": "バイト数",
    "count": "回答数",
    "refused": "拒否数",
    "request": "要求",
}
_WORDS = {"en": _EN, "ja": _JA}
_STYLE = """
body { font: 11pt/1.5 serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; font-size: 9pt; }
th, td { border-bottom: 1px solid #999; padding: .2em .5em; text-align: left; vertical-align: top; }
td.n { text-align: right; } code { font-size: 8pt; overflow-wrap: anywhere; }
tr { break-inside: avoid; } thead { display: table-header-group; }
@media print { body { margin: 0; max-width: none; } }
"""


def page(found: Sequence[Evidence], compared: Sequence[Difference], *, lang: str) -> str:
    """Write the report.

    Args:
        found: Evidence that holds, one or both sides'.
        compared: How the sides differ.
        lang: `en` or `ja`.
    """
    words = _WORDS[lang]
    body = "".join(_sections(found, compared, words))
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{words['title']}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{words['title']}</h1>{body}</body></html>"
    )


def _sections(
    found: Sequence[Evidence], compared: Sequence[Difference], words: Words
) -> Iterator[str]:
    for evidence in found:
        yield f"<h2>{escape(evidence.contract.contract.title)}</h2>"
        yield _facts(evidence, words)
        yield f"<p>{words['holds']}</p>"
        yield from _given(evidence, words)
        if evidence.notices:
            yield f"<h3>{words['notices']}</h3>"
            yield _table(("at", "notice", "party", "reason"), _notices(evidence, words), words)
        yield f"<h3>{words['answers']}</h3>"
        yield _table(_COLUMNS, (_answer(item) for item in evidence.answers), words)
        if evidence.differences:
            yield f"<h3>{words['recorded']}</h3>{_differences(evidence.differences, words)}"
    if len(found) > 1:
        yield f"<h2>{words['differences']}</h2>"
        yield _differences(compared, words) if compared else f"<p>{words['none']}</p>"


def _differences(found: Sequence[Difference], words: Words) -> str:
    columns = ("at", "state", "request", "provider", "consumer")
    rows = [(item.at, str(item.kind), item.request, item.provider, item.consumer) for item in found]
    return _table(columns, rows, words)


def _notices(evidence: Evidence, words: Words) -> Iterator[tuple[str, ...]]:
    for item in evidence.notices:
        yield (instant_text(item.effective_at), words[item.kind], item.party, item.reason)


def _facts(evidence: Evidence, words: Words) -> str:
    header = evidence.header
    seen = ", ".join(
        f"{party} ({datetime.fromtimestamp(item.seconds, UTC).isoformat()}, {item.size}"
        + (f", {words['seen_revoked']})" if item.is_revoked else ")")
        for party, item in evidence.witnesses.items()
    )
    ledger = words["ledger_is"].format(
        entries=evidence.entries, shown=evidence.shown, root=evidence.root
    )
    acknowledged = words["acknowledged_is"].format(
        count=sum(item.request in evidence.acknowledged for item in evidence.answers),
        answers=len(evidence.answers),
    )
    facts = (
        ("contract", header.contract),
        ("keeper", header.party),
        ("period", f"{header.since} – {header.until}"),
        ("made", header.made_at),
        ("ledger", ledger),
        ("seen", seen or words["nobody"]),
        *(
            ("recovered", f"{item.index}, {item.at}: {item.size} < {item.held_size}")
            for item in evidence.recoveries
        ),
        *(("revoked", _revoked(item, words)) for item in evidence.revoked),
        ("acknowledged", acknowledged),
    )
    rows = "".join(
        f"<tr><th>{words[name]}</th><td>{escape(text)}</td></tr>" for name, text in facts
    )
    return f"<table>{rows}</table>"


def _revoked(key: RevokedKey, words: Words) -> str:
    facts = asdict(key)
    where = words["revoked_unknown" if key.index is None else "revoked_known"].format(**facts)
    return words["revoked_is"].format(**facts, where=where)


def _given(evidence: Evidence, words: Words) -> Iterator[str]:
    """Show what limited provision data has to show: to whom, under which control, how much."""
    consumers = ", ".join(escape(item) for item in evidence.contract.consumers)
    for name, said in (("recipients", f"<p>{consumers}</p>"), ("control", "")):
        yield f"<h3>{words[name]}</h3><p>{words[f'{name}_say']}</p>{said}"
    yield f"<h3>{words['accumulation']}</h3><p>{words['accumulation_say']}</p>"
    yield _table(
        ("consumer", "purpose", "count", "refused", "rows", "bytes"), _totals(evidence), words
    )


def _totals(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    sums: dict[tuple[str, str], Counter[str]] = {}
    for item in evidence.answers:
        found = sums.setdefault((item.consumer, item.purpose), Counter())
        found["refused" if item.state == "refused" else "answers"] += 1
        found["rows"] += item.rows
        found["bytes"] += item.bytes
    for (consumer, purpose), found in sums.items():
        numbers = (found[name] for name in ("answers", "refused", "rows", "bytes"))
        yield (consumer, purpose, *(f"{number:,}" for number in numbers))


_COLUMNS = ("at", "provider", "consumer", "purpose", "state", "clauses", "rows", "bytes")


def _answer(item: Answer) -> tuple[str, ...]:
    state = f"{item.state}: {item.reason}" if item.reason else item.state
    clauses = ", ".join(item.clauses)
    numbers = (f"{item.rows:,}", f"{item.bytes:,}")
    return (item.at, item.provider, item.consumer, item.purpose, state, clauses, *numbers)


def _table(columns: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]],
           words: Words) -> str:  # fmt: skip
    head = "".join(f"<th>{words[name]}</th>" for name in columns)
    lines = "".join(
        f"<tr>{''.join(_cell(name, text) for name, text in zip(columns, row, strict=True))}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(name: str, text: str) -> str:
    kind = ' class="n"' if name in {"rows", "bytes", "count", "refused"} else ""
    shown = f"<code>{escape(text)}</code>" if name == "request" else escape(text)
    return f"<td{kind}>{shown}</td>"
