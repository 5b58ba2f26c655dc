"""Files of contract tests are read strictly, and fill each test from the defaults."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.contract_test import duckdb_type, parse_contract_test
from sekisho.errors import DocumentError, RefusalReason
from sekisho.model.dataset import check_contract_against

TEMPLATES = Path(__file__).parents[3] / "policies" / "contracts"
TEXT = """\
format: sekisho.contract-test/v1
contract: delays.contract.yaml
datasets:
  ua.example/flights: {parquet: data/flights_ua.parquet}
  dl.example/flights: {columns: {tail_number: string, fare: "decimal(12, 2)", day: date32}}
defaults: {consumer: maker.example, purpose: reliability, at: "2026-12-15T12:00:00Z"}
tests:
  - {name: by airport, sql: "SELECT origin FROM ua.flights", expect: allowed}
  - {name: late, sql: "SELECT 1", at: "2028-01-01T00:00:00Z", expect: refused, reason: NOT_IN_FORCE}
"""


def test_tests_take_what_they_leave_out_from_the_defaults():
    tests = parse_contract_test(TEXT.encode())
    first, second = tests.tests
    assert tests.consumer_of(first) == "maker.example"
    assert tests.purpose_of(first) == "reliability"
    assert tests.provider_of(first) is None
    assert tests.at_of(first) == datetime(2026, 12, 15, 12, tzinfo=UTC)
    assert tests.at_of(second) == datetime(2028, 1, 1, tzinfo=UTC)
    assert second.reason is RefusalReason.NOT_IN_FORCE


def test_inline_columns_become_a_dataset_with_engine_types():
    tests = parse_contract_test(TEXT.encode())
    dataset = tests.datasets["dl.example/flights"].inline_dataset("dl.example/flights")
    assert [column.type for column in dataset.columns] == ["VARCHAR", "DECIMAL(12,2)", "DATE"]
    assert tests.datasets["ua.example/flights"].inline_dataset("ua.example/flights") is None


def test_classes_and_tags_are_those_that_a_provider_would_give():
    text = TEXT.replace(
        "day: date32}", "day: date32}, classes: {Tail_Number: identifier}, tags: [x]"
    )
    (_, source) = parse_contract_test(text.encode()).datasets.values()
    dataset = source.inline_dataset("dl.example/flights")
    assert dataset.tags == ("x",)
    assert dataset.column("tail_number").column_class == "identifier"
    assert dataset.column("day").column_class is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("expect: allowed", "expect: permitted", "`permitted` is not allowed or refused"),
        (
            "expect: allowed",
            "expect: allowed, reason: SUSPENDED",
            "that is allowed has no `reason`",
        ),
        ("expect: refused", "expect: refused, columns: [a]", "that is refused has no `columns`"),
        ("expect: refused", "expect: refused, grant: a", "that is refused has no `grant`"),
        ("expect: refused", "expect: refused, clauses: [a]", "that is refused has no `clauses`"),
        ("reason: NOT_IN_FORCE", "reason: TOO_LATE", "`TOO_LATE` is not CONTRACT_NOT_FOUND"),
        ("name: late", "name: by airport", "test `by airport` is listed twice"),
        ("day: date32", "day: datum", "`datum` is not the name of an Arrow type"),
        ("{parquet:", "{csv: x.csv, parquet:", "are given 2 times"),
        ("{parquet: data/flights_ua.parquet}", "{}", "are given 0 times"),
        ('at: "2028-01-01T00:00:00Z"', 'at: "2028-01-01"', "is not an instant in UTC"),
        ("contract: delays.contract.yaml\n", "", "`contract` is missing"),
        ("ua.example/flights:", "flights:", "`flights` is not a dataset"),
        ("day: date32}}", "day: date32}, classes: {days: health}}", "has no column `days`"),
        ("day: date32}}", "day: date32}, classes: {day: sick}}", "`sick` is not identifier"),
        ("defaults:", "countries: {maker.example: Japan}\ndefaults:", "not a country code"),
        ("defaults:", "guardrails: g.yaml\ndefaults:", "expected a list, found text"),
    ],
)
def test_slip_is_told_with_its_line(old, new, message):
    with pytest.raises(DocumentError, match=message) as raised:
        parse_contract_test(TEXT.replace(old, new, 1).encode())
    assert raised.value.findings[0].line > 0


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.test.yaml")), ids=lambda path: path.name)
def test_tests_of_the_templates_can_be_read(path):
    tests = parse_contract_test(path.read_bytes(), name=path.name)
    assert (path.parent / tests.contract).exists()


def test_type_that_no_engine_serves_is_refused():
    with pytest.raises(ValueError, match="list"):
        duckdb_type("list<int32>")


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.test.yaml")), ids=lambda path: path.name)
def test_datasets_of_the_templates_can_give_what_is_granted(path):
    tests = parse_contract_test(path.read_bytes(), name=path.name)
    contract = parse_contract((path.parent / tests.contract).read_bytes()).contract
    datasets = {name: source.inline_dataset(name) for name, source in tests.datasets.items()}
    assert check_contract_against(contract, datasets) == ()
