"""A request that names another table than the one that was brought, none, or one too many.

expect: lookups, section 3 rule 2 refuses, before anything is charged, and the refusal is recorded
effect: the answer cannot rest on a table that the signed request does not name
source: DESIGN 7: a request is signed over the digests of its lookups
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import Refused
from support.asking import fetch
from support.lookups import BY_FAMILY, FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
OTHER = "sha256:" + "00" * 32
COUNT = "SELECT count(*) AS n FROM flights"


@pytest.fixture(scope="module")
def brought(airline):
    contract = airline.agree(delays_text())
    rows = tuple((plane(at), "all") for at in range(FLEET))
    return contract, deliver(airline, contract, planes(rows))


@pytest.mark.parametrize(
    ("lookups", "sql", "words"),
    [
        (lambda _: {"planes": OTHER}, BY_FAMILY, "another table `planes` was brought first"),
        (lambda _: None, BY_FAMILY, "the request does not name it"),
        (lambda digest: {"ships": digest}, BY_FAMILY, "the request does not name it"),
        (lambda digest: {"planes": digest, "ships": OTHER}, BY_FAMILY, "does not join"),
        (lambda digest: {"planes": digest}, COUNT, "does not join"),
    ],
)
def test_only_the_table_that_was_brought_is_joined(airline, brought, lookups, sql, words):
    contract, digest = brought
    named = lookups(digest)
    ua = airline["ua"]
    with pytest.raises(Refusal, match=words) as refused:
        fetch(airline["maker"], ua, contract, sql, lookups=named)
    assert refused.value.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    with ua.records() as records:
        body = records.ledger.get(records.ledger.head().size - 1).body
    assert isinstance(body, Refused)
    assert body.lookups == named
    assert body.clause.startswith("grants.delays.lookups.")


def test_a_table_that_was_not_brought_is_not_there(airline):
    contract = airline.agree(delays_text())
    with pytest.raises(Refusal, match="has not been brought"):
        ask(airline, contract, OTHER)
    with airline["ua"].records() as records:
        under = [
            entry.body
            for entry in records.ledger.entries()
            if entry.link and entry.link.channel.contract == contract
        ]
    assert [type(body) for body in under] == [Refused]
