"""What does not fit a model is told in our words, at its place."""

import pytest

from sekisho.documents.fields import fields_at
from sekisho.documents.models import child, parse_model, parse_value
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError
from sekisho.model.contract import Contract, LimitTerms
from sekisho.model.terms import DocumentModel, path_text


def _findings(text, model=LimitTerms):
    with pytest.raises(DocumentError) as raised:
        parse_model(parse_yaml(text.encode()), model)
    return [(item.line, item.column, item.message) for item in raised.value.findings]


def test_fitting_document_becomes_the_model():
    limits = parse_model(parse_yaml(b"rows: {max: 5, per: day}"), LimitTerms)
    assert limits.rows.max == 5
    assert limits.queries is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: 5", "expected a mapping, found a whole number"),
        ("rows: {max: true, per: day}", "expected a whole number, found true or false"),
        ("rows: {max: [1], per: day}", "expected a whole number, found a list"),
        ("rows: {max: 9, per: 1}", "expected day, month, year or term, found a whole number"),
        ("bytes: {max: {a: 1}, per: day}", "expected a size, found a mapping"),
        ("bytes: {max: true, per: day}", "expected a size, found true or false"),
        ("concurrent: 10001", "`10001` is more than 10000"),
    ],
)
def test_wrong_kind_is_told_in_words_of_the_format(text, message):
    assert [found[2] for found in _findings(text)] == [message]


def test_findings_come_in_the_order_of_the_file():
    found = _findings("rows: {max: 0, per: dya}\nquerries: {}\nconcurrent: 0\n")
    assert [item[:2] for item in found] == [(1, 13), (1, 21), (2, 1), (3, 13)]


def test_no_word_of_the_library_reaches_the_author():
    told = " ".join(
        message
        for _, _, message in _findings("format: 1\ntitle: {}\nparties: x\nterm: 1\n", Contract)
    )
    assert "Input" not in told
    assert "valid" not in told


def test_value_without_lines_names_its_path():
    with pytest.raises(DocumentError) as raised:
        parse_value({"rows": {"max": 0, "per": "day"}}, LimitTerms, name="payload")
    (finding,) = raised.value.findings
    assert (finding.path, finding.line) == ("rows.max", 0)


def test_paths_quote_what_is_no_plain_name():
    assert path_text("grants", 0, "columns", 'Tail "No"') == 'grants[0].columns["Tail \\"No\\""]'


def test_error_that_nobody_foresaw_is_still_told():
    class Ratio(DocumentModel):
        ratio: float

    with pytest.raises(DocumentError, match="input should be a valid number"):
        parse_value({"ratio": "x"}, Ratio, name="payload")


def test_step_to_nowhere_is_a_mistake_of_our_own():
    with pytest.raises(KeyError):
        child({"a": [1]}, 0)


def test_field_of_no_model_has_no_neighbours():
    assert fields_at(Contract, ("title", "deeper")) == ()
    assert fields_at(Contract, ("grants", 0, "columns", "x", "mask", "#none")) == ()
    assert "within_days" in fields_at(Contract, ("obligations", "delete"))
