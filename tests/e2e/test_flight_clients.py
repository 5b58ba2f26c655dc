"""Standard clients on both faces of real nodes: what they ask, and what they are told."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_manager import InternalError, NotSupportedError, ProgrammingError
from pyarrow import flight

from sekisho.wire.gen.arrow.flight import flight_pb2, flight_sql_pb2
from support.clients import (
    act,
    bind,
    described,
    fetch,
    headers,
    partner_by_adbc,
    partner_by_flight,
    prepare,
    prepared,
    statement,
    tables,
    user_by_adbc,
    user_by_flight,
    user_headers,
)
from support.nodes import contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("unsigned")]

SQL = "SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY origin"
BY_ORIGIN = [{"origin": name, "n": 600} for name in ("EWR", "JFK", "LGA")]


@pytest.fixture(scope="module")
def unsigned(pair) -> str:
    """A contract that takes the connection as evidence."""
    return pair.companies.agree(contract_text(extra="evidence: {requests: tls}"))


@pytest.fixture
def user(pair):
    """The consumer's user, through Arrow's C++ client."""
    with user_by_flight(pair.maker) as client:
        yield client, user_headers(pair.maker, contract=pair.contract)


@pytest.fixture
def partner(pair, unsigned):
    """The consumer at the provider's own node, through Arrow's C++ client."""
    with partner_by_flight(pair.maker, pair.ua) as client:
        yield client, headers(contract=unsigned, purpose="reliability")


@pytest.fixture
def cursor(pair):
    """The consumer's user, through ADBC."""
    with user_by_adbc(pair.maker, pair.contract) as connection, connection.cursor() as found:
        yield found


def test_the_users_face_serves_arrows_flight_client(user):
    assert fetch(user[0], SQL, user[1]).to_pylist() == BY_ORIGIN


def test_the_peers_face_serves_a_partner_without_a_node(partner):
    client, options = partner
    info = client.get_flight_info(statement(SQL), options)
    assert info.schema.names == ["origin", "n"]
    assert client.do_get(info.endpoints[0].ticket, options).read_all().to_pylist() == BY_ORIGIN


def test_a_ticket_is_used_once(partner):
    client, options = partner
    info = client.get_flight_info(statement(SQL), options)
    client.do_get(info.endpoints[0].ticket, options).read_all()
    with pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"):
        client.do_get(info.endpoints[0].ticket, options).read_all()


def test_a_contract_for_signed_requests_is_not_answered_without_one(pair, partner):
    with pytest.raises(flight.FlightUnauthorizedError, match="signed requests only"):
        fetch(partner[0], SQL, headers(contract=pair.contract, purpose="reliability"))


def test_a_refusal_keeps_its_reason_through_a_standard_client(partner):
    with pytest.raises(flight.FlightUnauthorizedError, match="COLUMN_NOT_GRANTED"):
        fetch(partner[0], "SELECT note FROM flights", partner[1])


def test_adbc_asks_at_the_users_face(cursor):
    cursor.execute(SQL)
    assert cursor.fetch_arrow_table().to_pylist() == BY_ORIGIN


def test_adbc_asks_as_a_partner_at_the_peers_face(pair, unsigned):
    with partner_by_adbc(pair.maker, pair.ua, unsigned) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) AS n FROM flights WHERE origin = ?", ("JFK",))
            assert cursor.fetchall() == [(600,)]
        listed = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    schemas = [item["db_schema_name"] for item in listed[0]["catalog_db_schemas"]]
    assert schemas == ["ua"]


def test_a_partner_need_not_name_the_only_contract_that_takes_its_connection(pair):
    with partner_by_adbc(pair.maker, pair.ua) as connection, connection.cursor() as cursor:
        cursor.execute(SQL)
        assert cursor.fetch_arrow_table().to_pylist() == BY_ORIGIN


def test_where_several_contracts_fit_one_must_be_named(pair):
    with (
        user_by_adbc(pair.maker) as connection,
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="CONTRACT_NOT_FOUND: several contracts fit"),
    ):
        cursor.execute(SQL)


@pytest.mark.parametrize("face", ["user", "partner"])
def test_a_refusal_reaches_adbc_with_its_reason_and_hint(pair, unsigned, face):
    users = face == "user"
    with (
        user_by_adbc(pair.maker, pair.contract)
        if users
        else partner_by_adbc(pair.maker, pair.ua, unsigned) as connection,
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError) as caught,
    ):
        cursor.execute("SELECT note FROM flights")
    said = str(caught.value)
    assert "COLUMN_NOT_GRANTED: the column `note` is not granted" in said
    assert "(hint: ask the provider to grant it in an amendment)" in said
    ((name, details),) = caught.value.details
    assert "grpc-status-details-bin" in str(name)
    assert b"grants.delays.columns" in details


