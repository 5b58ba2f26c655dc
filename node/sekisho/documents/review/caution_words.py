"""The words of each caution in both languages: what it is, why, and what to write instead."""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.documents.review.values import Both


@dataclass(frozen=True, slots=True, kw_only=True)
class CautionWords:
    """A caution in both languages; `{names}` and `{units}` stand for what it is about."""

    text: Both
    why: Both
    instead: Both


CAUTIONS: Mapping[str, CautionWords] = {
    "pseudonym": CautionWords(
        text=("Pseudonymous is not anonymous: {names}.", "仮名は匿名ではない：{names}。"),
        why=(
            "whoever knows enough about a person or a thing may find it again behind its pseudonym",
            "人や物について十分な知識を持つ者は、仮名からその対象を特定できる場合がある。",
        ),
        instead=(
            "leave it out where nothing is joined on it, or choose `access: aggregate`",
            "結合に用いないのであれば項目から除く。又は `access: aggregate` とする。",
        ),
    ),
    "unit-shown": CautionWords(
        text=("{names} leaves as it is.", "{names}がそのままの値で開示される。"),
        why=(
            "the grant names it as what is to be protected, and every row then tells whose it is",
            "保護単位として指定された項目であり、各行が誰のものであるかが明らかになる。",
        ),
        instead=(
            "write `mask: {pseudonym: this-contract-and-provider}`, or leave the column out",
            "`mask: {pseudonym: this-contract-and-provider}` とする。又は項目から除く。",
        ),
    ),
    "quasi-identifiers": CautionWords(
        text=(
            "Together, {names} may point at a single person or thing.",
            "{names}の組合せから、単一の対象が特定されるおそれがある。",
        ),
        why=(
            "each is common, but few share all of them, so that a row finds its person or thing",
            "個々の値は珍しくなくとも、全てが一致する対象は少なく、行と対象が結び付き得る。",
        ),
        instead=(
            "return fewer of them, or coarser: `truncate: year`, a larger `bucket_width`",
            "開示する項目を減らす。又は `truncate: year`、より大きい `bucket_width` で粗くする。",
        ),
    ),
    "measured-by-row": CautionWords(
        text=(
            "{names} may be measured, and is not protected by that.",
            "{names}は計測のみ許諾されているが、それだけでは保護されない。",
        ),
        why=(
            "under `rows` a group may be a single row, and the sum over one row is its value",
            "`rows` では1行だけの集計もでき、1行の合計はその行の値にほかならない。",
        ),
        instead=(
            "choose `access: aggregate`, or grant the column as what it is: `{}`, or not at all",
            "`access: aggregate` とする。又は、開示を前提に `{}` とするか、項目から除く。",
        ),
    ),
    "measured-and-filtered": CautionWords(
        text=(
            "{names} may be measured and also be filtered on or grouped by.",
            "{names}は、計測と、絞り込み又はグループ化との双方に使える。",
        ),
        why=(
            "moving the filter's bound a little and comparing the figures tells single values",
            "絞り込みの境界をわずかに動かして値を比べると、個々の値が判明し得る。",
        ),
        instead=(
            "write `use: [measure]`, or mask it with a coarse `bucket_width`",
            "`use: [measure]` とする。又は粗い `bucket_width` を付す。",
        ),
    ),
    "fine-filter": CautionWords(
        text=(
            "{names} may be filtered on as it is, while answers over few {units} are held back.",
            "{units}の少ない回答は保留されるが、{names}ではそのままの値で絞り込みができる。",
        ),
        why=(
            (
                "two answers whose filters differ by one value differ by few rows, and their "
                "difference tells what neither tells alone"
            ),
            "条件が1値だけ異なる二つの回答は数行しか違わず、その差から個々の行が判明し得る。",
        ),
        instead=(
            (
                "mask it (`truncate`, `bucket`), or choose `access: aggregate`, where answers that "
                "overlap so are suppressed"
            ),
            (
                "マスク（`truncate`、`bucket`）を付す。又は、重なる回答が抑制される "
                "`access: aggregate` とする。"
            ),
        ),
    ),
    "aggregate-without-limit": CautionWords(
        text=(
            "No limit on queries or cells of statistics: {names}.",
            "統計値のクエリ数にもセル数にも上限がない：{names}。",
        ),
        why=(
            "each figure tells a little; enough of them together tell single values",
            "個々の値から分かることは僅かでも、多数を組み合わせれば個々の値が判明し得る。",
        ),
        instead=(
            "write `limits: {queries: {max: 100, per: day}, cells: {max: 5000, per: day}}`",
            (
                "`limits: {queries: {max: 100, per: day}, cells: {max: 5000, per: day}}` などと"
                "定める。"
            ),
        ),
    ),
    "rows": CautionWords(
        text=(
            "No limit on rows: everything granted for `rows` may be copied in full.",
            "行数の上限がない：`rows` で許諾された内容は、全量が複製され得る。",
        ),
        why=(
            "nothing but the term ends what may be taken",
            "取得できる量を画するものが契約期間のほかにない。",
        ),
        instead=(
            "write `limits: {rows: {max: 100000, per: day}}`",
            "`limits: {rows: {max: 100000, per: day}}` などと定める。",
        ),
    ),
    "personal": CautionWords(
        text=(
            "The contract does not say whether the data is about people.",
            "個人情報を含むか否かについて、本契約に記載がない。",
        ),
        why=(
            "duties of both sides hang on it",
            "双方の法令上の義務が、これにより異なる。",
        ),
        instead=(
            "write `personal_data: {class: none}`, or the class with `basis` and `reference`",
            (
                "`personal_data: {class: none}` とする。又は区分を `basis` 及び `reference` "
                "とともに記載する。"
            ),
        ),
    ),
    "tls": CautionWords(
        text=(
            "Requests are not signed: that a query was asked rests on the provider's record alone.",
            "要求に署名がない：クエリがあったことの証明は、提供者側の記録のみによる。",
        ),
        why=(
            "the consumer can deny a query, and the provider cannot prove it",
            "利用者がクエリの存在を争った場合に、提供者が立証する手段がない。",
        ),
        instead=(
            "write `evidence: {requests: signed}` as soon as the consumer runs a node",
            "利用者がノードを運用する場合は `evidence: {requests: signed}` とする。",
        ),
    ),
    "agreement": CautionWords(
        text=(
            (
                "An agreement on paper prevails for everything but access, and this contract does "
                "not name it."
            ),
            "アクセス以外の事項は書面による契約が優先するが、その文書が本契約に特定されていない。",
        ),
        why=(
            "two sides may mean two texts",
            "双方が異なる文書を念頭に置くおそれがある。",
        ),
        instead=(
            "write `agreement: {title: …, sha256: …}` under `legal`",
            "`legal` に `agreement: {title: …, sha256: …}` を記載する。",
        ),
    ),
    "no-way-out": CautionWords(
        text=(
            "No provider may end the contract, not even for breach.",
            "提供者は、違反があった場合でも本契約を終了させることができない。",
        ),
        why=(
            "a provider can then only suspend its part until the term is over",
            "提供者に残る手段は、期間満了までの自己の許諾の停止のみである。",
        ),
        instead=(
            "write `termination: {for_breach: {by: any-party}}`",
            "`termination: {for_breach: {by: any-party}}` とする。",
        ),
    ),
}
