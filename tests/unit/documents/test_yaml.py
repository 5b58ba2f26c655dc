"""What the strict reader reads, what it refuses, and where it says so."""

import pytest

from sekisho.documents.yaml import Place, parse_yaml
from sekisho.errors import DocumentError
from sekisho.model.limits import Limits
from support.vectors import load_vectors


@pytest.mark.parametrize("case", load_vectors("documents/yaml_read"))
def test_plain_data_is_read(case):
    assert parse_yaml(case["yaml"].encode()).value == case["value"]


@pytest.mark.parametrize("case", load_vectors("documents/yaml_refused"))
def test_what_could_be_misread_is_refused_with_its_place_and_mend(case):
    with pytest.raises(DocumentError) as caught:
        parse_yaml(case["yaml"].encode("utf-8", "surrogatepass"), name="x.yaml")

    found = [
        item
        for item in caught.value.findings
        if case["message"] in item.message
        and (item.line, item.column) == (case["line"], case["column"])
    ]
    assert found, caught.value.findings
    assert case["hint"] in found[0].hint


def test_truth_values_are_not_integers():
    value = parse_yaml(b"a: true\nb: 1\n").value

    assert value["a"] is True
    assert type(value["b"]) is int


def test_every_value_and_key_has_its_place():
    document = parse_yaml(b'a:\n  - b: {c: "d"}\n    e: 1\n', name="x.yaml")

    assert document.place(("a", 0, "b", "c")) == Place(2, 12)
    assert document.key_place(("a", 0, "b", "c")) == Place(2, 9)
    assert document.place(("a", 0)) == Place(2, 5)
    assert document.key_place(("a", 0)) == Place(2, 5)
    assert document.name == "x.yaml"


def test_a_missing_field_is_placed_at_what_stands_around_it():
    document = parse_yaml(b"a:\n  b: 1\n")

    assert document.place(("a", "missing", 3)) == document.place(("a",)) == Place(2, 3)
    assert document.key_place(("missing",)) == Place(1, 1)


def test_all_findings_come_at_once_in_the_order_of_their_places():
    with pytest.raises(DocumentError) as caught:
        parse_yaml(b"c: ~\nb: 012\na: *x\na: 0.5\n", name="x.yaml")

    assert [item.line for item in caught.value.findings] == [1, 2, 3, 4, 4]
    assert caught.value.findings[0].path == "c"
    assert str(caught.value).startswith("x.yaml:1:4: `~` means no value")


def test_what_was_found_before_the_text_stopped_making_sense_is_told_too():
    with pytest.raises(DocumentError) as caught:
        parse_yaml(b"a: 012\nb: [\n")

    assert "leading zero" in caught.value.findings[0].message
    assert "not valid YAML" in caught.value.findings[1].message


def test_findings_end_at_a_hundred():
    with pytest.raises(DocumentError) as caught:
        parse_yaml(b"a: [" + b"~, " * 500 + b"]")

    assert len(caught.value.findings) == 100


def test_bytes_that_are_not_utf8_are_placed():
    with pytest.raises(DocumentError, match=r"x:2:5: the bytes are not UTF-8"):
        parse_yaml("a: é\nb: é".encode() + b"\xff", name="x")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_document_bytes=10), "26 bytes, more than the 10 allowed"),
        (Limits(max_document_depth=2), "nested deeper than 2 levels"),
        (Limits(max_document_nodes=5), "more than 5 values"),
    ],
)
def test_bounds_hold_before_anything_is_built(limits, message):
    with pytest.raises(DocumentError, match=message):
        parse_yaml(b"a: {b: {c: 1}, d: [2, 3]}\n", limits=limits)


def test_any_key_can_be_one_whose_text_no_comment_may_shorten():
    text = b"sql: SELECT 1 # FROM a\nwhere: plain\n"

    with pytest.raises(DocumentError) as caught:
        parse_yaml(text, text_keys={"sql"})

    assert {item.path for item in caught.value.findings} == {"sql"}


def test_hidden_characters_in_quoted_keys_are_refused():
    with pytest.raises(DocumentError, match="a key holds a character that changes the reading"):
        parse_yaml(b'"a\\u202e": 1\n')


def test_a_finding_is_told_once():
    with pytest.raises(DocumentError) as caught:
        parse_yaml(b'g: {a: {where: "x"}, a: {where: "y"}}  # c\n')

    messages = [item.message for item in caught.value.findings]
    assert sorted(messages) == [
        "a comment stands beside the value of `where`",
        "the key `a` stands here a second time",
    ]