def test_pandas_polars_and_duckdb_read_through_adbc(pair):
    with user_by_adbc(pair.maker, pair.contract) as connection:
        frame = pd.read_sql(SQL, connection)
        assert frame.to_dict("records") == BY_ORIGIN
        assert pl.read_database(SQL, connection).to_dicts() == BY_ORIGIN
        with connection.cursor() as cursor, duckdb.connect() as database:
            cursor.execute(SQL)
            answer = cursor.fetch_record_batch()
            database.register("answer", answer)
            assert database.sql("SELECT sum(n) FROM answer").fetchall() == [(1_800,)]


@pytest.mark.parametrize(
    ("condition", "values", "count"),
    [
        ("origin = ?", ("JFK",), 600),
        ("origin = ? AND departure_delay > ?", ("JFK", 10), 462),
        ("origin = $2 AND departure_delay > $1", (10, "JFK"), 462),
        ("departure_delay > ?", (10.5,), 1_386),
        ("origin || '?' = ? -- is it $1?", ("JFK?",), 600),
        ("?", (True,), 1_800),
    ],
)
def test_adbc_binds_values_by_position(cursor, condition, values, count):
    cursor.execute(f"SELECT count(*) FROM flights WHERE {condition}\n", values)
    assert cursor.fetchall() == [(count,)]


def test_adbc_binds_values_by_the_names_of_arrows_columns(cursor):
    row = pa.record_batch({"least": [10], "place": ["JFK"]})
    sql = "SELECT count(*) FROM flights WHERE origin = $place AND departure_delay > $least"
    cursor.execute(sql, row)
    assert cursor.fetchall() == [(462,)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.table({"0": ["JFK", "LGA"]}), "several rows of values are bound"),
        (pa.table({"0": pa.array([], pa.utf8())}), "no row of values is bound"),
        (pa.table({"0": pa.array([None], pa.utf8())}), "the parameter `1` is NULL"),
        (pa.table({"0": ["a"], "1": ["b"]}), "2 values are bound, and the parameters are: \\$1"),
        (pa.table({"0": [b"a"]}), "is of the type BLOB, which none may have"),
        (pa.table({"0": [["a"]]}), "which none may have"),
        (pa.table({"0": [float("nan")]}), "is not of the type `float`"),
        (pa.table({"0": pa.array(["a"]).dictionary_encode()}), "SYNTAX_NOT_ALLOWED"),
    ],
)
def test_values_that_do_not_fit_are_refused(cursor, values, message):
    with pytest.raises(ProgrammingError, match=message):
        cursor.execute("SELECT count(*) FROM flights WHERE origin = ?", values)


@pytest.mark.parametrize(
    ("sql", "value", "kind"),
    [
        ("SELECT count(*) FROM flights WHERE departure_delay > ?", "soon", "VARCHAR"),
        ("SELECT count(*) FROM flights WHERE origin = ?", 5, "BIGINT"),
    ],
)
def test_values_of_another_type_than_the_column_are_named(cursor, sql, value, kind):
    with pytest.raises(InternalError, match=f"a value may not fit .*: `1` is {kind};"):
        cursor.execute(sql, [value]).fetchall()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.float32(), 0.1),
        (pa.decimal128(12, 2), "12.50"),
        (pa.date32(), "2026-11-25"),
        (pa.timestamp("us"), "2026-11-25 10:11:12.000013"),
        (pa.timestamp("ns"), "2026-11-25 10:11:12.000013"),
        (pa.timestamp("us", tz="Asia/Tokyo"), "2026-11-25 10:11:12+0900"),
        (pa.uint8(), 255),
        (pa.large_utf8(), "漢字'; --"),
    ],
)
def test_a_bound_value_comes_back_as_it_was(cursor, kind, value):
    bound = pa.array([value]).cast(kind)
    cursor.execute("SELECT ? AS v FROM flights LIMIT 1", pa.record_batch([bound], names=["0"]))
    assert cursor.fetchall() == [(bound[0].as_py(),)]


@pytest.mark.parametrize(
    "use",
    [
        lambda cursor: cursor.executemany(SQL, [(1,), (2,)]),
        lambda cursor: cursor.execute(b"substrait"),
    ],
    ids=["update", "plan"],
)
def test_what_would_change_something_is_not_served(cursor, use):
    with pytest.raises(NotSupportedError, match=r"NOT_SERVED: .* (is|are) not served"):
        use(cursor)


def test_the_schema_is_known_before_anything_is_asked_for(cursor, user, partner):
    sql = "SELECT origin, departure_delay, 2 AS two FROM flights"
    wanted = pa.schema(
        [("origin", pa.utf8()), ("departure_delay", pa.int16()), ("two", pa.int32())]
    )
    assert cursor.adbc_execute_schema(sql) == wanted
    for client, options in (user, partner):
        assert client.get_schema(statement(sql), options).schema == wanted
        created = prepare(client, sql, options)
        assert pa.ipc.read_schema(pa.py_buffer(created.dataset_schema)) == wanted


