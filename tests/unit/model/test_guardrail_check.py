"""A contract is held to every rule that applies; each lack names the guardrail's line."""

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.documents.guardrail import parse_guardrail
from sekisho.model.guardrail_check import check_guardrails
from support.guardrails import (
    DATASET,
    FIGURES,
    PROVIDER,
    STAYS,
    affiliates,
    below,
    contract,
    grant,
    rules,
)

SHIPPED = Path(__file__).parents[3] / "policies" / "guardrails"

ROWS = contract(grant("diagnosis: {}, age: {}, days: {}"))
FIGURE = contract(grant("age: {use: [group]}, days: {use: [measure]}", **FIGURES))


def test_a_finding_names_both_places_the_mend_and_the_reason():
    (found,) = below(ROWS, "when: {column_class: [health]}, require: {access: [private]}")
    assert found.path == "grants[0].access"
    assert found.message == "`access` is rows, and guardrails/floors.yaml:4 requires private"
    assert found.hint == "write `access: private`; rule `r0`: It must be so."


@pytest.mark.parametrize(
    "when",
    [
        "{}",
        "{column_class: [], tag: [], access: []}",
        "{column_class: [health]}",
        "{column_class: [commercial, health]}",
        "{tag: [patients]}",
        "{tag: [' PATIENTS']}",
        "{access: [match, rows]}",
        "{column_class: [health], tag: [patients], access: [rows]}",
    ],
)
def test_a_rule_applies_when_each_of_its_lists_has_something_of_the_grant(when):
    assert below(ROWS, f"when: {when}, require: {{minimum_units: 3}}")


@pytest.mark.parametrize(
    "when",
    [
        "{column_class: [identifier]}",
        "{tag: [patient]}",
        "{access: [aggregate]}",
        "{column_class: [health], tag: [cars]}",
        "{column_class: [identifier], tag: [patients]}",
        "{column_class: [health], access: [aggregate]}",
    ],
)
def test_a_rule_does_not_apply_when_one_list_has_nothing_of_the_grant(when):
    assert below(ROWS, f"when: {when}, require: {{minimum_units: 3}}") == ()


def test_a_column_is_found_whatever_its_capitals():
    checked = contract(grant("PATIENT_ID: {}"))
    (found,) = below(checked, "when: {column_class: [identifier]}, require: {uses: [join]}")
    assert found.path == "grants[0].columns.PATIENT_ID"


def test_a_computed_column_counts_as_the_one_that_it_is_made_from():
    checked = contract(grant("old: {from: {column: Age, at_least: 65}, use: [measure]}", **FIGURES))
    assert below(checked, "when: {column_class: [quasi-identifier]}, require: {uses: [group]}")


@pytest.mark.parametrize("where", ["diagnosis = 'HIV'", '"DIAGNOSIS" IS NULL', "x OR Diagnosis"])
def test_a_row_filter_touches_the_columns_that_it_names(where):
    checked = contract(grant("days: {}", more=f"where: '{where.replace(chr(39), chr(39) * 2)}'"))
    assert below(checked, "when: {column_class: [health]}, require: {access: [private]}")
    assert below(checked, "when: {column_class: [health]}, require: {masks: [redact]}") == ()


def test_a_row_filter_does_not_touch_a_column_whose_name_is_inside_another():
    checked = contract(grant("days: {}", more='where: "diagnosis_known AND my_diagnosis"'))
    assert below(checked, "when: {column_class: [health]}, require: {access: [private]}") == ()


def test_grants_over_others_datasets_are_left_alone():
    checked = contract(grant("diagnosis: {}", dataset="west.example/stays"))
    line = "require: {access: [private]}"
    assert below(checked, line) == ()
    assert check_guardrails(checked, {}, rules(line), countries={})


def test_a_dataset_that_is_not_known_has_no_class_and_no_tag():
    assert below(ROWS, "require: {access: [private]}", datasets={})
    assert below(ROWS, "when: {tag: [patients]}, require: {access: [private]}", datasets={}) == ()


@pytest.mark.parametrize(
    ("checked", "require", "place", "words"),
    [
        (ROWS, "minimum_units: 10", ".disclosure.minimum_units", "is not there, and"),
        (FIGURE, "minimum_units: 11", ".disclosure.minimum_units", "is 10, and"),
        (FIGURE, "round_counts_to: 6", ".disclosure.round_counts_to", "is 5, and"),
        (ROWS, "round_counts_to: 2", ".disclosure.round_counts_to", "is not there, and"),
        (FIGURE, "largest_percent: 49", ".disclosure.dominance.largest_percent", "is 50, and"),
        (ROWS, "largest_percent: 90", ".disclosure.dominance.largest_percent", "is not there"),
    ],
)
def test_conditions_of_release_are_compared_as_written_or_by_default(
    checked, require, place, words
):
    (found,) = below(checked, f"require: {{{require}}}")
    assert found.path == f"grants[0]{place}"
    assert words in found.message


