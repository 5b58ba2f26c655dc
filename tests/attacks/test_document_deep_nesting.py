"""Brackets within brackets, until a recursive reader runs out of stack.

expect: both readers stop at their depth bound
effect: a crash, or a thread stuck in a parser
source: docs/spec/documents.md sections 1 and 3
"""

import pytest

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_yaml_is_refused(opening):
    with pytest.raises(DocumentError, match="nested deeper than 32 levels"):
        parse_yaml(b"a:\n  " + opening.encode() * 20_000)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_json_is_refused(opening):
    with pytest.raises(DocumentError, match=r"nested|not JSON"):
        parse_canonical(b'{"a":' + opening * 100_000)
