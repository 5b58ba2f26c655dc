"""Laws of differences: nothing is missed, turning them around turns them, and narrowing narrows."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents.diff import diff, diff_facts, diff_page, verdict
from sekisho.documents.review import Language
from sekisho.model.contract import Contract, Grant
from support.drawn_contracts import contract_from, contracts, values_of


@given(contracts())
def test_a_contract_does_not_differ_from_itself(contract):
    assert diff(contract, contract) == ()
    assert verdict(diff(contract, contract)) == "same"


@given(contracts(), contracts())
def test_what_differs_is_told(first, second):
    assert bool(diff(first, second)) is (first != second)


@given(contracts(), contracts())
def test_turning_two_contracts_around_turns_every_direction(first, second):
    there, back = diff(first, second), diff(second, first)
    assert Counter((item.label, item.direction.turned) for item in there) == Counter(
        (item.label, item.direction) for item in back
    )


@given(contracts(), contracts())
def test_every_difference_can_be_said_in_both_languages_and_as_data(first, second):
    for lang in Language:
        page = diff_page(first, second, names=("one", "two"), lang=lang)
        facts = diff_facts(first, second, names=("one", "two"), lang=lang)
        assert json.loads(json.dumps(facts)) == facts
        lines = [line for line in page.splitlines() if line.startswith("  - [")]
        assert len(lines) == len(facts["differences"]) == len(diff(first, second))
        assert all(item["text"] in page for item in facts["differences"])


@given(values_of(Contract), values_of(Contract), st.data())
def test_what_is_changed_in_one_section_is_told_of_that_section(first, second, data):
    name = data.draw(st.sampled_from(sorted(second)))
    changed = {**first, name: second[name]}
    before, after = contract_from(first), contract_from(changed)
    found = diff(before, after)
    # What stands in where nothing is written may follow from another section.
    assert {item.steps[0] for item in found} <= {name, "sign_by"}
    assert bool(found) is (before != after)


@given(values_of(Grant), values_of(Grant), st.data())
def test_what_is_changed_in_one_field_of_a_grant_is_told_of_that_field(first, second, data):
    name = data.draw(st.sampled_from(sorted(set(second) - {"grant", "access", "datasets"})))
    changed = {**first, name: second[name]}
    before, after = (_with_grant(grant) for grant in (first, changed))
    told = {item.steps[:3] for item in diff(before, after)}
    assert told == ({("grants", first["grant"], name)} if before != after else set())


def _with_grant(grant):
    return contract_from(
        {
            "format": "sekisho.contract/v1",
            "title": "One",
            "parties": [
                {"party": "ua.example", "role": "provider"},
                {"party": "maker.example", "role": "consumer"},
            ],
            "purposes": [{"purpose": "quality", "means": "x"}],
            "term": {"starts": "2027-01-01", "ends": "2027-12-31", "timezone": "UTC"},
            "grants": [grant],
        }
    )
