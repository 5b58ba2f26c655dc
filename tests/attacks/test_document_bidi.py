"""Characters that reorder what people see, or that they do not see at all.

expect: the reader refuses the character, in texts, keys, comments and escapes
effect: the reviewer reads another sentence than the node
source: CVE-2021-42574 ("Trojan Source"); docs/spec/documents.md section 2
"""

import pytest

from sekisho.documents.canonical import canonical_json
from sekisho.documents.models import check_texts
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError

HIDDEN = [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A)]
HIDDEN += [0x00AD, 0xFEFF, 0xE0041]


@pytest.mark.parametrize("point", HIDDEN, ids=hex)
@pytest.mark.parametrize(
    "text", ["a: b{}c\n", 'a: "b{}c"\n', "a{}: b\n", "# {}\na: b\n", "a: |\n  b{}\n"]
)
def test_a_hidden_character_is_refused_wherever_it_stands(point, text):
    with pytest.raises(DocumentError) as caught:
        parse_yaml(text.format(chr(point)).encode())

    assert f"U+{point:04X}" in caught.value.findings[0].message


@pytest.mark.parametrize("point", HIDDEN, ids=hex)
def test_an_escape_hides_it_no_better(point):
    with pytest.raises(DocumentError, match=f"U\\+{point:04X}"):
        parse_yaml(f'a: "b\\U{point:08X}"\n'.encode())


@pytest.mark.parametrize("point", HIDDEN, ids=hex)
def test_a_document_from_another_company_is_held_to_the_same(point):
    value = {"title": f"b{chr(point)}c"}

    assert canonical_json(value)
    assert [item.path for item in check_texts(value)] == ["title"]
