"""A review leaves nothing out, in either language, and no author can forge a line of it."""

import json
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.proposal import build_proposal, parse_proposal
from sekisho.documents.reference import contract_models
from sekisho.documents.review import Language, review, review_facts
from sekisho.documents.review.caution_words import CAUTIONS
from sekisho.documents.review.values import _ENUM_WORDS
from sekisho.documents.review.words import Words
from sekisho.model.contract import Contract
from sekisho.model.terms import Label, fields_of

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "contracts"
TEMPLATES = ROOT / "policies" / "contracts"


def _read(path):
    return parse_contract(path.read_bytes()).contract


@pytest.fixture
def every_field():
    return _read(VECTORS / "valid" / "every-field.yaml")


@pytest.mark.parametrize("lang", list(Language))
def test_every_field_of_the_model_is_in_the_review(every_field, lang):
    page = review(every_field, lang=lang)
    missing = [
        f"{model.__name__}.{field.name}"
        for model in contract_models()
        for field in fields_of(model)
        if (field.clause.en if lang == "en" else field.clause.ja) not in page
    ]
    assert missing == []


@pytest.mark.parametrize("lang", list(Language))
def test_every_default_is_printed_and_marked(lang):
    page = review(_read(VECTORS / "valid" / "smallest.yaml"), lang=lang)
    mark = "(default)" if lang == "en" else "（既定値）"
    for field in fields_of(Contract):
        name = field.clause.en if lang == "en" else field.clause.ja
        line = next(line for line in page.splitlines() if f"] {name}" in line)
        assert (mark in line) is not field.is_required


def test_each_term_stands_beside_its_label(every_field):
    page = review(every_field).splitlines()
    assert "- [declared] Title: “Departure delays by aircraft model”" in page
    assert "  - [evidenced] Deletion" in page
    assert "  - [enforced] Queries at once: 4" in page
    page = review(every_field, lang="ja").splitlines()
    assert "- [宣言] 表題：「Departure delays by aircraft model」" in page
    assert "  - [証拠] データの削除" in page
    assert "  - [強制] 同時実行数：4" in page


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.glob("*.contract.yaml")), ids=lambda path: path.name
)
def test_each_language_speaks_for_itself(path):
    contract = _read(path)
    assert "not stated" not in review(contract, lang="ja")
    assert not any("\u3040" <= character <= "\u30ff" for character in review(contract, lang="en"))


def test_pseudonyms_bring_their_warning():
    contract = _read(TEMPLATES / "pseudonymous-patients.contract.yaml")
    assert "Pseudonymous is not anonymous" in review(contract)
    assert "仮名は匿名ではない" in review(contract, lang="ja")
    other = _read(TEMPLATES / "rows-to-a-partner.contract.yaml")
    assert "Pseudonymous" not in review(other)


