"""A table with a key that is NULL, to meet rows that have none.

expect: lookups, section 1 rule 4 does not read it, in fixed words; nothing is kept
effect: no row without a plane is counted
source: DESIGN 9.2: keys unique and not null
"""

import pytest

from support.border import not_believed
from support.lookups import delays_text, deliver, raw

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "rows", ['[[null,"a"]]', '[[null,"a"],["N000","a"]]', '[["N000","a"],[null,"a"]]']
)
def test_a_key_that_is_null_is_not_read(airline, rows):
    contract = airline.agree(delays_text())
    with not_believed(airline["ua"]):
        deliver(airline, contract, raw(rows))
    with airline["ua"].records() as records:
        assert records.lookups.of_contract(contract) == ()
