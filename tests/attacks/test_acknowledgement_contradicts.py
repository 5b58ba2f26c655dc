"""A consumer that signs something else than what left, or denies that it ever asked.

expect: taken over, since it is the consumer's word; each contradiction is named
effect: both words stand in the provider's ledger, which verifies, and its people see the difference
source: docs/spec/ledger.md, acknowledgements
"""

import json

import pytest

from sekisho.ledger.acknowledgement import Ending
from sekisho.ledger.differences import DifferenceKind
from support.acknowledging import (
    acknowledgement,
    answered,
    differences,
    hand_over,
    signed,
)
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = pytest.mark.e2e

SQL = "SELECT origin FROM flights LIMIT 3"


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    root = tmp_path_factory.mktemp("contradicts")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "ua.parquet", 60)))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


@pytest.fixture
def contract(companies):
    return companies.agree(contract_text())


NOTHING = {"rows": 0, "bytes": 0, "blake3": "", "verified": False}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"rows": 2}, "content"),
        ({"bytes": 7}, "content"),
        ({"blake3": "ab" * 32}, "content"),
        ({"request": "sha256:" + "0" * 64}, "not-recorded"),
        ({"ending": Ending.DENIED} | NOTHING, "outcome"),
        ({"ending": Ending.FAILED, "bytes": 2**40, "blake3": ""}, "outcome"),
        ({"ending": Ending.FAILED} | NOTHING, "not-arrived"),
    ],
)
def test_each_contradiction_is_named(companies, contract, changes, kind):
    ua, maker = companies["ua"], companies["maker"]
    true = answered(maker, ua, contract, SQL)
    told = type(true)(**({name: getattr(true, name) for name in true.__slots__} | changes))
    hand_over(maker, ua, signed(maker, acknowledgement(maker, ua, contract, told)))
    assert differences(ua)[-1] == kind
    listed = json.loads(ua.run("ledger", "list", "--differences", "--format", "json").out)[-1]
    assert (listed["kind"], listed["contract"]) == (kind, contract)
    assert listed["party"] == "maker.example"
    shown = ua.run("ledger", "show", str(listed["index"]))
    assert shown.code == 0, shown.err
    assert f"consumer     {told.state}, {told.rows} rows" in shown.out
    lines = json.loads(ua.run("status", "--format", "json").out)
    (line,) = [item for item in lines if item["name"] == "differences"]
    assert f"maker.example {kind}" in line["value"]
    assert ua.run("ledger", "verify").code == 0


def test_a_question_that_never_arrived_is_no_difference(companies, contract):
    ua, maker = companies["ua"], companies["maker"]
    true = answered(maker, ua, contract, SQL)
    void = type(true)(request="sha256:" + "1" * 64, ending=Ending.FAILED, **NOTHING)
    before = differences(ua)
    hand_over(maker, ua, signed(maker, acknowledgement(maker, ua, contract, true, void)))
    assert differences(ua) == before


def test_who_passes_an_answer_over_is_found_with_the_next_word(companies, contract):
    ua, maker = companies["ua"], companies["maker"]
    one, passed_over, running, two = (answered(maker, ua, contract, SQL) for _ in range(4))
    first = signed(maker, acknowledgement(maker, ua, contract, one, running=(running.request,)))
    before = differences(ua)
    hand_over(maker, ua, first)
    # What was asked in between may not have been known when the first was made.
    assert differences(ua) == before
    changes = {"number": 1, "previous": first.digest, "through": 5, "running": (running.request,)}
    hand_over(maker, ua, signed(maker, acknowledgement(maker, ua, contract, two, **changes)))
    assert differences(ua) == [*before, DifferenceKind.NOT_ASKED.value]
    listed = json.loads(ua.run("ledger", "list", "--differences", "--format", "json").out)[-1]
    assert (listed["request"], listed["consumer"]) == (passed_over.request, "")
    assert listed["provider"].startswith("answered, 3 rows")
