"""A WITH of a dataset's name, to make the engine read one thing and the gate another.

expect: steps 5 and 7: every relation is written as what it was resolved to
effect: the engine resolves the name to the raw dataset
source: names of WITH hide those of relations, from their definition on
"""

import re

import pytest

from support.gate_cases import ProviderData, allowed, refused


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize(
    "sql",
    [
        "WITH flights AS (SELECT origin FROM flights) SELECT * FROM flights",
        "WITH data AS (SELECT origin FROM flights) SELECT * FROM data",
        "WITH rows_of AS (SELECT origin FROM flights) SELECT * FROM rows_of",
        "WITH FLIGHTS AS (SELECT origin FROM Flights) SELECT * FROM fLights",
        (
            "WITH x AS (WITH flights AS (SELECT origin FROM flights) SELECT * FROM flights) "
            "SELECT * FROM x"
        ),
        "SELECT * FROM (WITH flights AS (SELECT origin FROM flights) SELECT * FROM flights) AS x",
        (
            "WITH a AS (SELECT origin FROM flights), flights AS (SELECT * FROM a) "
            "SELECT * FROM flights"
        ),
    ],
)
def test_what_is_read_is_the_granted_view_whatever_its_name(data, sql):
    plan = allowed(sql)
    raw = re.findall(r'"data"\."flights" AS "rows_of" WHERE NOT "rows_of"\."cancelled"', plan.sql)
    assert len(raw) == plan.sql.count('"data"."flights"') == 1
    assert plan.columns == ("origin",)
    assert sorted(data.run(plan)[1]) == [("EWR",), ("EWR",), ("JFK",), ("JFK",)]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH flights AS (SELECT origin FROM flights) SELECT remark FROM flights",
        "WITH flights AS (SELECT origin FROM flights) SELECT distance FROM flights",
        "WITH flights AS (SELECT origin FROM flights) SELECT remark FROM ua.flights",
        "WITH x AS (SELECT origin FROM flights) SELECT flights.remark FROM x AS flights",
        "SELECT remark FROM (SELECT origin FROM flights) AS flights",
    ],
)
def test_no_name_brings_a_hidden_column_back(sql):
    assert refused(sql).reason == "COLUMN_NOT_GRANTED"


def test_inner_relation_of_the_same_name_does_not_capture_an_outer_column(data):
    sql = """
        SELECT (SELECT count(*) FROM flights WHERE flights.distance < outside.distance) AS n
        FROM flights AS outside ORDER BY n
    """
    assert data.run(allowed(sql))[1] == [(0,), (1,), (2,), (3,)]
