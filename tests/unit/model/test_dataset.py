"""A contract is held against the datasets that it speaks of."""

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.documents.contract import contract_from_value, parse_contract
from sekisho.model.dataset import Column, Dataset, check_contract_against

VECTORS = Path(__file__).parents[2] / "vectors" / "contracts" / "valid"
REPAIRS = Dataset(
    id="maker.example/repairs",
    columns=(
        Column(name="Part", type="VARCHAR"),
        Column(name="repaired_on", type="DATE"),
        Column(name="repaired_at", type="TIMESTAMP WITH TIME ZONE"),
        Column(name="cost", type="DECIMAL(12,2)"),
        Column(name="vehicle", type="VARCHAR"),
    ),
)


def _contract(columns, **grant):
    value = dict(parse_contract((VECTORS / "smallest.yaml").read_bytes()).value)
    first = value["grants"][0] | {"columns": columns} | grant
    return contract_from_value(value | {"grants": [first]})


def _findings(contract, dataset=REPAIRS, **others):
    return check_contract_against(contract, {dataset.id: dataset}, **others)


def test_dataset_that_has_all_is_clean():
    columns = {
        "part": {"mask": {"pseudonym": "this-contract-and-provider"}},
        "repaired_on": {"mask": {"truncate": "month"}},
        "repaired_at": {"mask": {"truncate": "hour"}},
        "cost": {"mask": {"round_to": 100}},
    }
    assert _findings(_contract(columns)) == ()


def test_column_is_in_one_of_a_providers_datasets_and_each_dataset_has_one():
    costs = Dataset(id="maker.example/costs", columns=(Column(name="price", type="INTEGER"),))
    both = {item.id: item for item in (REPAIRS, costs)}
    names = list(both)
    assert check_contract_against(_contract({"part": {}, "price": {}}, datasets=names), both) == ()
    (idle,) = check_contract_against(_contract({"part": {}}, datasets=names), both)
    assert idle.message == "the grant shows no column of `maker.example/costs`"
    missing = check_contract_against(_contract({"x": {}}, datasets=names), both)
    assert "has no column `x`" in missing[0].message


@pytest.mark.parametrize(
    ("columns", "path", "message"),
    [
        ({"prat": {}}, "grants[0].columns.prat", "has no column `prat`"),
        (
            {"repaired_on": {"mask": {"truncate": "hour"}}},
            "grants[0].columns.repaired_on",
            "is DATE, and this grant needs a timestamp",
        ),
        ({"part": {"mask": {"truncate": "day"}}}, "grants[0].columns.part", "date or a timestamp"),
        ({"part": {"mask": {"bucket": [1]}}}, "grants[0].columns.part", "needs a number"),
        ({"part": {"mask": {"bucket_width": 1}}}, "grants[0].columns.part", "needs a number"),
        ({"part": {"mask": {"round_to": 2}}}, "grants[0].columns.part", "needs a number"),
    ],
)
def test_column_that_cannot_be_given_is_found(columns, path, message):
    (finding,) = _findings(_contract(columns))
    assert finding.path == path
    assert message in finding.message
    assert finding.hint


def test_near_name_is_suggested():
    (finding,) = _findings(_contract({"repaired_no": {}}))
    assert finding.hint == "did you mean `repaired_on`?"


def test_computed_column_needs_a_number_and_a_free_name():
    def measure(name, column):
        return _contract(
            {name: {"from": {"column": column, "at_least": 1}, "use": ["measure"]}},
            access="aggregate",
            privacy_units=["vehicle"],
        )

    assert _findings(measure("dear", "cost")) == ()
    assert [f.message for f in _findings(measure("dear", "part"))] == [
        "`Part` of `maker.example/repairs` is VARCHAR, and this grant needs a number"
    ]
    assert [f.path for f in _findings(measure("dear", "costs"))] == [
        "grants[0].columns.dear.from.column"
    ]
    assert [f.message for f in _findings(measure("vehicle_", "cost"))] == []
    assert "already has a column `Part`" in _findings(measure("part", "cost"))[0].message


def test_grant_must_protect_what_the_dataset_protects():
    dataset = replace(REPAIRS, privacy_units=("vehicle",))
    terms = {"access": "aggregate", "columns": {"part": {"use": ["group"]}}}
    narrow = _contract(**terms, privacy_units=["cost"])
    (finding,) = _findings(narrow, dataset)
    assert finding.message == "`maker.example/repairs` protects `vehicle`, which the grant does not"
    assert _findings(_contract(**terms, privacy_units=["VEHICLE"]), dataset) == ()
    assert _findings(_contract({"part": {}}), dataset) == ()


def test_protected_unit_must_be_a_column():
    terms = {"access": "aggregate", "columns": {"part": {"use": ["group"]}}}
    (finding,) = _findings(_contract(**terms, privacy_units=["driver"]))
    assert finding.path == "grants[0].privacy_units[0]"


def test_other_partys_dataset_is_left_alone_and_an_own_missing_one_is_found():
    contract = _contract({"part": {}})
    assert check_contract_against(contract, {}) == ()
    assert check_contract_against(contract, {}, provider="other.example") == ()
    (finding,) = check_contract_against(contract, {}, provider="maker.example")
    assert finding.path == "grants[0].datasets[0]"


def test_columns_are_found_without_regard_to_case():
    assert REPAIRS.column("PART").name == "Part"
    assert REPAIRS.column("nothing") is None
