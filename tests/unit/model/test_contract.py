"""The defaults of the format's first version never change, whatever a release does."""

import pytest
from pydantic import ValidationError

from sekisho.documents.reference import contract_models
from sekisho.model.contract import Access, ColumnGrant, Disclosure, Grant, PartyTerm, Role, Use
from sekisho.model.terms import Label, fields_of

DEFAULTS = {
    "Amendment.charges": "carried-over",
    "Audit.notice_days": 30,
    "Audit.per_year": 1,
    "ColumnGrant.use": frozenset(),
    "Commercial.per": "term",
    "Commercial.warranty": "as-is",
    "Confidentiality.years": 5,
    "Contract.other_terms": (),
    "Deletion.after": "end-of-term",
    "Deletion.certificate": "required",
    "Deletion.within_days": 90,
    "DerivedData.owner": "consumer",
    "DerivedData.publication": "with-consent",
    "DerivedData.trained_models": "with-consent",
    "Disclosure.minimum_units": 10,
    "Disclosure.round_counts_to": 5,
    "Dominance.largest_percent": 50,
    "Dominance.p_percent": 10,
    "Dominance.two_largest_percent": 85,
    "EndingRight.by": "any-party",
    "EndingRight.notice_days": 0,
    "EvidenceTerms.requests": "signed",
    "Grant.functions": ("count", "sum", "avg", "stddev"),
    "Grant.lookups": (),
    "Grant.privacy_units": (),
    "Lookup.must_match": True,
    "Lookup.provider_may": "nothing-else",
    "Obligations.incident_notice_hours": 24,
    "Obligations.region": (),
    "Obligations.reidentification": "prohibited",
    "Obligations.reverse_engineering": "prohibited",
    "OnwardTransfer.affiliates": (),
    "OnwardTransfer.allowed": "no-one",
    "OnwardTransfer.processors": (),
    "PersonalData.class": "not-stated",
    "Prevails.access": "this-contract",
    "Prevails.everything_else": "this-contract",
    "Termination.scope": "own-part",
    "Termination.survives": ("reidentification", "delete", "confidentiality"),
}
"""Every default that is a plain value; the others are nothing, or a part made of these."""
REQUIRED = {"format", "title", "parties", "purposes", "term", "grants"}


def _fields():
    return [(model, field) for model in contract_models() for field in fields_of(model)]


def test_defaults_are_frozen_with_the_format():
    plain = {
        f"{model.__name__}.{field.name}": field.default
        for model, field in _fields()
        if not field.is_required and field.default is not None
        if type(field.default).__name__ not in {model.__name__ for model in contract_models()}
    }
    assert plain == DEFAULTS


def test_parts_by_default_are_their_own_defaults():
    for _, field in _fields():
        if field.default is not None and not field.is_required:
            kind = type(field.default)
            if kind in contract_models():
                assert field.default == kind()


def test_what_must_be_written_stays_the_same():
    contract = contract_models()[0]
    assert {field.name for field in fields_of(contract) if field.is_required} == REQUIRED


def test_every_field_has_a_label_and_words_in_both_languages():
    for model, field in _fields():
        assert field.clause.label in Label, model
        assert field.clause.en.isascii(), field.clause.en
        assert not field.clause.ja.isascii(), field.clause.ja


def test_return_implies_every_other_use():
    column = ColumnGrant(use=frozenset({Use.RETURN}))
    assert column.uses(Access.ROWS) == frozenset(Use)


def test_column_of_rows_is_returned_unless_it_says_otherwise():
    assert ColumnGrant().uses(Access.ROWS) == frozenset(Use)
    assert ColumnGrant(use=frozenset({Use.FILTER})).uses(Access.ROWS) == {Use.FILTER}


def test_column_outside_rows_has_no_use_by_default():
    assert ColumnGrant().uses(Access.AGGREGATE) == frozenset()


def test_protecting_modes_have_conditions_of_release_even_when_none_are_written():
    def grant(access):
        return Grant(grant="x", datasets=("a.example/x",), access=access, columns={})

    with pytest.raises(ValidationError):
        grant(Access.ROWS)
    columns = {"x": ColumnGrant()}
    made = {
        access: Grant(grant="x", datasets=("a.example/x",), access=access, columns=columns)
        for access in Access
    }
    assert made[Access.ROWS].effective_disclosure is None
    assert made[Access.AGGREGATE].effective_disclosure == Disclosure()
    served = {access for access, item in made.items() if item.is_served}
    assert served == {Access.ROWS, Access.AGGREGATE}


def test_alias_left_out_is_the_first_label():
    party = PartyTerm(party="west-hospital.example", role=Role.CONSUMER)
    assert party.effective_alias == "west_hospital"


def test_a_read_part_cannot_be_changed():
    with pytest.raises(ValidationError):
        Disclosure().minimum_units = 1
