"""Finding out which planes an airline has, by whether a table of them matches.

expect: lookups, section 4 rule 3: one refusal in the same words, whatever it is that does not fit
effect: nothing tells which key is not there, how many are, or that a hidden row has one
source: DESIGN 9.2: match counts are never returned
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import Refused
from sekisho.model.query import QueryText
from support.lookups import BY_FAMILY, FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
HERE = tuple((plane(at), "here") for at in range(FLEET))
TABLES = {
    "one key that is not there": (*HERE, ("X000", "here")),
    "one key of a hidden row": (*HERE, ("N900", "here")),
    "no key that is there": tuple((f"X{at:03}", "here") for at in range(FLEET)),
    "a category of nine that are there": (
        *HERE[:51],
        *((key, "few") for key, _ in HERE[51:]),
        ("X000", "few"),
    ),
}


def told(companies, rows):
    """Bring a table that does not fit, and ask: what the consumer and the ledger are told."""
    contract = companies.agree(delays_text(must_match=True))
    digest = deliver(companies, contract, planes(rows))
    with pytest.raises(Refusal) as refused:
        ask(companies, contract, digest)
    with companies["ua"].records() as records:
        entry = records.ledger.get(records.ledger.head().size - 1)
    assert isinstance(entry.body, Refused)
    refusal = refused.value
    told = (refusal.reason, refusal.message, refusal.clause, refusal.hint, refusal.allowed)
    return told, (entry.body.reason, entry.body.clause)


def test_every_misfit_is_refused_in_the_same_words(airline):
    found = {name: told(airline, rows) for name, rows in TABLES.items()}
    assert len(set(found.values())) == 1, found
    (reason, message, *_), _ = next(iter(found.values()))
    assert reason is RefusalReason.LOOKUP_NOT_ALLOWED
    assert message == "the table `planes` does not fit the provider's rows"


def test_explaining_tells_the_same_of_every_table(airline):
    explained = set()
    for rows in (HERE, TABLES["no key that is there"], None):
        contract = airline.agree(delays_text(must_match=True))
        if rows is not None:
            deliver(airline, contract, planes(rows))
        peer = airline["maker"].peer_at(airline["ua"])
        found = peer.explain(contract, "reliability", QueryText(sql=BY_FAMILY))
        peer.close()
        explained.add((found.grant, tuple(found.clauses), found.plan, tuple(found.columns)))
    assert len(explained) == 1


def test_a_table_that_fits_is_answered(airline):
    contract = airline.agree(delays_text(must_match=True))
    (found,) = ask(airline, contract, deliver(airline, contract, planes(HERE)))
    assert found == {"family": "here", "n": FLEET * 3, "delay": 89.5}