def test_parameters_are_named_when_a_query_is_prepared(cursor):
    schema = cursor.adbc_prepare("SELECT $b AS x, ? AS y FROM flights WHERE origin = $b")
    assert schema.names == ["b", "1"]


def test_a_prepared_query_runs_again_with_other_values(user):
    client, options = user
    sql = "SELECT count(*) AS n FROM flights WHERE origin = $place"
    handle = prepare(client, sql, options).prepared_statement_handle
    for place, count in (("JFK", 600), ("NRT", 0)):
        bind(client, handle, pa.record_batch({"place": [place]}), options)
        assert fetch(client, prepared(handle), options).to_pylist() == [{"n": count}]


def test_the_catalog_shows_what_may_be_named_and_what_for(user):
    client, options = user
    assert fetch(client, flight_sql_pb2.CommandGetCatalogs(), options).to_pylist() == [
        {"catalog_name": "sekisho"}
    ]
    schemas = fetch(client, flight_sql_pb2.CommandGetDbSchemas(), options)
    assert schemas["db_schema_name"].to_pylist() == ["shared", "ua"]
    (found,) = tables(
        client, options, db_schema_filter_pattern="u_", include_schema=True, table_types=["TABLE"]
    )
    assert (found["table_name"], found["table_type"]) == ("flights", "TABLE")
    schema = pa.ipc.read_schema(pa.py_buffer(found["table_schema"]))
    assert schema.field("departure_delay").type == pa.int16()
    assert schema.names == ["departure_delay", "origin", "tail_number"]
    said = schema.field("origin").metadata
    assert said[b"ARROW:FLIGHT:SQL:TYPE_NAME"] == b"VARCHAR"
    assert b"return" in said[b"ARROW:FLIGHT:SQL:REMARKS"]


@pytest.mark.parametrize(
    "wanted",
    [{"catalog": "other"}, {"table_name_filter_pattern": "x%"}, {"table_types": ["SYSTEM TABLE"]}],
)
def test_filters_of_the_catalog_hold(user, wanted):
    assert tables(*user, **wanted) == []


def test_a_node_says_what_it_is(pair):
    with user_by_adbc(pair.maker) as connection:
        said = connection.adbc_get_info()
    assert (said["vendor_name"], said["vendor_arrow_version"]) == ("Sekisho", pa.__version__)


@pytest.mark.parametrize(
    "command",
    [
        flight_sql_pb2.CommandGetPrimaryKeys(table="flights"),
        flight_sql_pb2.CommandGetExportedKeys(table="flights"),
        flight_sql_pb2.CommandGetImportedKeys(table="flights"),
        flight_sql_pb2.CommandGetCrossReference(pk_table="a", fk_table="b"),
    ],
)
def test_no_keys_are_stated(user, command):
    client, options = user
    info = client.get_flight_info(described(command), options)
    answer = client.do_get(info.endpoints[0].ticket, options).read_all()
    assert (answer.num_rows, answer.schema) == (0, info.schema)


def test_the_types_of_sql_are_listed_in_their_order(user):
    found = fetch(user[0], flight_sql_pb2.CommandGetXdbcTypeInfo(), user[1])
    numbers = found["data_type"].to_pylist()
    assert numbers == sorted(numbers)
    one = fetch(user[0], flight_sql_pb2.CommandGetXdbcTypeInfo(data_type=12), user[1])
    assert one["type_name"].to_pylist() == ["VARCHAR"]


def test_the_actions_are_listed_and_a_session_ends(user):
    client, options = user
    assert "CreatePreparedStatement" in {item.type for item in client.list_actions(options)}
    result = flight_pb2.CloseSessionResult()
    (body,) = act(client, "CloseSession", b"", options)
    result.ParseFromString(body)
    assert result.status == flight_pb2.CloseSessionResult.CLOSED


def test_a_token_may_be_sent_as_a_password(pair):
    token = pair.maker.folder.token("operator").read_text().strip()
    with user_by_flight(pair.maker) as client:
        name, value = client.authenticate_basic_token("anybody", token)
        assert value == f"Bearer {token}".encode()
        with pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"):
            client.authenticate_basic_token("operator", "guessed")
    assert name == b"authorization"


def test_a_ticket_that_is_cancelled_is_good_for_nothing(user):
    client, options = user
    info = client.get_flight_info(statement(SQL), options)
    request = flight_pb2.CancelFlightInfoRequest()
    request.info.ParseFromString(info.serialize())
    for status in (flight_pb2.CANCEL_STATUS_CANCELLED, flight_pb2.CANCEL_STATUS_NOT_CANCELLABLE):
        result = flight_pb2.CancelFlightInfoResult()
        (body,) = act(client, "CancelFlightInfo", request.SerializeToString(), options)
        result.ParseFromString(body)
        assert result.status == status
    with pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"):
        client.do_get(info.endpoints[0].ticket, options).read_all()
