"""A plan that goes beyond a contract's limits is refused before anybody is asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.plan import Fragment
from sekisho.model.contract import CountLimit, LimitTerms, Period
from sekisho.server.allowances import Allowances
from support.federated import SIGNED

NOON = datetime(2026, 12, 15, 12, tzinfo=UTC)


def signed(**limits):
    contract = SIGNED.contract.model_copy(update={"limits": LimitTerms(**limits)})
    return replace(SIGNED, contract=contract)


def daily(most):
    return {"queries": CountLimit(max=most, per=Period.DAY)}


def plan(*parties):
    fragments = tuple(
        Fragment(
            name=f"fragment_{at}", party=f"{party}.example", sql=f"SELECT {at}", columns=("c",)
        )
        for at, party in enumerate(parties)
    )
    return SimpleNamespace(fragments=fragments)


def receipt(left, party="ua"):
    return SimpleNamespace(limits_left={"queries": left}, provider=f"{party}.example")


def refused(allowances, contract, asked, now=NOON):
    with pytest.raises(Refusal) as caught:
        allowances.check(contract, asked, now)
    assert caught.value.reason is RefusalReason.LIMIT_REACHED
    return caught.value


def test_more_at_once_than_a_provider_answers_is_refused_here():
    contract, allowances = signed(concurrent=2), Allowances()
    allowances.check(contract, plan("ua", "ua", "dl", "dl"), NOON)
    found = refused(allowances, contract, plan("ua", "ua", "dl", "dl", "dl"))
    assert found.clause == "limits.concurrent"
    assert "`dl.example` 3 things" in found.message


def test_more_queries_than_the_contract_has_are_refused_here():
    found = refused(Allowances(), signed(**daily(1)), plan("ua", "ua"))
    assert found.clause == "limits.queries"


def test_what_a_receipt_left_counts_within_its_day_and_at_its_provider():
    contract, allowances = signed(**daily(5)), Allowances()
    allowances.note(contract, receipt(1), asked_at=NOON)
    refused(allowances, contract, plan("ua", "ua"))
    allowances.check(contract, plan("ua", "dl", "dl"), NOON)
    allowances.check(contract, plan("ua", "ua"), NOON + timedelta(days=1))


def test_a_later_receipt_takes_the_place_of_an_earlier_one():
    contract, allowances = signed(**daily(5)), Allowances()
    allowances.note(contract, receipt(0), asked_at=NOON)
    refused(allowances, contract, plan("ua", "dl"))
    allowances.note(contract, receipt(5), asked_at=NOON + timedelta(days=1))
    allowances.check(contract, plan("ua", "dl"), NOON + timedelta(days=1))


def test_a_single_question_is_for_its_provider_to_refuse():
    contract, allowances = signed(**daily(5)), Allowances()
    allowances.note(contract, receipt(0), asked_at=NOON)
    allowances.check(contract, plan("ua"), NOON)


def test_a_contract_without_limits_allows_any_number():
    Allowances().check(SIGNED, plan(*("ua",) * 50), NOON)
