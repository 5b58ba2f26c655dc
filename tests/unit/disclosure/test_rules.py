"""Thresholds, complements and dominance, each at its edge."""

from dataclasses import replace

import pytest

from sekisho.disclosure.rules import (
    RULES,
    Facts,
    has_enough_beside,
    has_enough_units,
    has_no_dominant,
    may_be_published,
)
from sekisho.model.plan import Terms

TERMS = Terms(
    minimum_units=10, largest_percent=50, two_largest_percent=85, p_percent=10, round_counts_to=5
)
FINE = Facts(units=10, largest=10.0, second=10.0, size=100.0, apart=None)


@pytest.mark.parametrize(("units", "enough"), [(0, False), (9, False), (10, True), (11, True)])
def test_a_cell_has_as_many_units_as_are_asked_for(units, enough):
    assert has_enough_units(replace(FINE, units=units), TERMS) is enough


@pytest.mark.parametrize(
    ("apart", "enough"), [(None, True), (1, False), (9, False), (10, True), (0, False)]
)
def test_a_cell_differs_from_its_parents_in_nobody_or_in_enough(apart, enough):
    assert has_enough_beside(replace(FINE, apart=apart), TERMS) is enough


@pytest.mark.parametrize(
    ("largest", "second", "size", "fine"),
    [
        (50.0, 1.0, 100.0, True),
        (50.1, 1.0, 100.0, False),
        (50.0, 35.0, 100.0, True),
        (50.0, 35.1, 100.0, False),
        (0.0, 0.0, 0.0, True),
        (50.0, 45.0, 100.0, False),
        (float("inf"), 1.0, float("inf"), False),
        (float("nan"), 1.0, float("nan"), False),
    ],
)
def test_no_unit_and_no_two_make_up_too_much(largest, second, size, fine):
    facts = replace(FINE, largest=largest, second=second, size=size)
    assert has_no_dominant(facts, TERMS) is fine


@pytest.mark.parametrize(("rest", "fine"), [(4.99, False), (5.0, True)])
def test_the_second_largest_cannot_estimate_the_largest(rest, fine):
    terms = replace(TERMS, largest_percent=100, two_largest_percent=100)
    facts = replace(FINE, largest=50.0, second=50.0, size=100.0 + rest)
    assert has_no_dominant(facts, terms) is fine


def test_a_unit_alone_is_never_published_whatever_the_terms():
    terms = replace(TERMS, minimum_units=1, largest_percent=100, two_largest_percent=100)
    assert not may_be_published(
        Facts(units=1, largest=7.0, second=0.0, size=7.0, apart=None), terms
    )


def test_every_rule_must_hold():
    assert may_be_published(FINE, TERMS)
    broken = [replace(FINE, units=9), replace(FINE, apart=9), replace(FINE, largest=60.0)]
    assert len(broken) == len(RULES)
    for rule, facts in zip(RULES, broken, strict=True):
        assert not rule(facts, TERMS)
        assert not may_be_published(facts, TERMS)
        assert [item(facts, TERMS) for item in RULES].count(False) == 1
