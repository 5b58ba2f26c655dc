"""Many random groupings of the same planes, whose sums are a system of equations.

expect: lookups, section 2 rule 3: the first content that a request names is the contract's only one
effect: one grouping is answered, 32 are refused, whoever of the consumers brings them
source: PRIVACY: 33 random groupings of 2,961 patients told the value of each
"""

import random

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import Taken
from support.lookups import FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e


def grouping(seed: int) -> bytes:
    """Divide the fleet into halves at random."""
    keys = [plane(at) for at in range(FLEET)]
    random.Random(seed).shuffle(keys)
    return planes(tuple((key, f"half{at % 2}") for at, key in enumerate(keys)))


def test_one_grouping_of_33_is_taken(airline):
    contract = airline.agree(delays_text(consumers=("rival", "maker")))
    digest = deliver(airline, contract, grouping(0))
    assert len(ask(airline, contract, digest)) == 2
    for seed in range(1, 33):
        with pytest.raises(Refusal) as refused:
            deliver(airline, contract, grouping(seed), by="rival" if seed % 2 else "maker")
        assert refused.value.reason is RefusalReason.LOOKUP_NOT_ALLOWED
        assert "amendment" in refused.value.hint
    assert deliver(airline, contract, grouping(0), by="rival") == digest
    assert ask(airline, contract, digest, by="rival") == ask(airline, contract, digest)
    with airline["ua"].records() as records:
        taken = [
            entry.body
            for entry in records.ledger.entries()
            if isinstance(entry.body, Taken) and entry.link.channel.contract == contract
        ]
    assert {item.digest for item in taken} == {digest}
    assert len(taken) == 2


def test_of_groupings_that_take_each_other_s_place_one_is_ever_asked_with(airline):
    contract = airline.agree(delays_text())
    *replaced, last = (deliver(airline, contract, grouping(seed)) for seed in range(4))
    assert len(ask(airline, contract, last)) == 2
    with pytest.raises(Refusal, match="another table `planes` was brought first"):
        deliver(airline, contract, grouping(0))
    for digest in replaced:
        with pytest.raises(Refusal, match="another table"):
            ask(airline, contract, digest)


def test_what_does_not_fit_cannot_be_tried_again(airline):
    contract = airline.agree(delays_text(must_match=True))
    first = planes(tuple((plane(at), "all") for at in range(FLEET + 1)))
    digest = deliver(airline, contract, first)
    with pytest.raises(Refusal, match="does not fit"):
        ask(airline, contract, digest)
    with pytest.raises(Refusal, match="another table"):
        deliver(airline, contract, planes(tuple((plane(at), "all") for at in range(FLEET))))
