"""Questions are written as the gate reads them, and totals read as attackers may."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from sekisho.disclosure.attacks.attack import Wanted
from sekisho.disclosure.attacks.knowledge import Cut
from sekisho.disclosure.attacks.writing import conditions, literal, select, total
from support.attackers import EXACT, Table, brief_of

TABLE = Table(
    ("age", "ward"), [(p, p % 7, ("a", "b", "o'c")[p % 3], p % 2) for p in range(60)], secret="ill"
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        (-1.5, "-1.5"),
        ("it's", "'it''s'"),
        (date(2026, 12, 1), "DATE '2026-12-01'"),
        (datetime(2026, 12, 1, 8), "TIMESTAMP '2026-12-01 08:00:00'"),  # noqa: DTZ001
    ],
)
def test_value_is_written_as_queries_name_it(value, text):
    assert literal(value) == text


def test_neighbouring_numbers_are_a_range_and_others_a_list():
    known = TABLE.truth().known
    near = Cut(fixed=((1, "o'c"),), column=0, values=(2, 3, 4))
    apart = Cut(fixed=(), column=0, values=(2, 4))
    words = Cut(fixed=(), column=1, values=("a", "b"))
    assert conditions(known, near) == ["\"ward\" = 'o''c'", '"age" BETWEEN 2 AND 4']
    assert conditions(known, apart) == ['"age" IN (2, 4)']
    assert conditions(known, words) == ["\"ward\" IN ('a', 'b')"]


def test_secret_is_filtered_on_or_summed_up():
    measured = brief_of(TABLE.truth(), Wanted.SECRETS)
    named = brief_of(TABLE.truth(value=1), Wanted.SECRETS)
    assert select(named, ["age = 3"], by=(1,)).sql == (
        'SELECT "ward", count(*) AS n FROM tests WHERE age = 3 AND "ill" = 1 GROUP BY "ward"'
    )
    assert select(measured, []).sql == 'SELECT count("ill") AS n, avg("ill") AS s FROM tests'


def test_total_is_a_mean_times_the_rows_that_are_known():
    brief = brief_of(TABLE.truth(), Wanted.SECRETS)
    exact = replace(brief, rules=EXACT)
    sums = replace(brief, rules=replace(brief.rules, functions=frozenset({"count", "sum"})))
    assert total(brief, (95, 0.5), rows=96) == 48
    assert total(brief, (50, 0.5), rows=96) == 25
    assert total(brief, (None, 0.5), rows=96) == 48
    assert total(brief, (95, None), rows=96) is None
    assert total(exact, (0, None), rows=0) == 0
    assert total(sums, (95, 47.5), rows=96) == 47.5
