"""A provider's columns change between a consumer's plan and the answer: that is said."""

import duckdb
import pytest

from sekisho.errors import PeerError
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def world(tmp_path):
    path = tmp_path / "flights.parquet"
    with Companies(tmp_path) as companies:
        companies.path = path
        write(path, "SMALLINT")
        companies.found("ua", f'  flights:\n    source: {{parquet: "{path}"}}\n')
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(columns="{n: {}}", where="n >= 0"))
        yield companies


def write(path, kind):
    new = path.with_suffix(".new")
    duckdb.sql(f"COPY (SELECT i::{kind} AS n FROM range(5) AS r(i)) TO '{new}' (FORMAT parquet)")
    new.replace(path)


@pytest.mark.parametrize("kind", ["BIGINT", "DECIMAL(9,2)"])
def test_a_type_that_is_not_the_promised_one_is_named(world, kind):
    sql = "SELECT n FROM ua.flights ORDER BY n"
    with world["maker"].node() as node:
        before = node.query(sql, contract=world.contract).to_arrow()
        assert before.column("n").to_pylist() == [0, 1, 2, 3, 4]

        write(world.path, kind)
        with pytest.raises(PeerError) as caught:
            node.query(sql, contract=world.contract).to_arrow()
        assert caught.value.party == "ua.example"
        assert "`n` of another type than promised" in caught.value.message

        again = node.query(sql, contract=world.contract).to_arrow()
        assert [int(value) for value in again.column("n").to_pylist()] == [0, 1, 2, 3, 4]
