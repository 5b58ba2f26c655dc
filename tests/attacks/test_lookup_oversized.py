"""Tables of too many rows, too many bytes, or of parts that explode when they are read.

expect: lookups, section 1 rule 1 and section 2 rule 2.3; a larger message ends its call
effect: the node goes on answering, and keeps nothing
source: DESIGN 13: bounded everything
"""

import pytest

from sekisho.errors import Refusal, RefusalReason, SekishoError
from support.border import not_believed, unchanged
from support.lookups import FLEET, ask, delays_text, deliver, plane, planes, raw

pytestmark = pytest.mark.e2e
ALL = tuple((plane(at), "all") for at in range(FLEET))


def test_more_rows_than_the_contract_allows_are_refused(airline):
    contract = airline.agree(delays_text(max_rows=FLEET - 1))
    with unchanged(airline["ua"]), pytest.raises(Refusal) as refused:
        deliver(airline, contract, planes(ALL))
    assert refused.value.reason is RefusalReason.LOOKUP_NOT_ALLOWED
    assert "more than the contract's 59 rows" in refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        raw(f'[["N0","{"x" * 4_000_000}"]]'),
        raw("[" + ",".join(["[0]"] * 999_900) + "]"),
        raw("[" * 1_000_000),
        raw("[" + "9" * 3_900_000 + "]"),
        b"{" * 3_999_999,
        b"",
    ],
    ids=["bytes", "rows", "depth", "digits", "braces", "nothing"],
)
def test_what_cannot_be_read_is_refused_in_fixed_words(airline, content):
    contract = airline.agree(delays_text())
    with not_believed(airline["ua"]):
        deliver(airline, contract, content)
    digest = deliver(airline, contract, planes(ALL))
    assert ask(airline, contract, digest)


def test_a_message_that_is_too_large_is_not_received(airline):
    contract = airline.agree(delays_text())
    with unchanged(airline["ua"]), pytest.raises(SekishoError):
        deliver(airline, contract, raw(f'[["N0","{"x" * 5_000_000}"]]'))
