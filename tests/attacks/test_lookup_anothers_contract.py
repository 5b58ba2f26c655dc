"""A table sent under a contract of others, one that does not name it, or one that has ended.

expect: lookups, section 2 rule 1 refuses as a query is refused, and rule 2.2 what is not named
effect: nothing is kept, and a stranger does not learn whether the contract is there
source: DESIGN 6, 7: every call passes the same gate
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.border import unchanged
from support.lookups import FLEET, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
TABLE = planes(tuple((plane(at), "all") for at in range(FLEET)))


def refusal(companies, contract, content=TABLE, by="rival"):
    """Hand a table over, which must be refused and change nothing."""
    with unchanged(companies["ua"]), pytest.raises(Refusal) as refused:
        deliver(companies, contract, content, by=by)
    return refused.value


def test_anothers_contract_looks_like_one_that_is_not_there(airline):
    contract = airline.agree(delays_text())
    theirs = refusal(airline, contract)
    nobodys = refusal(airline, "sha256:" + "12" * 32)
    assert theirs.reason is nobodys.reason is RefusalReason.CONTRACT_NOT_FOUND
    assert (theirs.message, theirs.clause, theirs.hint) == (
        nobodys.message,
        nobodys.clause,
        nobodys.hint,
    )


def test_a_contract_that_names_no_table_takes_none(airline):
    text = delays_text()
    start, end = text.index("    lookups:"), text.index("    disclosure:")
    contract = airline.agree(text[:start] + text[end:])
    found = refusal(airline, contract, by="maker")
    assert found.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    assert found.clause == "grants"


def test_another_name_or_other_columns_are_not_the_contracts(airline):
    contract = airline.agree(delays_text())
    rows = tuple((plane(at), "all") for at in range(FLEET))
    for content in (
        planes(rows, name="ships"),
        planes(rows, key="origin"),
        planes(rows, columns={"model": "text"}),
        planes(tuple((key, 1) for key, _ in rows), columns={"family": "integer"}),
        planes(tuple(enumerate("a" * FLEET)), key_type="integer"),
    ):
        found = refusal(airline, contract, content, by="maker")
        assert found.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    with airline["ua"].records() as records:
        assert records.lookups.of_contract(contract) == ()


def test_a_contract_that_has_ended_takes_no_table(airline):
    contract = airline.agree(delays_text())
    ended = airline["ua"].run("contract", "terminate", contract, "--reason", "Over")
    assert ended.code == 0, ended.err
    assert refusal(airline, contract, by="maker").reason is RefusalReason.NOT_IN_FORCE
