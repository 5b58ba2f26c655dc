"""Beneath every guardrail lie floors that nobody writes."""

from dataclasses import replace

import pytest

from sekisho.model.dataset import Column, ColumnClass
from sekisho.model.floors import LEAST_UNITS, MOST_LARGEST_PERCENT, check_floors
from support.guardrails import DATASET, PROVIDER, STAYS, contract, grant

KNOWN = {STAYS: DATASET}


def _paths(*grants, datasets=KNOWN, provider=PROVIDER):
    return [item.path for item in check_floors(contract(*grants), datasets, provider=provider)]


def _figures(columns="days: {use: [measure]}", *, access="aggregate", units="patient_id", more=""):
    return grant(columns, access=access, more=f"privacy_units: [{units}]{more}")


def test_what_stands_on_the_floors_is_clean():
    terms = f"minimum_units: {LEAST_UNITS}, dominance: {{largest_percent: {MOST_LARGEST_PERCENT}, "
    more = f", disclosure: {{{terms}two_largest_percent: 95}}}}"
    assert _paths(_figures("patient_id: {use: [join]}, days: {use: [measure]}", more=more)) == []
    assert _paths(grant("days: {}")) == []


@pytest.mark.parametrize("access", ["aggregate", "rows"])
def test_two_units_are_too_few_wherever_units_are_counted(access):
    columns = "days: {use: [measure]}" if access == "aggregate" else "days: {}"
    more = ", disclosure: {minimum_units: 2}"
    assert _paths(_figures(columns, access=access, more=more)) == [
        "grants[0].disclosure.minimum_units"
    ]


def test_a_total_of_one_unit_is_its_own_figure():
    more = ", disclosure: {dominance: {largest_percent: 91, two_largest_percent: 95}}"
    assert _paths(_figures(more=more)) == ["grants[0].disclosure.dominance.largest_percent"]


def test_what_is_counted_is_who_is_protected():
    assert _paths(_figures(units="age")) == ["grants[0].privacy_units"]
    held = grant("days: {}", more="privacy_units: [PATIENT_ID], disclosure: {minimum_units: 5}")
    assert _paths(held) == []


@pytest.mark.parametrize(
    "columns",
    [
        "TAG_NUMBER: {use: [join, measure]}",
        "known: {from: {column: tag_number, at_least: 5}, use: [measure]}",
    ],
)
def test_an_identifier_is_joined_on_and_nothing_else_where_no_row_leaves(columns):
    identifying = Column(name="tag_number", type="INTEGER", column_class=ColumnClass.IDENTIFIER)
    known = {STAYS: replace(DATASET, columns=(*DATASET.columns, identifying))}
    name = columns.partition(":")[0]
    assert _paths(_figures(columns), datasets=known) == [f"grants[0].columns.{name}"]


def test_an_identifier_of_rows_is_a_matter_for_guardrails():
    assert _paths(grant("patient_id: {}")) == []


def test_without_a_provider_every_grant_is_looked_at():
    more = ", disclosure: {minimum_units: 2}"
    others = _figures(more=more).replace("east.example", "west.example")
    assert _paths(others) == []
    assert _paths(others, provider=None) == ["grants[0].disclosure.minimum_units"]


def _lookup(key, *, personal="none", classes=None, units="patient_id"):
    """Find what lies below the floors in a grant that lets its consumer bring a table."""
    columns = f"{key}: {{use: [join]}}, days: {{use: [measure]}}"
    lookups = f", lookups: [{{name: t, key: {key}, columns: {{kind: text}}, max_rows: 10}}]"
    basis = "" if personal in {"none", "not-stated"} else ', basis: "b", reference: "r"'
    text = contract(
        _figures(columns, units=units, more=lookups),
        extra=f"personal_data: {{class: {personal}{basis}}}",
    )
    known = {STAYS: replace(DATASET, columns=classes)} if classes else {}
    return [item.path for item in check_floors(text, known, provider=PROVIDER)]


KEY = "grants[0].lookups[0].key"


@pytest.mark.parametrize(
    "personal", ["not-stated", "anonymized", "pseudonymized", "personal", "special-care"]
)
def test_a_table_is_not_keyed_by_units_that_may_be_people(personal):
    assert _lookup("patient_id", personal=personal) == [KEY]
    assert _lookup("ward", personal=personal) == []


def test_a_table_is_keyed_by_units_that_are_things():
    assert _lookup("patient_id") == []


@pytest.mark.parametrize(
    ("column_class", "personal", "found"),
    [
        (ColumnClass.PERSONAL, "none", [KEY]),
        (ColumnClass.HEALTH, "none", [KEY]),
        (ColumnClass.IDENTIFIER, "personal", [KEY]),
        (ColumnClass.IDENTIFIER, "none", []),
        (ColumnClass.COMMERCIAL, "personal", []),
        (None, "personal", []),
    ],
)
def test_a_table_is_not_keyed_by_what_its_provider_classes_as_peoples(
    column_class, personal, found
):
    classes = (*DATASET.columns, Column(name="ward", type="VARCHAR", column_class=column_class))
    assert _lookup("ward", personal=personal, classes=classes) == found
