"""Columns of a table that are named as the dataset's, as keywords, or as the node's own relations.

expect: names are quoted and looked up by their relation; nothing of the dataset is hidden or shown
effect: a bare name that could be both is refused; a category never stands for the dataset's cell
source: tests/attacks/test_gate_alias_shadows_column.py, for tables that come from outside
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.lookups import FLEET, ask, delays_text, deliver, plane, planes

pytestmark = pytest.mark.e2e
NAMES = ("departure_delay", "select", "cells_0", "k0", "u0", 'say "hi"', "; DROP TABLE x; --")
COLUMNS = "{" + ", ".join(f"'{name}': text" for name in NAMES) + "}"


@pytest.fixture(scope="module")
def brought(airline):
    contract = airline.agree(delays_text(columns=COLUMNS))
    columns = dict.fromkeys(NAMES, "text")
    rows = tuple((plane(at), *(f"v{name}" for name in NAMES)) for at in range(FLEET))
    return contract, deliver(airline, contract, planes(rows, columns=columns))


@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_the_tables_whatever_its_name(airline, brought, name):
    quoted = '"' + name.replace('"', '""') + '"'
    sql = (
        f"SELECT p.{quoted} AS category, avg(f.departure_delay) AS delay FROM flights AS f"
        f" JOIN planes AS p ON f.tail_number = p.tail_number GROUP BY p.{quoted}"
    )
    assert ask(airline, *brought, sql) == [{"category": f"v{name}", "delay": 89.5}]


def test_a_name_that_could_be_both_is_refused(airline, brought):
    sql = (
        "SELECT avg(departure_delay) FROM flights AS f JOIN planes AS p"
        " ON f.tail_number = p.tail_number"
    )
    with pytest.raises(Refusal) as refused:
        ask(airline, *brought, sql)
    assert refused.value.reason is RefusalReason.SYNTAX_NOT_ALLOWED


def test_the_datasets_column_is_not_shown_by_the_tables(airline, brought):
    sql = (
        "SELECT f.departure_delay, count(*) FROM flights AS f JOIN planes AS p"
        " ON f.tail_number = p.tail_number GROUP BY f.departure_delay"
    )
    with pytest.raises(Refusal) as refused:
        ask(airline, *brought, sql)
    assert refused.value.reason is RefusalReason.USE_NOT_GRANTED
