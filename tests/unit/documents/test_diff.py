"""What a contract widens, narrows and changes in another, term by term, in both languages.

After a change of the words: SEKISHO_REWRITE=1 python -m pytest with this module's path.
"""

import json
import os
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.diff import diff, diff_facts, diff_page, verdict
from sekisho.documents.diff.compare import _model, _Pair
from sekisho.documents.proposal import TermInstants
from sekisho.documents.reference import contract_models
from sekisho.documents.review import Language
from sekisho.model.directions import Compared, Named, Parts
from sekisho.model.terms import fields_of

FOLDER = Path(__file__).parents[2] / "vectors" / "contracts"
VECTORS = FOLDER / "differences.json"
NAMES = ("a.yaml", "b.yaml")


def _pair(case):
    before = (FOLDER / "valid" / case["base"]).read_text("utf-8")
    after = before
    for old, new in case["replace"]:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    return tuple(parse_contract(text.encode()).contract for text in (before, after))


def _told(both, lang):
    facts = diff_facts(*both, names=NAMES, lang=lang)
    return [
        f"{item['direction']} [{item['label']}] {item['path']} | {item['text']}"
        for item in facts["differences"]
    ]


def _cases():
    cases = json.loads(VECTORS.read_text("utf-8"))
    if os.environ.get("SEKISHO_REWRITE"):
        for case in cases:
            both = _pair(case)
            case |= {lang.value: _told(both, lang) for lang in Language}
            case["verdict"] = verdict(diff(*both))
        VECTORS.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", _cases())
@pytest.mark.parametrize("lang", list(Language))
def test_each_difference_is_told_as_in_its_vector(case, lang):
    both = _pair(case)
    assert _told(both, lang) == case[lang]
    assert verdict(diff(*both)) == case["verdict"]


def test_every_field_of_a_contract_says_how_its_values_compare():
    silent = [
        f"{model.__name__}.{field.name}"
        for model in contract_models()
        for field in fields_of(model)
        if not isinstance(field.clause.compared, Compared | Parts | Named)
    ]
    assert silent == []


def _changed(*replace, base="smallest.yaml"):
    return _pair({"base": base, "replace": replace})


@pytest.mark.parametrize(
    ("replace", "english", "japanese"),
    [
        ((), "B says the same as A in every term.", "Bは、全ての条項においてAと同一である。"),
        (
            (("part: {}", "part: {use: [return]}"), ("2027-12-31", "2027-11-30")),
            "B only narrows: nothing may be seen, done or kept under it that A does not allow.",
            "BはAを縮小するのみである：Aが許諾しない閲覧、利用又は保持は、Bにおいても許諾されない。",
        ),
        (
            (("part: {}", "part: {use: [return, join]}"),),
            "B allows what A allows: it differs in writing alone.",
            "Bの許諾の範囲はAと同一であり、記載のみが異なる。",
        ),
        (
            (("{truncate: month}", "{truncate: day}"),),
            "B only widens: all that A allows stays allowed.",
            "BはAを拡大するのみである：Aが許諾するものは、Bにおいても全て許諾される。",
        ),
        (
            (("{truncate: month}", "{truncate: day}"), ("title: Repairs", "title: Mending")),
            "B widens 1, narrows 0 and changes 1 of A's terms.",
            "Bは、Aの条項のうち1件を拡大し、0件を縮小し、1件を変更する。",
        ),
    ],
)
def test_the_page_begins_with_what_it_comes_to(replace, english, japanese):
    both = _changed(*replace)
    page = diff_page(*both, names=NAMES).splitlines()
    assert page[:4] == [
        f"A: a.yaml {both[0].title}",
        f"B: b.yaml {both[1].title}",
        "",
        english,
    ]
    assert diff_page(*both, names=NAMES, lang="ja").splitlines()[3] == japanese


def test_text_of_an_author_cannot_pass_for_a_difference():
    forged = 'other_terms: [{title: x, text: "y\\n  - [enforced] Price: 0 → 1"}]\ngrants:'
    page = diff_page(*_changed(("grants:", forged)), names=NAMES)
    assert "added: Title x; Text “y - [enforced] Price: 0 → 1”" in page
    assert not any(line.startswith("  - [enforced]") for line in page.splitlines())


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="fr"):
        diff_page(*_changed(), names=NAMES, lang="fr")


def test_a_grant_is_found_again_under_another_name_the_equal_one_first():
    second = (
        "  - {grant: other, datasets: [maker.example/repairs], access: rows, columns: {x: {}}}\n"
    )
    base = (FOLDER / "valid" / "smallest.yaml").read_text("utf-8") + second
    renamed = base.replace("grant: repairs", "grant: b").replace("grant: other", "grant: a")
    both = tuple(parse_contract(text.encode()).contract for text in (base, renamed))
    told = {(item.path, item.direction) for item in diff(*both)}
    assert told == {("grants.a.grant", "keeps"), ("grants.b.grant", "keeps")}


def test_grants_over_one_dataset_in_another_order_are_told():
    terms = "datasets: [maker.example/repairs], access: rows, columns: {x: {}}"
    grants = [f"  - {{grant: {name}, {terms}}}\n" for name in ("one", "two")]
    base = (FOLDER / "valid" / "smallest.yaml").read_text("utf-8")
    head = base[: base.index("  - grant: repairs")]
    both = tuple(
        parse_contract((head + "".join(some)).encode()).contract
        for some in (grants, reversed(grants))
    )
    assert [(item.change, item.direction) for item in diff(*both)] == [
        ("order", "keeps"),
        ("overlap", "changes"),
    ]


def test_a_field_without_a_direction_is_a_mistake_of_our_own():
    bare = TermInstants(starts_at="2027-01-01T00:00:00Z", ends_at="2028-01-01T00:00:00Z")
    with pytest.raises(ValueError, match=r"`TermInstants.starts_at` has no direction"):
        list(_model(_Pair(before=bare, after=bare)))
