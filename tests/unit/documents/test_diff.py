"""What a contract widens, narrows and changes in another, term by term, in both languages.

After a change of the words: SEKISHO_REWRITE=1 python -m pytest with this module's path.
"""

import json
import os
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.diff import diff, diff_facts, verdict
from sekisho.documents.reference import contract_models
from sekisho.documents.review import Language
from sekisho.model.directions import Compared, Named, Parts
from sekisho.model.terms import fields_of

FOLDER = Path(__file__).parents[2] / "vectors" / "contracts"
VECTORS = FOLDER / "differences.json"
NAMES = ("a.yaml", "b.yaml")


def _pair(case):
    before = (FOLDER / "valid" / case["base"]).read_text("utf-8")
    after = before
    for old, new in case["replace"]:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    return tuple(parse_contract(text.encode()).contract for text in (before, after))


def _told(both, lang):
    facts = diff_facts(*both, names=NAMES, lang=lang)
    return [
        f"{item['direction']} [{item['label']}] {item['path']} | {item['text']}"
        for item in facts["differences"]
    ]


def _cases():
    cases = json.loads(VECTORS.read_text("utf-8"))
    if os.environ.get("SEKISHO_REWRITE"):
        for case in cases:
            both = _pair(case)
            case |= {lang.value: _told(both, lang) for lang in Language}
            case["verdict"] = verdict(diff(*both))
        VECTORS.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", _cases())
@pytest.mark.parametrize("lang", list(Language))
def test_each_difference_is_told_as_in_its_vector(case, lang):
    both = _pair(case)
    assert _told(both, lang) == case[lang]
    assert verdict(diff(*both)) == case["verdict"]


def test_every_field_of_a_contract_says_how_its_values_compare():
    silent = [
        f"{model.__name__}.{field.name}"
        for model in contract_models()
        for field in fields_of(model)
        if not isinstance(field.clause.compared, Compared | Parts | Named)
    ]
    assert silent == []
