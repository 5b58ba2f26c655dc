"""UNION, INTERSECT and EXCEPT, as a whole query and inside one."""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import ProviderData, allowed, refused


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT origin FROM flights UNION SELECT destination FROM flights ORDER BY 1",
         [("EWR",), ("JFK",), ("LAX",), ("ORD",), ("SFO",)]),
        (("SELECT origin AS o FROM flights UNION ALL SELECT destination FROM flights "
         "ORDER BY o DESC LIMIT 2 OFFSET 1"), [("ORD",), ("LAX",)]),
        (("SELECT origin FROM flights INTERSECT ALL SELECT origin FROM flights "
          "WHERE late ORDER BY 1"),
         [("EWR",), ("JFK",)]),
        ("SELECT destination FROM flights EXCEPT SELECT 'LAX' ORDER BY 1", [("ORD",), ("SFO",)]),
        # INTERSECT comes first, as everywhere.
        (("SELECT 'x' AS v FROM flights UNION SELECT origin FROM flights INTERSECT "
         "SELECT 'JFK' ORDER BY v"), [("JFK",), ("x",)]),
        (("WITH w AS (SELECT origin FROM flights UNION SELECT destination FROM flights) "
         "SELECT count(*) FROM w"), [(5,)]),
        ("SELECT count(*) FROM (SELECT origin FROM flights EXCEPT ALL SELECT 'JFK') AS q(o)",
         [(3,)]),
        (("SELECT count(*) FROM flights WHERE origin IN "
         "(SELECT destination FROM flights UNION SELECT 'JFK')"), [(2,)]),
        (("SELECT distance FROM flights UNION SELECT fare FROM flights WHERE fare > 240 ORDER BY 1 "
         "LIMIT 1"), [(249,)]),
        (("(SELECT origin FROM flights ORDER BY distance LIMIT 1) UNION ALL "
         "(SELECT origin FROM flights ORDER BY distance DESC LIMIT 1)"), [("EWR",), ("JFK",)]),
        ("WITH a AS (SELECT 'q' AS v) SELECT v FROM a UNION SELECT origin FROM flights ORDER BY 1",
         [("EWR",), ("JFK",), ("q",)]),
        (("SELECT carrier, count(*) FROM flights GROUP BY carrier UNION ALL "
         "SELECT 'all', count(*) FROM flights ORDER BY 2 DESC, 1"),
         [("all", 4), ("OO", 2), ("UA", 2)]),
    ],
    ids=range(12),
)  # fmt: skip
def test_set_operation_gives_what_the_view_holds(data, sql, expected):
    assert data.run(allowed(sql))[1] == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT origin FROM flights UNION SELECT origin, distance FROM flights",
         "UNION stands between 1 and 2 columns"),
        ("SELECT departed FROM flights UNION SELECT flight_date FROM flights", "do not meet"),
        ("SELECT late FROM flights EXCEPT SELECT departed FROM flights", "do not meet"),
        ("SELECT origin FROM flights UNION SELECT destination FROM flights ORDER BY upper(origin)",
         "ORDER BY after UNION takes outputs"),
        ("SELECT origin FROM flights UNION SELECT destination FROM flights ORDER BY 2",
         "ORDER BY after UNION takes outputs"),
        ("SELECT origin AS x, destination AS x FROM flights UNION SELECT '', '' ORDER BY x",
         "`x` names two columns"),
    ],
)  # fmt: skip
def test_sides_that_do_not_fit_are_refused(sql, message):
    refusal = refused(sql)
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert message in refusal.message


def test_each_side_is_behind_the_view():
    plan = allowed("SELECT origin FROM flights UNION ALL SELECT destination FROM flights")
    assert plan.sql.count('WHERE NOT "rows_of"."cancelled"') == 2
    assert plan.columns == ("origin",)
