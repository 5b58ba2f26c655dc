"""A table whose categories single out one plane, or few.

expect: lookups, section 2 rule 2.5 refuses before it is kept; 4.4 leaves out what rows alone tell
effect: no figure of the plane; a table of coarser categories can still be brought
source: PRIVACY: thresholds without control over groups are decoration
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.border import unchanged
from support.lookups import FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e


def test_a_category_of_one_plane_is_not_taken(airline):
    contract = airline.agree(delays_text(must_match=True))
    rows = tuple((plane(at), "target" if at == 7 else "other") for at in range(FLEET))
    with unchanged(airline["ua"]), pytest.raises(Refusal) as refused:
        deliver(airline, contract, planes(rows))
    assert refused.value.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    assert refused.value.clause == "grants.delays.lookups.planes.rows"
    assert "target" not in refused.value.message + refused.value.hint
    deliver(airline, contract, planes(tuple((key, "all") for key, _ in rows)))


def test_a_category_padded_with_planes_that_are_not_there_looks_empty(airline):
    contract = airline.agree(delays_text())
    padding = tuple((f"X{at:03}", "target") for at in range(20))
    few = tuple((plane(at), "target") for at in range(9))
    rest = tuple((plane(at), "rest") for at in range(9, FLEET))
    digest = deliver(airline, contract, planes((*padding, *few, *rest)))
    found = ask(airline, contract, digest)
    assert [row["family"] for row in found] == ["rest"]
    asked = "SELECT count(*) AS n, avg(departure_delay) AS delay FROM flights JOIN planes"
    both = f"{asked} ON flights.tail_number = planes.tail_number"
    (total,) = ask(airline, contract, digest, both)
    assert total == {"n": found[0]["n"], "delay": found[0]["delay"]}
    (none,) = ask(airline, contract, digest, f"{both} WHERE planes.family = 'target'")
    (never,) = ask(airline, contract, digest, f"{both} WHERE planes.family = 'nothing'")
    assert none == never == {"n": None, "delay": None}


def test_two_columns_together_are_a_category(airline):
    contract = airline.agree(delays_text(columns="{family: text, half: text}", must_match=True))
    text = "text"
    rows = tuple((plane(at), f"f{at // 30}", f"h{at % 6}") for at in range(FLEET))
    with pytest.raises(Refusal, match="12 of 12 combinations"):
        deliver(airline, contract, planes(rows, columns={"family": text, "half": text}))
