"""Guardrails are read whole or not at all, and every slip is told with its place and mend."""

import json
from pathlib import Path

import pytest

from sekisho.documents.guardrail import parse_guardrail
from sekisho.errors import DocumentError
from sekisho.model.guardrail import Combining, MaskKind, count_rules
from sekisho.model.masks import TruncateMask, TruncateUnit
from support.guardrails import rules

VECTORS = Path(__file__).parents[2] / "vectors" / "guardrails"
SHIPPED = Path(__file__).parents[3] / "policies" / "guardrails"
BROKEN = json.loads((VECTORS / "broken.json").read_text(encoding="utf-8"))
FILES = [
    *sorted((VECTORS / "valid").glob("*.yaml")),
    *(path for path in sorted(SHIPPED.glob("*.yaml")) if ".contract." not in path.name),
]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_guardrail_is_told_with_place_and_mend(name):
    with pytest.raises(DocumentError) as raised:
        parse_guardrail((VECTORS / "broken" / name).read_bytes(), name=name)
    told = [
        {"line": f.line, "column": f.column, "message": f.message, "hint": f.hint}
        for f in raised.value.findings
    ]
    assert told == BROKEN[name]
    assert all(finding["line"] and finding["hint"] for finding in told)


def test_every_broken_guardrail_has_its_expected_findings():
    assert sorted(path.name for path in (VECTORS / "broken").iterdir()) == sorted(BROKEN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_valid_guardrail_is_clean(path):
    assert parse_guardrail(path.read_bytes(), name=path.name)


def test_every_field_arrives_in_the_model():
    (placed,) = parse_guardrail((VECTORS / "valid" / "every-field.yaml").read_bytes())
    require = placed.rule.require
    assert require.masks[0] is MaskKind.PSEUDONYM
    assert require.masks[3] == TruncateMask(truncate=TruncateUnit.MONTH)
    assert require.combine is Combining.ALLOWED
    assert require.obligations.region == ("JP",)
    assert require.choices["obligations.publication"] == ("with-consent", "prohibited")
    assert require.choices["masks"][-1] == "bucket_width"


def test_every_requirement_has_its_own_line():
    path = VECTORS / "valid" / "every-field.yaml"
    (placed,) = parse_guardrail(path.read_bytes(), name="g.yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    for requirement in (
        *("access", "minimum_units", "round_counts_to", "largest_percent", "uses", "masks"),
        *("consumer_countries", "personal_data", "combine"),
        *("obligations.reidentification", "obligations.region"),
    ):
        file, _, line = placed.line_of(requirement).partition(":")
        assert file == "g.yaml"
        assert lines[int(line) - 1].strip().startswith(f"{requirement.split('.')[-1]}:")
    assert placed.line_of("") == "g.yaml:4"


def test_rules_are_counted_by_file():
    one = rules("require: {combine: never}", file="a.yaml")
    two = rules("require: {combine: never}", "require: {minimum_units: 5}", file="b.yaml")
    assert count_rules(()) == "none"
    assert count_rules(one) == "1 rule in a.yaml"
    assert count_rules((*one, *two)) == "3 rules in a.yaml, b.yaml"
