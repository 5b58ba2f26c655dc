"""Texts in a table that would mean something in SQL, in JSON or to an engine's casts.

expect: a table's values reach an engine as one parameter and as nothing else
effect: each text comes back as it was brought, and groups by its characters
source: tests/attacks/test_gate_text_as_sql.py, for tables that come from outside
"""

import pytest

from support.lookups import FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
TEXTS = (
    '\'); DROP TABLE "lookup_planes"; --',
    '"]]; SELECT * FROM data.flights',
    "$m1",
    "NULL",
    "\\u0000 \\\\",
    "=cmd|' /C calc'!A0",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_text(airline, text):
    contract = airline.agree(delays_text())
    digest = deliver(airline, contract, planes(tuple((plane(at), text) for at in range(FLEET))))
    assert ask(airline, contract, digest) == [{"family": text, "n": FLEET * 3, "delay": 89.5}]


def test_a_value_that_is_not_there_is_a_category_too(airline):
    contract = airline.agree(delays_text())
    digest = deliver(airline, contract, planes(tuple((plane(at), None) for at in range(FLEET))))
    assert ask(airline, contract, digest) == [{"family": None, "n": FLEET * 3, "delay": 89.5}]


def test_keys_are_texts_too(airline):
    contract = airline.agree(delays_text())
    keys = [(plane(at), "here") for at in range(FLEET)]
    odd = [("' OR true --", "here"), ("%", "here"), ("N0__", "here")]
    digest = deliver(airline, contract, planes((*keys, *odd)))
    assert ask(airline, contract, digest) == [{"family": "here", "n": FLEET * 3, "delay": 89.5}]
