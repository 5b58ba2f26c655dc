"""Contracts are read whole or not at all, and every slip is told once, with its place and mend."""

import json
from pathlib import Path

import pytest

from sekisho.documents.contract import contract_from_value, parse_contract
from sekisho.errors import DocumentError
from sekisho.model.contract import Access, RedactMask, TruncateMask, TruncateUnit, Use

VECTORS = Path(__file__).parents[2] / "vectors" / "contracts"
TEMPLATES = Path(__file__).parents[3] / "policies" / "contracts"
BROKEN = json.loads((VECTORS / "broken.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_contract_is_told_with_place_and_mend(name):
    with pytest.raises(DocumentError) as raised:
        parse_contract((VECTORS / "broken" / name).read_bytes(), name=name)
    told = [
        {"line": f.line, "column": f.column, "message": f.message, "hint": f.hint}
        for f in raised.value.findings
    ]
    assert told == BROKEN[name]
    assert raised.value.name == name
    assert all(finding["line"] and finding["hint"] for finding in told)


def test_every_broken_contract_has_its_expected_findings():
    assert sorted(path.name for path in (VECTORS / "broken").iterdir()) == sorted(BROKEN)


@pytest.mark.parametrize(
    "path",
    [*sorted((VECTORS / "valid").glob("*.yaml")), *sorted(TEMPLATES.glob("*.contract.yaml"))],
    ids=lambda path: path.name,
)
def test_valid_contract_is_clean_and_kept_as_written(path):
    authored = parse_contract(path.read_bytes(), name=path.name)
    assert authored.contract.title == authored.value["title"]
    assert contract_from_value(authored.value) == authored.contract


def test_what_was_left_out_is_not_in_the_value_that_is_signed():
    authored = parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes())
    assert set(authored.value) == {"format", "title", "parties", "purposes", "term", "grants"}
    assert authored.contract.obligations.delete.within_days == 90


def test_every_field_arrives_in_the_model():
    contract = parse_contract((VECTORS / "valid" / "every-field.yaml").read_bytes()).contract
    delays, planes = contract.grants
    assert delays.access is Access.AGGREGATE
    assert delays.columns["late"].source.at_least == 15
    assert delays.columns["flight_date"].mask == TruncateMask(truncate=TruncateUnit.MONTH)
    assert delays.lookups[0].max_rows == 10_000
    assert isinstance(planes.columns["owner"].mask, RedactMask)
    assert planes.columns["seats"].uses(planes.access) == frozenset(Use)
    assert contract.limits.bytes.max == 10_000_000_000
    assert contract.commercial.liability_cap == "10000000"


def test_a_column_of_rows_that_only_filters_is_not_returned():
    contract = parse_contract((TEMPLATES / "rows-to-a-partner.contract.yaml").read_bytes()).contract
    assert contract.grants[0].columns["part_maker"].uses(Access.ROWS) == {Use.FILTER}


def test_unknown_field_in_a_signed_value_is_refused():
    value = dict(parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes()).value)
    with pytest.raises(DocumentError, match="`row_filter` is not a field here"):
        contract_from_value(value | {"row_filter": "x"})


def test_null_in_a_value_is_refused():
    value = dict(parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes()).value)
    with pytest.raises(DocumentError):
        contract_from_value(value | {"limits": None})


def test_text_that_reads_otherwise_than_it_is_stored_is_refused():
    value = dict(parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes()).value)
    with pytest.raises(DocumentError, match="reading direction"):
        contract_from_value(value | {"title": "Repairs \u202edellecnac"})
