"""A contract that lets its consumer put chosen people into groups of its own.

expect: lookups, section 5: below the compiled-in floors, neither signed nor served
effect: no category stands for patients whom the consumer chose
source: DESIGN 9.2: keyed by things, never by people
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.border import offer
from support.lookups import FLEET, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
PEOPLES = delays_text().replace("personal_data: {class: none}\n", "")


def test_it_is_not_signed(airline, tmp_path):
    path = tmp_path / "people.contract.yaml"
    path.write_text(PEOPLES)
    linted = airline["maker"].run("contract", "lint", str(path))
    proposed = airline["maker"].run("contract", "propose", str(path))
    assert linted.code == proposed.code == 1
    for ran in (linted, proposed):
        assert "keyed by the privacy unit `tail_number`" in ran.out + ran.err


def test_it_is_not_served_although_all_have_signed(airline):
    payload = airline.proposal(PEOPLES)
    envelope = airline.signed_by(payload, "ua", "maker")
    offer(airline, envelope, by="maker", to="ua")
    table = planes(tuple((plane(at), "all") for at in range(FLEET)))
    with pytest.raises(Refusal) as refused:
        deliver(airline, envelope.digest, table)
    assert refused.value.reason is RefusalReason.SUSPENDED
