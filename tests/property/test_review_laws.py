"""A review says every contract, and the same in both languages."""

import json

from hypothesis import given

from sekisho.documents.review import Language, review, review_facts
from support.drawn_contracts import contracts

SAME = ("path", "label", "value", "is_default")


@given(contracts())
def test_both_languages_say_the_same_terms_line_by_line(contract):
    english, japanese = (review(contract, lang=lang).splitlines() for lang in Language)
    assert [_shape(line) for line in english] == [_shape(line) for line in japanese]


def _shape(line):
    """Keep what does not depend on the language: how far in a line stands, and as what."""
    indent = len(line) - len(line.lstrip(" "))
    return indent, line.lstrip()[:1] if line.lstrip()[:1] in "-!|" else ""


@given(contracts())
def test_both_languages_give_the_same_data(contract):
    english, japanese = (review_facts(contract, lang=lang) for lang in Language)
    assert json.loads(json.dumps(english)) == english
    for kind, keys in (("terms", SAME), ("cautions", ("caution", "path")), ("grants", ("grant",))):
        assert [[item[key] for key in keys] for item in english[kind]] == [
            [item[key] for key in keys] for item in japanese[kind]
        ]
    told = {item["path"]: item for item in english["terms"]}
    assert len(told) == len(english["terms"])
