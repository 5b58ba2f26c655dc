"""Statistics of two hospitals, and of a joined table, through standard clients."""

import json

import pyarrow as pa
import pytest
from adbc_driver_manager import ProgrammingError

from sekisho.ledger.bodies import Asked, Brought
from support.clients import (
    fetch,
    prepare,
    prepared,
    statement,
    tables,
    user_by_adbc,
    user_by_flight,
    user_headers,
)
from support.hospitals import DATA, hospital_section, statistics_text
from support.lookups import BY_FAMILY, delays_text, families_section, flights_section
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

HOSPITALS = ("a", "b")
BY_AGE = "SELECT age, count(*) AS tests, avg(cycle_threshold) AS ct FROM tests GROUP BY age"
BY_BOTH = BY_AGE.replace("age,", "provider, age,") + ", provider"
QUERIES = (
    BY_AGE,
    f"{BY_AGE} HAVING count(*) > 20 ORDER BY age LIMIT 3",
    f"SELECT provider, sum(tests) AS n FROM ({BY_BOTH}) GROUP BY provider",
    "SELECT age, count(*) AS n, stddev(cycle_threshold) AS d FROM a.tests GROUP BY age",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Companies(tmp_path_factory.mktemp("hospitals")) as companies:
        for name in HOSPITALS:
            companies.found(name, hospital_section(DATA / f"covid_tests_{name}.parquet"))
        companies.found("lab")
        companies.introduce()
        companies.start()
        companies.agree(statistics_text(providers=HOSPITALS))
        yield companies


@pytest.fixture
def user(world):
    with user_by_flight(world["lab"]) as client:
        yield client, user_headers(world["lab"])


def entries(company, kind) -> int:
    with company.records() as records:
        return sum(isinstance(entry.body, kind) for entry in records.ledger.entries())


@pytest.mark.parametrize("sql", QUERIES)
def test_the_schema_that_is_promised_is_the_answers(world, user, sql):
    client, options = user
    before = entries(world["lab"], Asked)
    created = prepare(client, sql, options)
    promised = pa.ipc.read_schema(pa.py_buffer(created.dataset_schema))
    assert client.get_schema(statement(sql), options).schema == promised
    assert entries(world["lab"], Asked) == before
    answer = fetch(client, prepared(created.prepared_statement_handle), options)
    assert answer.schema == promised
    assert answer.num_rows


def test_what_statistics_do_not_allow_is_refused_while_it_is_prepared(world):
    with (
        user_by_adbc(world["lab"]) as connection,
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="USE_NOT_GRANTED"),
    ):
        cursor.execute("SELECT cycle_threshold FROM tests")


def test_a_table_says_what_its_columns_are_for(user):
    (found,) = tables(
        *user, db_schema_filter_pattern="shared", table_types=["VIEW"], include_schema=True
    )
    schema = pa.ipc.read_schema(pa.py_buffer(found["table_schema"]))
    assert schema.metadata[b"ARROW:FLIGHT:SQL:REMARKS"] == b"access: aggregate"
    said = schema.field("age").metadata[b"ARROW:FLIGHT:SQL:REMARKS"].decode()
    assert said.startswith("filter, group; bucket: ")
    assert schema.field("provider").type == pa.utf8()


def test_gaps_and_receipts_stand_beside_the_last_message(user):
    client, options = user
    info = client.get_flight_info(statement(BY_AGE), options)
    notes = [chunk.app_metadata for chunk in client.do_get(info.endpoints[0].ticket, options)]
    note = json.loads(notes[-1].to_pybytes())
    assert [item["provider"] for item in note["receipts"]] == ["a.example", "b.example"]
    assert note["gaps"] == []


def test_a_joined_table_is_brought_when_the_query_runs_and_not_before(tmp_path):
    sql = BY_FAMILY.replace("planes AS p", "local.planes AS p")
    with Companies(tmp_path) as companies:
        companies.found("ua", flights_section())
        companies.found("maker", families_section(tmp_path / "planes.parquet"))
        companies.introduce()
        companies.start()
        companies.agree(delays_text())
        maker = companies["maker"]
        with user_by_flight(maker) as client:
            created = prepare(client, sql, user_headers(maker))
        promised = pa.ipc.read_schema(pa.py_buffer(created.dataset_schema))
        assert entries(maker, Brought) == 0
        with user_by_adbc(maker) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            answer = cursor.fetch_arrow_table()
        assert entries(maker, Brought) == 1
        assert answer.schema == promised
        assert answer.num_rows
