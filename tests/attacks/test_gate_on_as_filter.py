"""ON as a filter: a key that is for joining alone, compared with a value of the attacker's choice.

expect: step 6, USE_NOT_GRANTED
effect: rows of one person or vehicle are found by a key that is never shown
source: Snowflake's join policies, beaten by enough attempts; DESIGN 8
"""

import pytest

from support.gate_cases import CONTRACT, allowed, refused, signed_contract

SIGNED = signed_contract(CONTRACT.replace("carrier: {use: [group]}", "carrier: {use: [join]}"))
MATCHED = [
    "b.carrier = a.carrier",
    "(a.carrier IS NOT DISTINCT FROM b.carrier)",
    "a.carrier = b.carrier AND a.origin = 'JFK'",
]
FOUND = [
    "a.carrier = 'UA'",
    "a.carrier = b.carrier AND a.carrier = 'UA'",
    "a.carrier = b.carrier AND b.carrier LIKE 'U%'",
    "a.carrier IN ('UA', 'OO') AND b.carrier = a.carrier",
    "a.carrier = b.carrier OR a.carrier = 'UA'",
    "(a.carrier = 'UA') = (b.origin IS NOT NULL)",
    "a.carrier || '' = b.carrier",
    "a.carrier <= b.carrier",
    "a.carrier = a.carrier AND a.origin = b.origin",
    "a.carrier BETWEEN b.carrier AND 'V'",
    "CASE a.carrier WHEN 'UA' THEN TRUE END",
    "a.carrier IS NULL",
]


@pytest.mark.parametrize("join", ["JOIN", "LEFT JOIN", "FULL JOIN"])
@pytest.mark.parametrize("condition", FOUND)
def test_key_for_joining_finds_no_rows_by_a_value(join, condition):
    sql = f"SELECT a.distance FROM flights AS a {join} flights AS b ON {condition}"
    refusal = refused(sql, signed=SIGNED)
    assert refusal.reason == "USE_NOT_GRANTED"
    assert refusal.clause == "grants.delays.columns.carrier.use"


@pytest.mark.parametrize("condition", MATCHED)
def test_key_for_joining_joins(condition):
    allowed(f"SELECT a.distance FROM flights AS a JOIN flights AS b ON {condition}", signed=SIGNED)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a.distance FROM flights AS a, flights AS b WHERE a.carrier = b.carrier",
        "SELECT carrier FROM flights AS a JOIN flights AS b USING (carrier)",
        "SELECT count(*) FROM flights AS a JOIN flights AS b USING (carrier) GROUP BY carrier",
        "SELECT 1 FROM flights AS a FULL JOIN flights AS b USING (carrier) WHERE carrier = 'UA'",
        "SELECT a.distance FROM flights AS a JOIN (SELECT 'UA' AS c) AS b ON a.carrier = b.c",
        "SELECT a.distance FROM flights AS a JOIN (SELECT 'UA') AS b(carrier) USING (carrier)",
        "SELECT a.distance FROM flights AS a FULL JOIN (SELECT 'UA') AS b(carrier) USING (carrier)",
        "WITH b AS (SELECT 'UA' AS c) SELECT a.fare FROM flights AS a JOIN b ON a.carrier = b.c",
        (
            "WITH b AS (SELECT 'UA' AS c), d AS (SELECT c FROM b UNION SELECT origin FROM flights) "
            "SELECT a.distance FROM flights AS a JOIN d ON a.carrier = d.c"
        ),
        (
            "SELECT a.distance FROM flights AS a JOIN (SELECT max(origin) AS c FROM flights) AS b "
            "ON a.carrier = b.c"
        ),
    ],
)
def test_key_for_joining_is_seen_nowhere_else(sql):
    assert refused(sql, signed=SIGNED).reason == "USE_NOT_GRANTED"
