"""One value, one spelling."""

import pytest

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.errors import DocumentError
from sekisho.model.limits import Limits
from support.vectors import load_vectors


@pytest.mark.parametrize("case", load_vectors("documents/canonical"))
def test_a_value_is_written_in_its_one_form_and_read_back(case):
    assert canonical_json(case["value"]) == case["text"].encode()
    assert parse_canonical(case["text"].encode()) == case["value"]


@pytest.mark.parametrize("case", load_vectors("documents/canonical_refused"))
def test_every_other_spelling_is_refused(case):
    with pytest.raises(DocumentError, match="payload: ") as caught:
        parse_canonical(case["text"].encode("utf-8", "surrogatepass"))

    assert case["message"] in caught.value.message


@pytest.mark.parametrize("depth", [40, 100_000])
def test_depth_is_bounded_whatever_the_parser_bears(depth):
    with pytest.raises(DocumentError, match="nested"):
        parse_canonical(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


@pytest.mark.parametrize(
    ("limits", "message"),
    [(Limits(max_document_bytes=5), "13 bytes"), (Limits(max_document_nodes=3), "3 values")],
)
def test_size_and_count_are_bounded(limits, message):
    with pytest.raises(DocumentError, match=message):
        parse_canonical(b'{"a":[1,2,3]}', limits=limits)


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(DocumentError, match="not JSON in UTF-8"):
        parse_canonical(b'{"a":"\xff"}')


@pytest.mark.parametrize(
    "value",
    [{"a": 1.5}, {"a": None}, {1: "a"}, {"a": b"b"}, {"a": 2**53}, {"a": "\ud800"}, {"a": {1, 2}}],
)
def test_what_no_document_holds_is_never_written(value):
    with pytest.raises(ValueError, match=r"document|safe integer|codepoints"):
        canonical_json(value)


def test_tuples_are_written_as_lists():
    assert canonical_json({"a": (1, ("b",))}) == b'{"a":[1,["b"]]}'