def _with(old, new, name="every-field.yaml"):
    text = (VECTORS / "valid" / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return parse_contract(text.replace(old, new).encode()).contract


def _cautions(contract, lang="en"):
    return {item["caution"]: item for item in review_facts(contract, lang=lang)["cautions"]}


SMALLEST = "      part: {}\n      repaired_on: {mask: {truncate: month}}\n"
CALLED_FOR = {
    "pseudonym": (
        "smallest.yaml",
        "part: {}",
        "part: {mask: {pseudonym: this-contract-and-provider}}",
    ),
    "unit-shown": ("smallest.yaml", "access: rows", "access: rows\n    privacy_units: [part]"),
    "quasi-identifiers": (
        "smallest.yaml",
        "access: rows\n    columns:",
        "access: rows\n    privacy_units: [vehicle]\n    columns:",
    ),
    "measured-by-row": ("smallest.yaml", "part: {}", "part: {}\n      cost: {use: [measure]}"),
    "measured-and-filtered": (
        "every-field.yaml",
        "{use: [measure], clamp",
        "{use: [measure, filter], clamp",
    ),
    "fine-filter": (
        "smallest.yaml",
        "access: rows\n",
        "access: rows\n    privacy_units: [part]\n    disclosure: {minimum_units: 10}\n",
    ),
    "aggregate-without-limit": ("every-field.yaml", "cells: {max: 5000, per: day}, ", ""),
    "rows": ("every-field.yaml", "rows: {max: 100000, per: day}, ", ""),
    "personal": ("every-field.yaml", "personal_data: {class: pseudonymized, ", "personal_data: {"),
    "tls": ("every-field.yaml", "requests: signed", "requests: tls"),
    "agreement": (
        "smallest.yaml",
        "access: rows\n    columns:\n" + SMALLEST,
        "access: rows\n    columns:\n"
        + SMALLEST
        + "legal: {prevails: {everything_else: agreement}}\n",
    ),
    "no-way-out": (
        "smallest.yaml",
        "access: rows\n    columns:\n" + SMALLEST,
        "access: rows\n    columns:\n"
        + SMALLEST
        + "termination: {for_convenience: {by: no-one}, for_breach: {by: consumers}}\n",
    ),
}


def test_every_caution_has_a_contract_that_calls_for_it():
    assert set(CALLED_FOR) == set(CAUTIONS)


@pytest.mark.parametrize("caution", sorted(CAUTIONS))
def test_a_caution_says_why_and_what_to_write_instead_in_both_languages(caution):
    name, old, new = CALLED_FOR[caution]
    contract = _with(old, new, name)
    english, japanese = (_cautions(contract, lang)[caution] for lang in Language)
    assert english["path"] == japanese["path"]
    for part in ("text", "why", "instead"):
        assert english[part]
        assert any("\u3040" <= letter <= "\u30ff" for letter in japanese[part])
        assert not any("\u3040" <= letter <= "\u30ff" for letter in english[part])
    page = review(contract)
    assert f"  ! {english['text']}\n    why: {english['why']}\n" in page
    assert f"    instead: {english['instead']}\n" in page


def test_a_careful_contract_calls_for_few_cautions():
    assert list(_cautions(_read(TEMPLATES / "rows-to-a-partner.contract.yaml"))) == []
    assert list(_cautions(_read(TEMPLATES / "statistics-only.contract.yaml"))) == []


@pytest.mark.parametrize(
    ("mode", "english", "japanese"),
    [
        ("private", "Noise hides what any single tail_number adds", "ノイズにより判別できない"),
        ("pooled", "Each figure is one total over 3 providers", "3者の提供者を通算した合計値"),
    ],
)
def test_a_grant_is_said_in_a_sentence_in_each_mode(mode, english, japanese):
    contract = _with("access: aggregate ", f"access: {mode} ")
    assert english in review(contract)
    assert japanese in review(contract, lang="ja")


def test_a_match_is_said_in_a_sentence():
    text = (VECTORS / "valid" / "smallest.yaml").read_text(encoding="utf-8")
    text = text.replace("access: rows", "access: match").replace("part: {}", "part: {use: [join]}")
    text = text.replace("repaired_on: {mask", "repaired_on: {use: [filter], mask")
    contract = parse_contract(text.encode()).contract
    said = "supplier.example learns how many values of part are also among its own, over every row"
    assert said in review(contract)
    assert "自らの保有する値と共通するものの件数のみ" in review(contract, lang="ja")


def test_several_consumers_are_named_each():
    contract = _with(
        "parties:\n", "parties:\n  - {party: engine.example, role: consumer}\n", "smallest.yaml"
    )
    assert "engine.example and supplier.example each receive every row" in review(contract)
    assert "engine.example及びsupplier.exampleは" in review(contract, lang="ja")


def test_who_sees_what_is_said_with_every_form():
    page = review(_with("range_km: {mask: {round_to: 100}}", "range_km: {use: [filter]}"))
    assert (
        "maker.example receives every row of ua.example/planes: tail_number as a pseudonym; "
        "built in the steps 1990, 2000, 2010; seats in steps of 50; "
        "owner withheld (NULL in every row); delivered_on cut to the year. "
        "range_km may be filtered on, and is not shown."
    ) in page


@pytest.mark.parametrize("lang", list(Language))
def test_the_review_as_data_holds_every_term_that_the_page_holds(every_field, lang):
    facts = review_facts(every_field, lang=lang)
    assert json.loads(json.dumps(facts)) == facts
    page = review(every_field, lang=lang)
    for item in facts["terms"]:
        assert item["term"] in page
        assert set(item) == {"path", "label", "term", "text", "value", "is_default"}
    paths = {item["path"]: item["value"] for item in facts["terms"]}
    assert len(paths) == len(facts["terms"])
    assert paths["grants.delays.columns.flight_date.mask"] == {"truncate": "month"}
    assert paths["grants.planes.columns.owner.mask"] == "redact"
    assert paths["grants.planes.functions"] is None
    assert paths['parties["ua.example"].alias'] == "ua"
    assert paths["limits.bytes.max"] == 10**10
    assert [item["grant"] for item in facts["grants"]] == ["delays", "planes"]


def test_mode_that_is_not_served_is_said():
    text = (TEMPLATES / "statistics-only.contract.yaml").read_text(encoding="utf-8")
    assert "MODE_NOT_SERVED" not in review(parse_contract(text.encode()))
    contract = parse_contract(text.replace("access: aggregate", "access: private").encode())
    assert "MODE_NOT_SERVED" in review(contract)
    assert "未対応" in review(contract, lang="ja")
    assert "MODE_NOT_SERVED" not in review(_read(VECTORS / "valid" / "smallest.yaml"))


def test_rows_without_a_limit_bring_their_warning():
    assert "No limit on rows" in review(_read(VECTORS / "valid" / "smallest.yaml"))
    assert "No limit on rows" not in review(_read(TEMPLATES / "rows-to-a-partner.contract.yaml"))


def test_first_page_says_masks_in_words():
    page = review(_read(TEMPLATES / "pseudonymous-patients.contract.yaml"))
    assert "admitted_on: Date or time cut to the month; may be returned" in page
    assert "ward: withheld (NULL in every row); may be returned" in page
    assert "Rows: “consent = 'given' AND age >= 18”" in page


def test_text_of_an_author_cannot_pass_for_a_term():
    text = (VECTORS / "valid" / "smallest.yaml").read_text(encoding="utf-8")
    forged = (
        text
        + "other_terms:\n  - title: Contact\n    text: |\n      me\n      - [enforced] Price: 0\n"
    )
    page = review(parse_contract(forged.encode()))
    assert "      | - [enforced] Price: 0" in page
    assert not any(line.lstrip().startswith("- [enforced] Price") for line in page.splitlines())


def test_name_of_a_column_cannot_pass_for_a_line():
    forged = '"x\\n  ! nothing"'
    contract = _with(
        "access: rows\n    columns:",
        f"access: rows\n    privacy_units: [{forged}]\n    disclosure: {{minimum_units: 2}}\n"
        f"    columns:\n      {forged}: {{}}",
        "smallest.yaml",
    )
    for lang in Language:
        page = review(contract, lang=lang)
        assert "  ! nothing" not in page.splitlines()
        assert "x ! nothing" in page


def test_review_of_a_proposal_shows_its_id_and_instants():
    authored = parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes())
    members = {item.party: "sha256:" + "ab" * 32 for item in authored.contract.parties}
    signed = parse_proposal(build_proposal(authored, nonce_hex="0" * 32, members=members))
    for lang in Language:
        page = review(signed, lang=lang)
        assert signed.id in page
        assert "2026-12-31T15:00:00Z" in page
        assert "sha256:" + "ab" * 32 in page


