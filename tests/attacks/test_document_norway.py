"""Words that one YAML reader takes for a truth value and another for a text.

expect: `NO`, `yes`, `on` are texts; `True` and its like are refused
effect: the region list `[NO]` becomes `[false]`, and data goes where it may not
source: the "Norway problem" of YAML 1.1; docs/spec/documents.md section 2
"""

import pytest

from sekisho.documents.canonical import canonical_json
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError


@pytest.mark.parametrize("word", ["NO", "no", "No", "yes", "YES", "on", "off", "y", "n"])
def test_a_word_stays_a_word(word):
    document = parse_yaml(f"region: [JP, {word}]\n".encode())

    assert document.value == {"region": ["JP", word]}
    assert canonical_json(document.value) == f'{{"region":["JP","{word}"]}}'.encode()


@pytest.mark.parametrize("word", ["True", "TRUE", "False", "FALSE", "Null", "NULL", "~"])
def test_words_that_readers_disagree_about_are_refused(word):
    with pytest.raises(DocumentError, match=r"readers|no nulls"):
        parse_yaml(f"region: [JP, {word}]\n".encode())
