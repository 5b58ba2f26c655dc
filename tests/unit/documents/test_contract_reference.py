"""What is generated from the contract's model is committed as the model stands.

After a change of the model: SEKISHO_REWRITE=1 python -m pytest with this module's path.
"""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

from sekisho.documents.reference import contract_reference, contract_schema, draw_lifecycle
from sekisho.documents.yaml import parse_yaml

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "contracts"
CONTRACTS = [
    *sorted((ROOT / "policies" / "contracts").glob("*.contract.yaml")),
    *sorted((VECTORS / "valid").glob("*.yaml")),
]
DIAGRAM = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)


def _is_fresh(path, text):
    if os.environ.get("SEKISHO_REWRITE"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") == text


def test_schema_is_fresh():
    assert _is_fresh(ROOT / "policies" / "contract.schema.json", contract_schema())


def test_reference_page_is_fresh():
    assert _is_fresh(ROOT / "docs" / "reference" / "contract.md", contract_reference())


def test_diagram_of_the_lifecycle_is_fresh():
    path = ROOT / "docs" / "spec" / "lifecycle.md"
    text = path.read_text(encoding="utf-8")
    assert DIAGRAM.search(text) is not None
    assert _is_fresh(path, DIAGRAM.sub(draw_lifecycle(), text))


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(contract_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_schema_accepts_valid_contracts(validator, path):
    value = parse_yaml(path.read_bytes()).value
    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize(
    "name", ["field-unknown", "access-misspelled", "mask-unknown", "title-missing", "one-party"]
)
def test_schema_marks_what_lint_marks(validator, name):
    value = parse_yaml((VECTORS / "broken" / f"{name}.yaml").read_bytes()).value
    assert not validator.is_valid(value)


def test_every_field_of_the_schema_says_its_label():
    schema = json.loads(contract_schema())
    objects = [schema, *(item for item in schema["$defs"].values() if "properties" in item)]
    for item in objects:
        for name, field in item["properties"].items():
            words = field["description"]
            assert re.search(r"\[(enforced|evidenced|declared)\]\. (The node|It binds)", words), (
                name
            )


def test_every_choice_of_the_schema_says_what_it_means():
    choices = [item for item in json.loads(contract_schema())["$defs"].values() if "enum" in item]
    assert choices
    for item in choices:
        assert len(item["enumDescriptions"]) == len(item["enum"]), item["title"]
