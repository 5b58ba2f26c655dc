"""Rules that no contract can meet together are told with both lines; others are left alone."""

import pytest

from sekisho.model.guardrail_conflicts import check_conflicts
from support.guardrails import rules


def _conflicts(*lines):
    return list(check_conflicts(rules(*lines)))


def test_a_conflict_names_both_lines():
    first = rules("when: {column_class: [health]}, require: {access: [rows]}", file="a.yaml")
    second = rules(
        "require: {combine: never}",
        "when: {column_class: [health]}, require: {access: [aggregate]}",
        file="b.yaml",
    )
    ((placed, found),) = check_conflicts((*first, *second))
    assert placed.file == "b.yaml"
    assert (found.line, found.path) == (5, "rules[1].require")
    assert found.message == (
        "no contract can meet both `access` of rule `r1` and a.yaml:4, rule `r0`"
    )
    assert found.hint


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("require: {access: [rows]}", "require: {access: [aggregate]}"),
        (
            "require: {access: [rows]}",
            "when: {column_class: [health]}, require: {access: [aggregate]}",
        ),
        (
            "when: {column_class: [health, personal]}, require: {access: [rows]}",
            "when: {column_class: [sensitive, health]}, require: {access: [aggregate]}",
        ),
        (
            "when: {tag: [a, b]}, require: {access: [rows]}",
            "when: {tag: [b], column_class: [health]}, require: {access: [match]}",
        ),
        ("require: {access: [rows, match]}", "require: {round_counts_to: 5}"),
        ("require: {access: [rows]}", "require: {largest_percent: 50}"),
        ("require: {masks: [pseudonym]}", "require: {masks: [{truncate: month}]}"),
        ("require: {uses: [join]}", "require: {uses: [group]}"),
        ("require: {consumer_countries: [JP]}", "require: {consumer_countries: [US]}"),
        ("require: {personal_data: [none]}", "require: {personal_data: [personal]}"),
        (
            "require: {obligations: {region: [JP]}}",
            "when: {access: [rows]}, require: {obligations: {region: [US]}}",
        ),
        (
            "require: {obligations: {publication: [prohibited]}}",
            "require: {obligations: {publication: [allowed], region: [JP]}}",
        ),
    ],
)
def test_two_rules_that_undo_each_other_are_told_in_either_order(first, second):
    assert len(_conflicts(first, second)) == 1
    assert len(_conflicts(second, first)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("require: {access: [rows, aggregate]}", "require: {access: [aggregate]}"),
        (
            "when: {column_class: [health]}, require: {access: [rows]}",
            "when: {column_class: [personal]}, require: {access: [aggregate]}",
        ),
        (
            "when: {column_class: [health]}, require: {access: [rows]}",
            "when: {tag: [accidents]}, require: {access: [aggregate]}",
        ),
        (
            "when: {tag: [a]}, require: {access: [rows]}",
            "when: {tag: [b]}, require: {access: [aggregate]}",
        ),
        (
            "when: {access: [rows]}, require: {masks: [pseudonym]}",
            "when: {access: [aggregate]}, require: {masks: [bucket]}",
        ),
        (
            "when: {column_class: [health]}, require: {access: [private]}",
            "when: {access: [rows]}, require: {masks: [pseudonym]}",
        ),
        ("require: {minimum_units: 10}", "require: {minimum_units: 20}"),
        ("require: {combine: never}", "require: {combine: allowed}"),
        ("require: {masks: [truncate]}", "require: {masks: [{truncate: year}, bucket]}"),
    ],
)
def test_rules_that_can_both_be_met_are_no_conflict(first, second):
    assert _conflicts(first, second) == []
    assert _conflicts(second, first) == []


def test_where_a_mode_stays_open_the_other_requirements_are_compared_in_it():
    """The first rule allows rows alone, so it matters only what the second wants of rows."""
    first = "require: {access: [rows], uses: [join]}"
    assert _conflicts(first, "when: {access: [rows]}, require: {uses: [group]}")
    assert not _conflicts(first, "when: {access: [match]}, require: {uses: [group]}")
