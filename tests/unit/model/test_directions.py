"""Which of two values of a term allows more."""

import json

import pytest

from sekisho.model.conditions import LimitTerms, Termination
from sekisho.model.directions import Direction, Named, Parts
from sekisho.model.grants import Disclosure, Grant
from sekisho.model.obligations import OnwardTransfer
from sekisho.model.terms import fields_of

WIDER, NARROWER, OTHER, ALIKE = Direction


def direction(model, name, before, after):
    """Put one value in the place of another."""
    compared = next(item for item in fields_of(model) if item.name == name).clause.compared
    values = (
        getattr(model.model_validate_json(json.dumps({name: value} if value else {})), name)
        for value in (before, after)
    )
    return compared.direction(*values)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"max": 100, "per": "day"}, {"max": 100, "per": "day"}, ALIKE),
        ({"max": 100, "per": "day"}, {"max": 101, "per": "day"}, WIDER),
        ({"max": 100, "per": "day"}, {"max": 100, "per": "month"}, NARROWER),
        ({"max": 100, "per": "day"}, {"max": 101, "per": "month"}, OTHER),
        ({"max": 100, "per": "day"}, {"max": 3099, "per": "month"}, OTHER),
        ({"max": 100, "per": "day"}, {"max": 3100, "per": "month"}, WIDER),
        ({"max": 1, "per": "day"}, {"max": 366, "per": "year"}, WIDER),
        ({"max": 1, "per": "month"}, {"max": 12, "per": "year"}, WIDER),
        ({"max": 1, "per": "day"}, {"max": 10**6, "per": "term"}, OTHER),
        ({"max": 5, "per": "year"}, {"max": 5, "per": "term"}, NARROWER),
        ({"max": 5, "per": "day"}, None, WIDER),
        (None, {"max": 5, "per": "term"}, NARROWER),
        (None, None, ALIKE),
    ],
)
def test_a_limit_covers_those_that_keep_it(before, after, expected):
    assert direction(LimitTerms, "queries", before, after) is expected
    assert direction(LimitTerms, "queries", after, before) is expected.turned


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1, 10, NARROWER), (5, 15, NARROWER), (5, 10, OTHER), (4, 6, OTHER), (5, 5, ALIKE)],
)
def test_a_rounding_covers_those_that_follow_from_it(before, after, expected):
    assert direction(Disclosure, "round_counts_to", before, after) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("no-one", "listed", WIDER), ("listed", "with-consent", OTHER)],
)
def test_choices_that_differ_in_kind_are_not_compared(before, after, expected):
    assert direction(OnwardTransfer, "allowed", before, after) is expected


def test_whoever_else_may_end_a_contract_narrows_it():
    field = next(item for item in fields_of(Termination) if item.name == "for_convenience")
    assert isinstance(field.clause.compared, Parts)
    by = next(item for item in fields_of(type(field.default)) if item.name == "by").clause
    choices = type(field.default.by)
    assert by.compared.direction(choices.PROVIDERS, choices.ANY_PARTY) is NARROWER
    assert by.compared.direction(choices.PROVIDERS, choices.CONSUMERS) is OTHER
    assert by.compared.direction(choices.CONSUMERS, choices.NO_ONE) is WIDER


def test_every_comparison_has_words_for_people():
    columns = next(item for item in fields_of(Grant) if item.name == "columns").clause.compared
    assert columns.words == "one more widens"
    assert Parts(added=NARROWER).words == "writing it narrows"
    assert Parts().words == Named(added=OTHER).words == "see its parts"
