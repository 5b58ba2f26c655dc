"""SQLAlchemy over ADBC: queries, bound values, limits, browsing, refusals, and no writing."""

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from support.clients import token_of

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default::ResourceWarning")]


@pytest.fixture(scope="module")
def engine(pair):
    maker = pair.maker
    host, port = maker.config.listen.users.split(":")
    url = sa.URL.create(
        "sekisho",
        username="operator",
        password=token_of(maker),
        host=host,
        port=int(port),
        query={"ca": str(maker.folder.certificate("anchor")), "contract": pair.contract},
    )
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def flights(engine):
    return sa.Table("flights", sa.MetaData(), autoload_with=engine)


def test_a_table_is_read_with_its_types(flights):
    kinds = {column.name: type(column.type) for column in flights.columns}
    assert kinds == {
        "departure_delay": sa.BigInteger,
        "origin": sa.Text,
        "tail_number": sa.Text,
        "provider": sa.Text,
    }


def test_expressions_are_asked_with_bound_values(engine, flights):
    query = (
        sa.select(flights.c.origin, sa.func.count().label("n"))
        .where(flights.c.origin.in_(["JFK", "LGA"]))
        .group_by(flights.c.origin)
        .order_by(flights.c.origin)
    )
    with engine.connect() as connection:
        assert connection.execute(query).all() == [("JFK", 600), ("LGA", 600)]


def test_limits_and_offsets_are_asked(engine, flights):
    query = sa.select(flights.c.origin).order_by(flights.c.origin).limit(3).offset(599)
    with engine.connect() as connection:
        assert connection.execute(query).scalars().all() == ["EWR", "JFK", "JFK"]


def test_pandas_reads_through_it(engine):
    sql = sa.text("SELECT origin, count(*) AS n FROM ua.flights WHERE origin = :o GROUP BY origin")
    with engine.connect() as connection:
        frame = pd.read_sql(sql, connection, params={"o": "EWR"})
    assert frame.to_dict("records") == [{"origin": "EWR", "n": 600}]


def test_what_may_be_named_is_browsed(engine):
    inspector = sa.inspect(engine)
    assert inspector.get_schema_names() == ["shared", "ua"]
    assert inspector.get_table_names() == ["flights"]
    assert inspector.get_table_names("ua") == ["flights"]
    assert inspector.get_view_names() == []
    assert inspector.has_table("flights", schema="ua")
    assert not inspector.has_table("planes")
    assert [item["name"] for item in inspector.get_columns("flights", "ua")] == [
        "departure_delay",
        "origin",
        "tail_number",
    ]
    assert inspector.get_pk_constraint("flights")["constrained_columns"] == []
    assert inspector.get_foreign_keys("flights") == []
    assert inspector.get_indexes("flights") == []


def test_a_refusal_keeps_its_reason(engine):
    with engine.connect() as connection, pytest.raises(DBAPIError, match="COLUMN_NOT_GRANTED"):
        connection.execute(sa.text("SELECT note FROM flights"))


def test_nothing_is_written(engine, flights):
    with engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(flights.insert().values(origin="HND"))


@pytest.mark.parametrize(
    "url",
    [
        "sekisho://operator:t@host/",
        "sekisho://operator@host:7444/",
        "sekisho://operator:t@host:7444/?contarct=x",
    ],
)
def test_a_url_that_cannot_work_says_what_is_expected(url):
    with pytest.raises(ValueError, match="expected `sekisho://"):
        sa.create_engine(url).connect()