@pytest.mark.parametrize("require", ["minimum_units: 10", "round_counts_to: 5"])
def test_conditions_of_release_that_are_met_leave_nothing_to_say(require):
    assert below(FIGURE, f"require: {{{require}}}") == ()


def test_rows_with_fewest_units_meet_a_floor_of_units_but_have_no_counts():
    more = "privacy_units: [patient_id], disclosure: {minimum_units: 10}"
    held = contract(grant("days: {}", more=more))
    assert below(held, "require: {minimum_units: 10}") == ()
    assert below(held, "require: {round_counts_to: 5}")


def test_uses_bind_the_matched_columns_alone():
    checked = contract(grant("age: {use: [group, filter]}, days: {use: [measure]}", **FIGURES))
    line = "when: {column_class: [quasi-identifier]}, require: {uses: [group]}"
    (found,) = below(checked, line)
    assert found.path == "grants[0].columns.age"
    assert "`age` has the use filter, and" in found.message


def test_a_column_of_rows_without_uses_is_returned():
    (found,) = below(contract(grant("age: {}")), "require: {uses: [join]}")
    assert "has the use return" in found.message


@pytest.mark.parametrize(
    ("mask", "required", "is_met"),
    [
        ("", "pseudonym", False),
        ("{pseudonym: this-contract-and-provider}", "pseudonym", True),
        ("{truncate: month}", "pseudonym", False),
        ("{truncate: day}", "truncate", True),
        ("{truncate: day}", "{truncate: month}", False),
        ("{truncate: month}", "{truncate: month}", True),
        ("{truncate: year}", "{truncate: month}", True),
        ("{round_to: 4}", "{round_to: 5}", False),
        ("{round_to: 5}", "{round_to: 5}", True),
        ("{round_to: 1}", "round_to", True),
        ("{bucket_width: 4}", "{bucket_width: 5}", False),
        ("{bucket_width: 10}", "{bucket_width: 5}", True),
        ("{bucket_width: 10}", "{round_to: 5}", False),
        ("{bucket: [0, 18]}", "bucket", True),
        ("{bucket: [0, 18]}", "bucket_width", False),
        ("redact", "pseudonym", True),
        ("redact", "redact", True),
    ],
)
def test_a_mask_has_to_be_of_a_listed_kind_and_as_coarse(mask, required, is_met):
    column = f"{{mask: {mask}}}" if mask else "{}"
    found = below(contract(grant(f"age: {column}")), f"require: {{masks: [{required}]}}")
    assert (found == ()) is is_met


def test_a_finding_about_a_mask_says_what_is_shown_and_what_would_do():
    checked = contract(grant("age: {mask: {round_to: 2}}"))
    (found,) = below(checked, "require: {masks: [pseudonym, {round_to: 5}]}")
    assert found.message.startswith("`age` is shown under `round_to: 2`, and ")
    assert found.message.endswith("requires the mask pseudonym or round_to: 5 or coarser")


@pytest.mark.parametrize(
    ("use", "is_bound"),
    [("[group]", True), ("[filter]", True), ("[join]", False), ("[measure]", False)],
)
def test_where_figures_leave_masks_bind_what_is_grouped_or_filtered(use, is_bound):
    checked = contract(grant(f"age: {{use: {use}}}", **FIGURES))
    assert bool(below(checked, "require: {masks: [bucket]}")) is is_bound


@pytest.mark.parametrize("use", ["[join]", "[measure]", "[group]", "[filter]", "[return]"])
def test_among_rows_masks_bind_every_use(use):
    assert below(contract(grant(f"age: {{use: {use}}}")), "require: {masks: [bucket]}")


@pytest.mark.parametrize(
    ("require", "extra", "path"),
    [
        ("personal_data: [personal]", "personal_data: {class: none}", "personal_data.class"),
        (
            "obligations: {reidentification: [prohibited]}",
            "obligations: {reidentification: with-consent}",
            "obligations.reidentification",
        ),
        (
            "obligations: {onward_transfer: [no-one]}",
            "obligations: {onward_transfer: {allowed: with-consent}}",
            "obligations.onward_transfer.allowed",
        ),
        (
            "obligations: {publication: [prohibited]}",
            "",
            "obligations.derived_data.publication",
        ),
        ("obligations: {region: [JP]}", "", "obligations.region"),
        ("obligations: {region: [JP]}", "obligations: {region: [JP, DE]}", "obligations.region"),
    ],
)
def test_promises_are_compared_with_those_that_will_do(require, extra, path):
    (found,) = below(
        contract(grant("days: {}"), extra=extra),
        f"when: {{tag: [patients]}}, require: {{{require}}}",
    )
    assert found.path == path


