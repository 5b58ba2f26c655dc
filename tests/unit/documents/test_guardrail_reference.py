"""What is generated from the guardrail's model is committed as the model stands.

After a change of the model: SEKISHO_REWRITE=1 python -m pytest with this module's path.
"""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

from sekisho.documents.reference import guardrail_reference, guardrail_schema
from sekisho.documents.yaml import parse_yaml

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(
    path
    for path in (ROOT / "policies" / "guardrails").glob("*.yaml")
    if ".contract." not in path.name
)


def _is_fresh(path, text):
    if os.environ.get("SEKISHO_REWRITE"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") == text


def test_schema_is_fresh():
    assert _is_fresh(ROOT / "policies" / "guardrail.schema.json", guardrail_schema())


def test_reference_page_is_fresh():
    assert _is_fresh(ROOT / "docs" / "reference" / "guardrail.md", guardrail_reference())


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(guardrail_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_schema_accepts_the_shipped_guardrails(validator, path):
    value = parse_yaml(path.read_bytes()).value
    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize(
    "name",
    ["field-unknown", "class-misspelled", "mask-misspelled", "title-missing", "units-below-floor"],
)
def test_schema_marks_what_lint_marks(validator, name):
    path = ROOT / "tests" / "vectors" / "guardrails" / "broken" / f"{name}.yaml"
    assert not validator.is_valid(parse_yaml(path.read_bytes()).value)


def test_every_field_of_the_schema_says_its_label():
    schema = json.loads(guardrail_schema())
    objects = [schema, *(item for item in schema["$defs"].values() if "properties" in item)]
    for item in objects:
        for name, field in item["properties"].items():
            assert re.search(r"\[(enforced|evidenced|declared)\]\. ", field["description"]), name
