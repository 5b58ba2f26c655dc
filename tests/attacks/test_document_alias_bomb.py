"""A few lines of YAML that stand for billions of values.

expect: the reader refuses the first anchor and alias, before anything is built
effect: a reader that follows aliases fills the node's memory
source: "billion laughs"; DESIGN of documents, docs/spec/documents.md section 1
"""

import tracemalloc

import pytest

from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError

LEVELS = 30
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, LEVELS)
)


def test_a_bomb_of_aliases_is_refused_and_costs_no_memory():
    tracemalloc.start()
    with pytest.raises(DocumentError) as caught:
        parse_yaml(BOMB.encode())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "`&a0` is an anchor" in caught.value.findings[0].message
    assert any("is an alias" in item.message for item in caught.value.findings)
    assert peak_bytes < 5_000_000
