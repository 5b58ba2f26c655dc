"""node.yaml is read strictly, and says alone what guardrails look at."""

import pytest

from sekisho.config import parse_config
from sekisho.errors import DocumentError
from sekisho.model.dataset import Column, ColumnClass

TEXT = """\
format: sekisho.node/v1
party: east.example
listen: {peers: "127.0.0.1:7443", users: "127.0.0.1:7444"}
advertise: "east.example:7443"
datasets:
  stays:
    source: {parquet: stays.parquet}
    tags: [patients]
    privacy_units: [patient_id]
    columns:
      Patient_Id: {class: identifier}
      diagnosis: {class: health, unit: ICD}
guardrails: [guardrails/personal-data.yaml]
"""


def test_guardrails_are_named_by_their_files():
    assert parse_config(TEXT.encode()).guardrails == ("guardrails/personal-data.yaml",)
    assert parse_config(TEXT.replace("guardrails:", "# ").encode()).guardrails == ()


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        ("guardrail:", "`guardrail` is not a field here"),
        ("gaurdrails:", "`gaurdrails` is not a field here"),
        ("guardrails: guardrails/x.yaml\n# ", "expected a list, found text"),
    ],
)
def test_a_slip_in_the_name_of_the_section_is_no_node_without_guardrails(slip, message):
    with pytest.raises(DocumentError, match=message):
        parse_config(TEXT.replace("guardrails:", slip).encode())


def test_what_the_file_says_alone_holds_without_the_data():
    (dataset,) = parse_config(TEXT.encode()).said_datasets().values()
    assert dataset.id == "east.example/stays"
    assert dataset.tags == ("patients",)
    assert dataset.privacy_units == ("patient_id",)
    assert dataset.column("PATIENT_ID").column_class is ColumnClass.IDENTIFIER


def test_a_class_is_not_lost_to_a_capital_in_the_data():
    config = parse_config(TEXT.encode()).datasets["stays"]
    columns = (Column(name="PATIENT_ID", type="VARCHAR"), Column(name="ward", type="VARCHAR"))
    described = config.describe("east.example", "stays", columns)
    assert [item.column_class for item in described.columns] == [ColumnClass.IDENTIFIER, None]
    assert described.columns[0].name == "PATIENT_ID"


def test_a_column_is_described_once():
    text = TEXT.replace("diagnosis: {class", "patient_id: {class")
    with pytest.raises(DocumentError, match="`Patient_Id` and `patient_id` are one column"):
        parse_config(text.encode())
