"""An alias that bears another column's name, to be taken for it.

expect: step 5: an alias is written out as the expression it names; step 6 looks at that
effect: a column is used where its grant does not let it be
source: DuckDB looks at columns before aliases, in ORDER BY at aliases first, in HAVING by keys
"""

import pytest

from support.gate_cases import ProviderData, allowed, refused


@pytest.fixture(scope="module")
def data():
    return ProviderData()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT arrival_delay AS origin FROM flights",
        "SELECT carrier AS origin FROM flights GROUP BY origin",
        "SELECT origin AS o, carrier AS x FROM flights WHERE x = 'UA'",
        "SELECT sum(arrival_delay) AS s, arrival_delay AS t FROM flights GROUP BY t",
        "SELECT dep_hour AS origin FROM flights ORDER BY origin",
        "SELECT count(*) AS n, carrier AS c FROM flights GROUP BY c HAVING c = 'UA'",
        "SELECT carrier AS c, c || 'x' AS d, count(*) FROM flights GROUP BY 1, 2",
        "SELECT carrier, count(*) FROM flights GROUP BY carrier ORDER BY upper(carrier)",
    ],
)
def test_use_follows_the_column_not_the_name(sql):
    assert refused(sql).reason == "USE_NOT_GRANTED"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 'x' AS origin, count(*) FROM flights WHERE origin = 'JFK' GROUP BY 1", [("x", 2)]),
        ("SELECT -distance AS distance FROM flights WHERE distance = 719", [(-719,)]),
        ("SELECT -distance AS fare, fare AS d FROM flights WHERE distance = 2586", [(-2586, 249)]),
        ("SELECT -distance AS distance FROM flights ORDER BY distance LIMIT 1", [(-2586,)]),
        ("SELECT -distance AS distance FROM flights ORDER BY abs(distance) LIMIT 1", [(-719,)]),
        (("SELECT origin, max(distance) AS distance FROM flights GROUP BY origin "
         "HAVING distance > 2500"), [("JFK", 2586)]),
        ("SELECT -distance AS late FROM flights WHERE late IS NULL", [(-719,)]),
    ],
)  # fmt: skip
def test_meaning_is_the_engines_own(data, sql, expected):
    assert data.run(allowed(sql))[1] == expected
    view = "(SELECT * FROM data.flights WHERE NOT cancelled) AS flights"
    plain = data.connection.sql(sql.replace("FROM flights", f"FROM {view}"))
    assert plain.fetchall() == expected
