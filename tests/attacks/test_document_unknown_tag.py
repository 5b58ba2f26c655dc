"""A tag that makes a careless loader build an object or call a function.

expect: the reader refuses every tag, known or not, and calls nothing
effect: code of the document's author runs in the node
source: PyYAML's unsafe loaders; docs/spec/documents.md section 1
"""

import pytest

from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError


@pytest.mark.parametrize(
    "tagged",
    [
        '!!python/object/apply:os.system ["touch OWNED"]',
        "!!python/name:os.system ''",
        "!!binary aGk=",
        "!!float 1",
        "!!set {a: b}",
        "!own {a: b}",
        "!<tag:example.com,2026:x> y",
    ],
)
def test_every_tag_is_refused(tagged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DocumentError) as caught:
        parse_yaml(f"a: {tagged}\n".encode())

    assert "is a tag" in caught.value.findings[0].message
    assert list(tmp_path.iterdir()) == []
