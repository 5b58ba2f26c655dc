"""OVER, QUALIFY and DISTINCT ON: what they give, and what they need of each column."""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import ProviderData, allowed, refused


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (("SELECT origin, row_number() OVER (PARTITION BY origin ORDER BY distance) AS n "
          "FROM flights ORDER BY 1, 2"), [("EWR", 1), ("EWR", 2), ("JFK", 1), ("JFK", 2)]),
        ("SELECT distance FROM flights QUALIFY rank() OVER (ORDER BY distance DESC) = 1",
         [(2586,)]),
        ("SELECT distance AS d, rank() OVER (ORDER BY d) AS r FROM flights QUALIFY r = 2",
         [(2454, 2)]),
        (("SELECT lag(distance, 1, 0) OVER w, sum(distance) OVER (w ROWS 1 PRECEDING) FROM flights "
          "WINDOW w AS (ORDER BY distance)"),
         [(0, 719), (719, 3173), (2454, 4929), (2475, 5061)]),
        (("SELECT count(*) OVER (ORDER BY flight_date RANGE BETWEEN INTERVAL 31 DAY PRECEDING "
          "AND CURRENT ROW) AS n FROM flights ORDER BY n"), [(2,), (2,), (4,), (4,)]),
        (("SELECT carrier, sum(arrival_delay) AS s, rank() OVER (ORDER BY s) AS r FROM flights "
          "GROUP BY carrier QUALIFY r = 1"), [("UA", -8, 1)]),
        (("SELECT last_value(departure_delay IGNORE NULLS) OVER (ORDER BY distance) FROM flights"),
         [(None,), (32767,), (5,), (-3,)]),
        ("SELECT sum(count(*)) OVER () FROM flights GROUP BY origin", [(4,), (4,)]),
        (("SELECT count(*) FILTER (WHERE late) OVER (PARTITION BY carrier) AS n FROM flights "
          "ORDER BY n"), [(1,), (1,), (1,), (1,)]),
        ("SELECT DISTINCT ON (origin) origin, distance FROM flights ORDER BY origin, distance",
         [("EWR", 719), ("JFK", 2475)]),
        ("SELECT DISTINCT ON (o) origin AS o, distance FROM flights ORDER BY o, distance DESC",
         [("EWR", 2454), ("JFK", 2586)]),
        ("SELECT DISTINCT ON (carrier) distance FROM flights ORDER BY distance", [(719,), (2475,)]),
        (("SELECT count(*) FROM (SELECT distance FROM flights "
          "QUALIFY ntile(2) OVER (ORDER BY distance) = 1) AS x"), [(2,)]),
        ("SELECT origin FROM flights ORDER BY row_number() OVER (ORDER BY distance) LIMIT 1",
         [("EWR",)]),
    ],
)  # fmt: skip
def test_window_gives_what_the_view_holds(data, sql, expected):
    assert data.run(allowed(sql))[1] == expected


def test_every_window_function_runs(data):
    calls = """
        row_number() rank() dense_rank() percent_rank() cume_dist() ntile(3) lag(distance)
        lead(distance,2,-1) first_value(distance) last_value(distance) nth_value(distance,2)
    """.split()
    outputs = ", ".join(f"{call} OVER (ORDER BY distance)" for call in calls)
    assert len(data.run(allowed(f"SELECT {outputs} FROM flights"))[1]) == 4


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("SELECT sum(arrival_delay) OVER () FROM flights", "arrival_delay"),
        ("SELECT sum(arrival_delay) OVER (PARTITION BY origin) FROM flights", "arrival_delay"),
        ("SELECT lag(carrier) OVER (ORDER BY origin) FROM flights", "carrier"),
        ("SELECT rank() OVER (ORDER BY carrier) FROM flights", "carrier"),
        ("SELECT rank() OVER (PARTITION BY upper(carrier)) FROM flights", "carrier"),
        ("SELECT count(*) FILTER (WHERE dep_hour > 1) OVER () FROM flights", "dep_hour"),
        ("SELECT count(*) OVER (PARTITION BY dep_hour) FROM flights", "dep_hour"),
        ("SELECT origin FROM flights QUALIFY carrier = 'UA' AND rank() OVER () = 1", "carrier"),
        ("SELECT DISTINCT ON (dep_hour) origin FROM flights", "dep_hour"),
        ("SELECT DISTINCT ON (upper(carrier)) origin FROM flights", "carrier"),
        ("SELECT origin, rank() OVER w FROM flights WINDOW w AS (ORDER BY carrier)", "carrier"),
    ],
)
def test_window_hands_out_values_and_needs_return(sql, column):
    refusal = refused(sql)
    assert refusal.reason is RefusalReason.USE_NOT_GRANTED
    assert refusal.clause == f"grants.delays.columns.{column}.use"


def test_partition_by_a_column_alone_groups():
    allowed("SELECT origin, count(*) OVER (PARTITION BY carrier) FROM flights")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT origin FROM flights GROUP BY origin HAVING rank() OVER () = 1", "stand in HAVING"),
        ("SELECT count(*) FROM flights GROUP BY rank() OVER ()", "a key of GROUP BY"),
        ("SELECT a.origin FROM flights AS a JOIN flights AS b ON rank() OVER () = 1",
         "stand in ON"),
        ("SELECT origin, rank() OVER () FROM flights GROUP BY ALL", "a SELECT with GROUP BY ALL"),
        ("SELECT DISTINCT ON (rank() OVER ()) origin FROM flights", "stand in DISTINCT ON"),
        ("SELECT upper(origin) OVER () FROM flights", "OVER stands after an aggregate"),
        ("SELECT rank() OVER (w ORDER BY fare) FROM flights WINDOW w AS (ORDER BY distance)",
         "is given twice what it has|does not read"),
        ("SELECT max(distance IGNORE NULLS) OVER () FROM flights", "IGNORE NULLS stands after"),
        ("SELECT sum(distance) OVER (ORDER BY origin RANGE 1 PRECEDING) FROM flights",
         "RANGE adds an interval"),
        ("SELECT sum(distance) OVER (ORDER BY flight_date RANGE 1 PRECEDING) FROM flights",
         "RANGE adds an interval"),
        ("SELECT sum(distance) OVER (ORDER BY fare, distance RANGE 1 PRECEDING) FROM flights",
         "RANGE with a distance needs one key"),
    ],
)  # fmt: skip
def test_window_where_none_may_stand_is_refused(sql, message):
    refusal = refused(sql)
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert any(part in refusal.message for part in message.split("|"))