def test_promises_that_will_do_leave_nothing_to_say():
    checked = contract(
        grant("days: {}"),
        extra="personal_data: {class: personal, basis: Consent, reference: '17'}\n"
        "obligations: {region: [JP], derived_data: {publication: prohibited}}",
    )
    require = (
        "personal_data: [personal, special-care], obligations: {reidentification: [prohibited], "
        "onward_transfer: [no-one], publication: [prohibited], region: [JP, US]}"
    )
    assert below(checked, f"require: {{{require}}}") == ()


@pytest.mark.parametrize(
    ("countries", "paths"),
    [
        ({"uni.example": "JP", "lab.example": "JP"}, []),
        ({"uni.example": "JP", "lab.example": "DE"}, ["parties[3].party"]),
        ({"uni.example": "JP"}, ["parties[3].party"]),
        ({}, ["parties[2].party", "parties[3].party"]),
    ],
)
def test_every_consumer_is_in_a_named_country_or_the_contract_is_below(countries, paths):
    checked = contract(grant("days: {}"), consumers=("uni", "lab"))
    found = below(checked, "require: {consumer_countries: [JP]}", countries=countries)
    assert [item.path for item in found] == paths


def test_an_affiliate_counts_as_the_consumer_does():
    checked = contract(grant("days: {}"), extra=affiliates("branch"))
    known = {"uni.example": "JP", "branch.example": "DE"}
    (found,) = below(checked, "require: {consumer_countries: [JP]}", countries=known)
    assert found.path == "obligations.onward_transfer.affiliates[0]"
    assert found.message.startswith("`branch.example` is in DE, and ")


def test_a_country_that_nobody_knows_is_none_that_is_listed():
    (found,) = below(ROWS, "require: {consumer_countries: [JP]}")
    assert found.message.startswith("nobody knows where `uni.example` is, and ")
    assert "member document" in found.hint


def test_every_rule_and_every_grant_is_looked_at():
    checked = contract(grant("days: {}"), grant("age: {}", name="ages"))
    found = below(
        checked,
        "require: {access: [private]}",
        "when: {column_class: [quasi-identifier]}, require: {minimum_units: 5}",
    )
    assert [(item.path, "yaml:4" in item.message) for item in found] == [
        ("grants[0].access", True),
        ("grants[1].access", True),
        ("grants[1].disclosure.minimum_units", False),
    ]


def test_a_grant_over_two_datasets_is_told_once():
    checked = contract(grant("days: {}", dataset="east.example/stays, east.example/visits"))
    assert len(below(checked, "require: {access: [private]}", datasets={})) == 1


def test_combining_is_no_requirement_of_a_contract_by_itself():
    assert below(ROWS, "require: {combine: never}") == ()


@pytest.mark.parametrize("name", ["personal-data", "accident-figures", "named-countries"])
def test_each_shipped_guardrail_can_be_met(name):
    columns = (
        "patient_id: {use: [join]}, age: {use: [group], mask: {bucket: [0, 18, 65]}}, "
        "admitted_on: {use: [group, filter], mask: {truncate: month}}, days: {use: [measure]}"
    )
    terms = "minimum_units: 20, round_counts_to: 10, dominance: {largest_percent: 40}"
    checked = contract(
        grant(
            columns,
            access="aggregate",
            more=f"privacy_units: [patient_id], disclosure: {{{terms}}}, "
            "where: \"diagnosis = 'burn'\"",
        ),
        extra="personal_data: {class: special-care, basis: Consent, reference: '17'}\n"
        "obligations: {region: [JP]}",
    )
    path = SHIPPED / f"{name}.yaml"
    demanded = parse_guardrail(path.read_bytes(), name=path.name)
    tagged = replace(DATASET, tags=("accidents", "export-controlled"))
    found = check_guardrails(
        checked, {STAYS: tagged}, demanded, countries={"uni.example": "JP"}, provider=PROVIDER
    )
    assert found == ()
    shown = contract(grant("patient_id: {}, age: {}, diagnosis: {}"))
    assert check_guardrails(shown, {STAYS: tagged}, demanded, countries={}, provider=PROVIDER)
