"""A consumer that repeats, exchanges, overlaps or leaves out what it said of its answers.

expect: a number that is held already is refused unless it is the same document; a gap is named
effect: the provider's ledger holds one word about each answer, and each contradiction by name
source: docs/spec/ledger.md, acknowledgements
"""

from dataclasses import replace

import pytest

from sekisho.ledger.bodies import AcknowledgementCompared
from support.acknowledging import (
    acknowledgement,
    answered,
    bodies,
    differences,
    hand_over,
    signed,
)
from support.border import not_believed, unchanged
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = pytest.mark.e2e

SQL = "SELECT origin FROM flights LIMIT 3"


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    root = tmp_path_factory.mktemp("order")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "ua.parquet", 60)))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


class Told:
    """Two answers under a contract of their own, and what was said of them."""

    def __init__(self, companies):
        self.ua, self.maker = companies["ua"], companies["maker"]
        self.contract = companies.agree(contract_text())
        # Asked by hand, past the maker's node, whose schedule then has nothing to say.
        self.answers = [answered(self.maker, self.ua, self.contract, SQL) for _ in range(2)]

    def first(self, **changes):
        said = acknowledgement(self.maker, self.ua, self.contract, self.answers[0])
        return signed(self.maker, replace(said, **changes))

    def second(self, **changes):
        said = acknowledgement(
            self.maker,
            self.ua,
            self.contract,
            self.answers[1],
            number=1,
            previous=self.first_held.digest,
            through=3,
        )
        return signed(self.maker, replace(said, **changes))

    def hold_first(self):
        self.first_held = self.first()
        hand_over(self.maker, self.ua, self.first_held)
        return self

    def hand_over(self, envelope):
        hand_over(self.maker, self.ua, envelope)

    def waiting(self):
        with self.ua.records() as records:
            found = records.unacknowledged.awaited(self.ua.party)
        return sum(item.answers for item in found if item.channel.contract == self.contract)


@pytest.fixture
def told(companies):
    return Told(companies).hold_first()


def test_the_same_document_again_changes_nothing(told):
    with unchanged(told.ua):
        told.hand_over(told.first_held)
    assert told.waiting() == 1
    told.hand_over(told.second())
    with unchanged(told.ua):
        told.hand_over(told.first_held)
    assert told.waiting() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0, "previous": ""},
        {"previous": "sha256:" + "0" * 64},
        {"through": 1},
        {"through": 0},
    ],
    ids=["a number that is held", "another before it", "overlapping", "going back"],
)
def test_what_does_not_follow_is_refused(told, changes):
    with not_believed(told.ua):
        told.hand_over(told.second(**changes))
    assert told.waiting() == 1


def test_a_gap_is_named_and_what_was_left_out_comes_too_late(told):
    told.hand_over(told.second(number=2, previous="sha256:" + "0" * 64, through=5))
    assert differences(told.ua)[-1] == "missing"
    with not_believed(told.ua):
        told.hand_over(told.second(through=4))


def test_an_answer_that_is_acknowledged_twice_is_named(told):
    told.hand_over(told.second(answers=tuple(told.answers)))
    assert differences(told.ua)[-1] == "repeated"
    assert bodies(told.ua, AcknowledgementCompared)[-1].answers == 2
    assert told.ua.run("ledger", "verify").code == 0
