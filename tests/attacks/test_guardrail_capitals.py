"""A class or tag that is lost because somebody wrote another capital.

expect: a contract over the column or the dataset is below the guardrail all the same
effect: neither signed nor served
source: engines name columns without regard to case
"""

import pytest

from sekisho.config import parse_config
from support.guardrails import below, contract, grant

NODE = """\
format: sekisho.node/v1
party: east.example
listen: {{peers: "127.0.0.1:7443", users: "127.0.0.1:7444"}}
advertise: "east.example:7443"
datasets:
  stays:
    source: {{parquet: stays.parquet}}
    tags: [{tag}]
    columns: {{{column}: {{class: health}}}}
"""


@pytest.mark.parametrize("said", ["diagnosis", "Diagnosis", "DIAGNOSIS"])
@pytest.mark.parametrize("granted", ["diagnosis", "diagNOSIS"])
def test_a_column_is_the_same_in_any_capitals(said, granted):
    datasets = parse_config(NODE.format(tag="x", column=said).encode()).said_datasets()
    line = "when: {column_class: [health]}, require: {access: [private], masks: [redact]}"
    paths = {
        item.path for item in below(contract(grant(f"{granted}: {{}}")), line, datasets=datasets)
    }
    assert paths == {"grants[0].access", f"grants[0].columns.{granted}"}


@pytest.mark.parametrize("where", ["DIAGNOSIS = 1", '"diagnosis" = 1', "(diagnosis)IS NULL"])
def test_a_row_filter_is_the_same_in_any_capitals(where):
    datasets = parse_config(NODE.format(tag="x", column="Diagnosis").encode()).said_datasets()
    checked = contract(grant("days: {}", more=f"where: '{where}'"))
    line = "when: {column_class: [health]}, require: {access: [private]}"
    assert below(checked, line, datasets=datasets)


@pytest.mark.parametrize("tag", ["accidents", "Accidents", "' accidents '"])
def test_a_tag_is_the_same_in_any_capitals(tag):
    datasets = parse_config(NODE.format(tag=tag, column="x").encode()).said_datasets()
    line = "when: {tag: [ACCIDENTS]}, require: {access: [private]}"
    assert below(contract(grant("days: {}")), line, datasets=datasets)
