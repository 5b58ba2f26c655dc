"""Digits that one YAML reader takes for another number than people read.

expect: the reader refuses every number that is not a plain decimal integer
effect: `12:30` becomes 750 and `0100` becomes 64 in a limit
source: YAML 1.1 integers; docs/spec/documents.md section 2
"""

import pytest

from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError


@pytest.mark.parametrize(
    "number", ["12:30", "1:00:00", "12:30.5", "0100", "0o100", "0x40", "0b1", "1_000", "+5", "-012"]
)
def test_a_number_with_two_readings_is_refused_with_its_mend(number):
    with pytest.raises(DocumentError, match="which documents do not have") as caught:
        parse_yaml(f"limits: {{queries: {{max: {number}}}}}\n".encode())

    assert caught.value.findings[0].path == "limits.queries.max"
    assert "in quotes" in caught.value.findings[0].hint


@pytest.mark.parametrize("text", ["'12:30'", '"0100"'])
def test_in_quotes_it_is_a_text(text):
    assert parse_yaml(f"a: {text}\n".encode()).value == {"a": text[1:-1]}
