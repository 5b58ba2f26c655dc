"""One key written twice, so that the reviewer reads one value and the node the other.

expect: the reader refuses the second key, naming the first one's line
effect: the contract that people reviewed is not the one that is signed
source: docs/spec/documents.md sections 1 and 3
"""

import pytest

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError

LIMITS = b"""
limits:
  rows: {max: 100, per: day}
  queries: {max: 5, per: day}
  "rows": {max: 100000000, per: day}
"""


def test_a_key_written_twice_is_refused_in_yaml():
    with pytest.raises(DocumentError, match="`rows` stands here a second time") as caught:
        parse_yaml(LIMITS)

    assert (caught.value.findings[0].line, caught.value.findings[0].path) == (5, "limits.rows")
    assert "line 3" in caught.value.findings[0].hint


def test_a_key_written_twice_is_refused_in_json():
    with pytest.raises(DocumentError, match="twice"):
        parse_canonical(b'{"max":100,"max":100000000}')
