"""What the gate allows: plans that read the granted view and nothing else, and what they give."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from sekisho.errors import RefusalReason
from sekisho.gate.decide import decide
from sekisho.model.contract import Use
from sekisho.model.names import ContractId
from sekisho.model.query import Query
from support.gate_cases import (
    DATASETS,
    PARSER,
    PROVIDER,
    SIGNED,
    ProviderData,
    allowed,
    refused,
    signed_contract,
)

NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001  as an engine gives a timestamp without zone


@pytest.fixture(scope="module")
def data():
    return ProviderData()


def rows(data, sql):
    return data.run(allowed(sql))[1]


def test_star_means_the_columns_that_may_be_returned():
    plan = allowed("SELECT * FROM flights")
    assert plan.columns == (
        "origin",
        "destination",
        "departure_delay",
        "distance",
        "fare",
        "late",
        "departed",
        "flight_date",
        "tail_number",
        "seats",
    )


def test_plan_reads_the_columns_it_needs_and_no_others():
    plan = allowed("SELECT origin FROM flights WHERE distance > 1000")
    read = set(re.findall(r'"rows_of"\."(\w+)"', plan.sql))
    assert read == {"origin", "distance", "cancelled"}


def test_plan_names_its_clauses_dataset_and_grant():
    plan = allowed("SELECT origin, count(*) FROM flights GROUP BY origin")
    assert plan.clauses == (
        "purposes.reliability",
        "grants.delays.datasets",
        "grants.delays.access",
        "grants.delays.where",
        "grants.delays.columns.origin",
    )
    assert plan.datasets == ("ua.example/flights",)
    assert plan.grant == "delays"
    assert not plan.pseudonyms


def test_row_filter_hides_rows_for_which_it_is_false_or_null(data):
    assert rows(data, "SELECT count(*) FROM flights") == [(4,)]
    data.connection.execute("UPDATE data.flights SET cancelled = NULL WHERE flight_number = 4")
    assert rows(data, "SELECT count(*) FROM flights") == [(3,)]
    data.connection.execute("UPDATE data.flights SET cancelled = false WHERE flight_number = 4")


def test_texts_are_parameters_and_numbers_are_not():
    plan = allowed("SELECT origin FROM flights WHERE origin = 'JFK''; --' AND distance > 7")
    assert plan.parameters == {"p0": "JFK'; --"}
    assert "JFK" not in plan.sql
    assert "> 7" in plan.sql


def test_equal_texts_are_one_parameter(data):
    sql = "SELECT origin || 'x' AS k, count(*) FROM flights GROUP BY origin || 'x' ORDER BY k"
    assert allowed(sql).parameters == {"p0": "x"}
    assert rows(data, sql) == [("EWRx", 2), ("JFKx", 2)]


def test_caller_cannot_name_a_key_or_a_parameter():
    plan = allowed("SELECT '$k1' AS x, '$p0' AS y FROM flights")
    assert sorted(plan.parameters.values()) == ["$k1", "$p0"]


@pytest.mark.parametrize("name", ["flights", "ua.flights", "sekisho.ua.flights", "UA.Flights"])
def test_dataset_is_named_bare_or_by_its_own_schema(name):
    plan = allowed(f"SELECT {name}.origin FROM {name}")
    assert plan.columns == ("origin",)


def test_names_do_not_depend_on_case(data):
    assert rows(data, 'SELECT DISTINCT "ORIGIN" FROM FLIGHTS AS F ORDER BY f.Origin') == [
        ("EWR",),
        ("JFK",),
    ]


def test_masks_stand_in_place_of_values(data):
    first, *_ = rows(data, "SELECT flight_date, seats, tail_number FROM flights ORDER BY distance")
    assert str(first[0]) == "2026-02-01"
    assert first[1] == 200
    assert re.fullmatch(r"[0-9a-f]{64}", first[2])
    assert allowed("SELECT tail_number FROM flights").pseudonyms


def test_filters_see_masked_values(data):
    assert rows(data, "SELECT count(*) FROM flights WHERE tail_number = 'N1'") == [(0,)]
    assert rows(data, "SELECT count(*) FROM flights WHERE seats = 150") == [(0,)]
    assert rows(data, "SELECT count(*) FROM flights WHERE flight_date = '2026-01-01'") == [(2,)]


def test_same_value_has_the_same_pseudonym(data):
    sql = "SELECT tail_number, count(*) FROM flights GROUP BY tail_number ORDER BY 2 DESC"
    assert [row[1] for row in rows(data, sql)] == [2, 1, 1]


def test_enumerated_column_is_text(data):
    types, _ = data.run(allowed("SELECT carrier, count(*) FROM flights GROUP BY carrier"))
    assert types[0] == "VARCHAR"


def test_key_filter_and_measure_work_within_their_uses(data):
    sql = """
        SELECT carrier, sum(arrival_delay) AS total, count(DISTINCT arrival_delay)
        FROM flights WHERE dep_hour BETWEEN 3 AND 12 GROUP BY carrier ORDER BY carrier
    """
    assert rows(data, sql) == [("OO", 9, 1), ("UA", -8, 2)]


@pytest.mark.parametrize("by", ["carrier", "1", "ALL", "c", "(carrier)", "flights.carrier"])
def test_key_may_be_named_in_every_way(by):
    allowed(f"SELECT carrier AS c, count(*) FROM flights GROUP BY {by} ORDER BY c, 2, count(*)")


def test_inner_output_may_be_used_freely(data):
    sql = """
        WITH per AS (SELECT carrier, count(*) AS n FROM flights GROUP BY carrier)
        SELECT upper(carrier), n * 2 FROM per WHERE carrier = 'UA'
    """
    assert rows(data, sql) == [("UA", 4)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM flights AS f WHERE f.origin LIKE 'J%'", [(2,)]),
        (("SELECT CASE WHEN late THEN 'y' ELSE 'n' END AS k, count(*) FROM flights GROUP BY k "
         "ORDER BY k"), [("n", 2), ("y", 2)]),
        ("SELECT DISTINCT origin FROM flights ORDER BY origin DESC LIMIT 1", [("JFK",)]),
        ("SELECT origin FROM flights ORDER BY distance DESC LIMIT 1 OFFSET 1", [("JFK",)]),
        ("SELECT max(distance) FROM (SELECT distance FROM flights WHERE late) AS x", [(2475,)]),
        ("SELECT (SELECT max(distance) FROM flights) AS m, count(*) FROM flights", [(2586, 4)]),
        (("SELECT count(*) FROM flights AS f WHERE EXISTS "
         "(SELECT 1 FROM flights AS g WHERE g.distance > f.distance)"), [(3,)]),
        ("SELECT count(*) FROM flights WHERE origin IN (SELECT origin FROM flights WHERE late)",
         [(4,)]),
        ("FROM flights SELECT count(*)", [(4,)]),
        (("SELECT date_trunc('year', flight_date) AS y, count(*) FROM flights GROUP BY y "
         "HAVING count(*) > 3"), [(NEW_YEAR, 4)]),
        ("SELECT extract(year FROM flight_date) AS y FROM flights GROUP BY ALL", [(2026,)]),
        (("SELECT count(*) FROM flights WHERE flight_date >= DATE '2026-02-01' "
         "AND flight_date < DATE '2026-02-01' + INTERVAL 1 MONTH"), [(2,)]),
        ("SELECT substring(origin FROM 1 FOR 1) AS l, count(*) FROM flights GROUP BY l ORDER BY l",
         [("E", 2), ("J", 2)]),
        ("SELECT distance AS d, d + 1 AS e FROM flights WHERE e = 720", [(719, 720)]),
        ("SELECT round(avg(fare), 2) FROM flights", [(182.8,)]),
        ("SELECT count(*) FILTER (WHERE late) FROM flights", [(2,)]),
        ("SELECT departure_delay * 1000 FROM flights WHERE departure_delay > 100", [(None,)]),
    ],
)  # fmt: skip
def test_query_gives_what_the_view_holds(data, sql, expected):
    assert rows(data, sql) == expected


def test_first_grant_that_allows_the_query_alone_is_taken():
    assert allowed("SELECT part, weight FROM parts").grant == "parts"
    assert allowed("SELECT price FROM parts").grant == "parts_wide"
    assert '"weight" > 10' in allowed("SELECT price FROM parts").sql


def test_grants_are_never_mixed():
    assert refused("SELECT weight, price FROM parts").reason is RefusalReason.COLUMN_NOT_GRANTED


def test_with_may_not_shadow_its_way_to_hidden_columns(data):
    sql = "WITH flights AS (SELECT origin FROM flights) SELECT * FROM flights ORDER BY origin"
    assert [row[0] for row in rows(data, sql)] == ["EWR", "EWR", "JFK", "JFK"]


def test_contract_of_another_id_is_misuse():
    query = Query(
        sql="SELECT 1",
        contract=ContractId("sha256:" + "b" * 64),
        purpose="reliability",
        consumer="maker.example",
        provider=PROVIDER,
    )
    with pytest.raises(ValueError, match="another contract"):
        decide(query, SIGNED, DATASETS, parser=PARSER)


@pytest.mark.parametrize(
    ("column", "clause"),
    [
        ("distance: {clamp: [0, 5]}", "grants.delays.columns.distance.clamp"),
        ("distance: {from: {column: fare, at_least: 5}}", "grants.delays.columns.distance.from"),
    ],
)
def test_term_that_rows_would_ignore_is_not_served(column, clause):
    grants = signed_contract().contract.grants
    written = {"clamp": (0, 5)} if "clamp" in column else {"source": grants[0].columns["origin"]}
    changed = grants[0].columns["distance"].model_copy(update=written)
    columns = {**grants[0].columns, "distance": changed}
    grant = grants[0].model_copy(update={"columns": columns})
    contract = SIGNED.contract.model_copy(update={"grants": (grant,)})
    refusal = refused("SELECT origin FROM flights", signed=replace(SIGNED, contract=contract))
    assert refusal.reason is RefusalReason.MODE_NOT_SERVED
    assert refusal.clause == clause


def test_column_whose_mask_no_longer_fits_changes_the_schema():
    flights = DATASETS["ua.example/flights"]
    columns = tuple(
        replace(item, type="VARCHAR") if item.name == "seats" else item for item in flights.columns
    )
    changed = {flights.id: replace(flights, columns=columns)}
    refusal = refused("SELECT origin FROM flights", datasets=changed)
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.clause == "grants.delays.columns.seats.mask"


def test_column_that_the_row_filter_names_and_is_gone_changes_the_schema():
    flights = DATASETS["ua.example/flights"]
    columns = tuple(item for item in flights.columns if item.name != "cancelled")
    refusal = refused(
        "SELECT origin FROM flights", datasets={flights.id: replace(flights, columns=columns)}
    )
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.clause == "grants.delays.where"


def test_same_question_gets_the_same_plan():
    sql = "SELECT origin, 'a', 'b' FROM flights WHERE tail_number <> 'a'"
    assert allowed(sql) == allowed(sql)


def test_a_column_is_called_as_the_dataset_spells_it():
    flights = DATASETS["ua.example/flights"]
    columns = tuple(
        replace(item, name="Origin") if item.name == "origin" else item for item in flights.columns
    )
    spelled = {flights.id: replace(flights, columns=columns)}
    plan = allowed("SELECT * FROM flights", datasets=spelled)
    assert plan.columns[0] == "Origin"
    assert '"rows_of"."Origin"' in plan.sql


def _over_parts(*broken):
    """Sign grants over one dataset, some of which hold a term that would not be kept."""
    grants = [item for item in SIGNED.contract.grants if item.grant.startswith("parts")]
    for at in broken:
        part = grants[at].columns["part"].model_copy(update={"clamp": (0, 5)})
        columns = {**grants[at].columns, "part": part}
        grants[at] = grants[at].model_copy(update={"columns": columns})
    contract = SIGNED.contract.model_copy(update={"grants": tuple(grants)})
    return replace(SIGNED, contract=contract)


@pytest.mark.parametrize(
    ("sql", "broken", "reason"),
    [
        ("SELECT weight FROM parts", (1,), None),
        ("SELECT price FROM parts", (0,), None),
        ("SELECT price FROM parts", (1,), RefusalReason.COLUMN_NOT_GRANTED),
        ("SELECT weight FROM parts", (0,), RefusalReason.COLUMN_NOT_GRANTED),
        ("SELECT part FROM parts", (0, 1), RefusalReason.MODE_NOT_SERVED),
        ("SELECT part FROM parts, crews", (), RefusalReason.DATASET_NOT_GRANTED),
        ("SELECT part FROM parts, crews", (1,), RefusalReason.MODE_NOT_SERVED),
    ],
)
def test_of_several_refusals_the_one_that_tells_most_is_given(sql, broken, reason):
    signed = _over_parts(*broken)
    if reason is None:
        assert allowed(sql, signed=signed).grant
    else:
        assert refused(sql, signed=signed).reason is reason


def test_each_grant_is_tried_on_the_query_as_it_was_written():
    """What one grant made of `*` is not what the next one is asked for."""
    less, more = (item for item in SIGNED.contract.grants if item.grant.startswith("parts"))
    grouped = less.columns["part"].model_copy(update={"use": frozenset({Use.GROUP})})
    less = less.model_copy(update={"columns": {"weight": less.columns["part"], "part": grouped}})
    contract = SIGNED.contract.model_copy(update={"grants": (less, more)})
    plan = allowed(
        "SELECT * FROM parts WHERE part = 'a'", signed=replace(SIGNED, contract=contract)
    )
    assert (plan.grant, plan.columns) == ("parts_wide", ("part", "price"))