def test_every_choice_has_words():
    for choices, words in _ENUM_WORDS.items():
        assert set(words) == {item.value for item in choices}
    assert Label in _ENUM_WORDS


def test_another_language_is_refused(every_field):
    with pytest.raises(ValueError, match="fr"):
        review(every_field, lang="fr")


def test_sizes_are_said_in_the_largest_unit_that_fits():
    text = (VECTORS / "valid" / "smallest.yaml").read_text(encoding="utf-8")

    def page(size, lang):
        limited = f"{text}limits: {{bytes: {{max: {size}, per: day}}}}\n"
        return review(parse_contract(limited.encode()).contract, lang=lang)

    assert "At most, in bytes: 10 GB (10,000,000,000 bytes)" in page("10000MB", "en")
    assert "上限（バイト）：1,500 kB (1,500,000 バイト)" in page("1500kB", "ja")
    assert "At most, in bytes: 999 B\n" in page("999", "en")


def test_requests_without_signature_and_unnamed_agreements_bring_their_warnings():
    text = (VECTORS / "valid" / "smallest.yaml").read_text(encoding="utf-8")
    text += "evidence: {requests: tls}\nlegal: {prevails: {everything_else: agreement}}\n"
    page = review(parse_contract(text.encode()))
    assert "Requests are not signed" in page
    assert "this contract does not name it" in page


def test_value_without_words_is_a_mistake_of_our_own():
    with pytest.raises(TypeError, match="no words"):
        Words(0).value(object())
