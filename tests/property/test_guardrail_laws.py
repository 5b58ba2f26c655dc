"""Laws of guardrails: a rule more never allows more, and a conflict is one for every contract."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sekisho.model.dataset import Column, ColumnClass, Dataset
from sekisho.model.grants import Access, Grant, Use
from sekisho.model.guardrail import GuardrailRule, PlacedRule
from sekisho.model.guardrail_check import check_guardrails
from sekisho.model.guardrail_conflicts import check_conflicts, check_rule
from sekisho.model.guardrail_matching import bound_columns
from support.guardrails import PROVIDER, STAYS, contract, grant

CLASSES = ("health", "identifier")
TAGS = ("a", "b")
DATASET = Dataset(
    id=STAYS,
    columns=tuple(Column(name=item, type="", column_class=ColumnClass(item)) for item in CLASSES),
    tags=TAGS,
)
SOME = contract(grant("days: {}"))


def _some(values, least=0):
    """Some of the values, each at most once."""
    return st.sets(st.sampled_from(values), min_size=least).map(sorted)


MODES = [mode.value for mode in Access]
whens = st.fixed_dictionaries(
    {"column_class": _some(CLASSES), "tag": _some(TAGS), "access": _some(MODES)}
)
requires = st.fixed_dictionaries(
    {},
    optional={
        "access": _some(MODES, 1),
        "minimum_units": st.integers(3, 30),
        "round_counts_to": st.integers(2, 30),
        "uses": _some([use.value for use in Use], 1),
        "masks": st.just(["pseudonym"]),
    },
).filter(bool)
documents = st.builds(
    lambda when, require: {"rule": "x", "because": "x", "when": when, "require": require},
    whens,
    requires,
)


@st.composite
def placed_rules(draw):
    rule = GuardrailRule.model_validate_json(json.dumps(draw(documents)))
    at = draw(st.integers(1, 99))
    places = dict.fromkeys(("", "access", "minimum_units", "round_counts_to"), (at, 1))
    places |= {"uses": (at, 1), "masks": (at, 1)}
    return PlacedRule(rule=rule, file="g.yaml", at=0, places=places)


def _grant(mode, columns):
    value = {
        "grant": "x",
        "datasets": [STAYS],
        "access": mode,
        "columns": {name: {"use": ["measure"]} for name in columns},
    }
    return Grant.model_validate_json(json.dumps(value))


def _found(rules, granted):
    checked = SOME.model_copy(update={"grants": (granted,)})
    return set(check_guardrails(checked, {STAYS: DATASET}, rules, countries={}, provider=PROVIDER))


grants = st.builds(_grant, st.sampled_from(list(Access)), _some(CLASSES, 1))


@given(st.lists(placed_rules(), max_size=4), placed_rules(), grants)
def test_a_rule_more_never_allows_more(rules, another, granted):
    assert _found(rules, granted) <= _found([*rules, another], granted)


@given(st.lists(placed_rules(), max_size=4), grants)
def test_the_order_of_rules_does_not_matter(rules, granted):
    assert _found(rules, granted) == _found(list(reversed(rules)), granted)


@given(st.lists(placed_rules(), max_size=3), grants)
def test_a_rule_that_does_not_apply_says_nothing(rules, granted):
    silent = [item for item in rules if bound_columns(item.rule, granted, DATASET) is None]
    assert _found(silent, granted) == set()


@given(placed_rules(), placed_rules())
def test_rules_that_conflict_in_their_modes_are_met_by_no_grant(first, second):
    """Where a grant is touched by both, and its mode is bound by one of them."""
    if any(" `access` " in item.message for _, item in check_conflicts([first, second])):
        for mode in Access:
            assert _found([first, second], _grant(mode, CLASSES))


@given(placed_rules())
def test_a_rule_that_can_be_met_in_no_mode_is_told(placed):
    """Where it applies, and only there, its own modes decide."""
    told = {item.path for item in check_rule(placed.rule, "rules[0]")}
    applied = [
        mode
        for mode in placed.rule.when.access or Access
        if bound_columns(placed.rule, _grant(mode, CLASSES), DATASET) is not None
    ]
    is_met = [mode for mode in applied if mode in placed.rule.require.modes]
    assert ("rules[0].require" in told) is not bool(is_met)
