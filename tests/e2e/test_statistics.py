"""A hospital's node gives statistics of its real tests, and nothing else."""

import json

import duckdb
import pytest

from sekisho.errors import Refusal, RefusalReason
from support.asking import fetch
from support.hospitals import DATA, hospital_section, statistics_text
from support.nodes import Companies

pytestmark = pytest.mark.e2e
FILE = DATA / "covid_tests_a.parquet"
BANDS = "CASE WHEN age >= 18 THEN 18 WHEN age >= 12 THEN 12 WHEN age >= 5 THEN 5 ELSE 0 END"


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    root = tmp_path_factory.mktemp("hospital")
    with Companies(root) as companies:
        companies.found("a", hospital_section(FILE))
        companies.found("lab")
        companies.introduce()
        companies.start()
        yield companies


def ask(companies, contract, sql):
    return fetch(companies["lab"], companies["a"], contract, sql).to_pylist()


def test_counts_are_rounded_and_means_near_the_truth(hospital):
    contract = hospital.agree(statistics_text())
    found = ask(
        hospital,
        contract,
        "SELECT age, count(*) AS n, avg(cycle_threshold) AS ct FROM tests"
        " GROUP BY age ORDER BY age",
    )
    truth = duckdb.sql(
        f"SELECT {BANDS} AS age, count(*), avg(cycle_threshold) FROM '{FILE}' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [row["age"] for row in found] == [0, 5, 12, 18]
    for row, (_, count, mean) in zip(found, truth, strict=True):
        assert row["n"] % 5 == 0
        assert abs(row["n"] - count) <= 2
        assert row["ct"] == pytest.approx(mean, rel=1e-3)


def test_rows_and_units_are_refused(hospital):
    contract = hospital.agree(statistics_text())
    for sql in ("SELECT age FROM tests", "SELECT patient_id, count(*) FROM tests GROUP BY 1"):
        with pytest.raises(Refusal) as refused:
            ask(hospital, contract, sql)
        assert refused.value.reason is RefusalReason.USE_NOT_GRANTED


def test_cell_of_few_patients_looks_like_one_of_none(hospital):
    contract = hospital.agree(statistics_text())
    few = ask(hospital, contract, "SELECT count(*) AS n FROM tests WHERE pandemic_day = 4")
    none = ask(hospital, contract, "SELECT count(*) AS n FROM tests WHERE pandemic_day = 4000")
    assert few == none == [{"n": None}]


def test_units_of_another_type_stop_statistics_until_the_provider_begins_anew(tmp_path):
    path = tmp_path / "tests.parquet"
    duckdb.sql(f"COPY (FROM '{FILE}') TO '{path}'")
    sql = "SELECT gender, count(*) AS n FROM tests GROUP BY gender"
    with Companies(tmp_path) as companies:
        hospital = companies.found("a", hospital_section(path))
        companies.found("lab")
        companies.introduce()
        companies.start()
        contract = companies.agree(statistics_text())
        before = ask(companies, contract, sql)
        duckdb.sql(f"COPY (SELECT *, 1 AS more FROM '{FILE}') TO '{path}'")
        assert ask(companies, contract, sql) == before
        as_text = "* REPLACE (patient_id::VARCHAR AS patient_id)"
        duckdb.sql(f"COPY (SELECT {as_text} FROM '{FILE}') TO '{path}'")
        with pytest.raises(Refusal) as refused:
            ask(companies, contract, sql)
        assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
        hospital.stop()
        hospital.process.stdout.close()
        assert hospital.run("dataset", "forget", "tests").code == 1
        forgotten = hospital.run("dataset", "forget", "tests", "--yes", "--format", "json")
        assert json.loads(forgotten.out)[0]["populations"] == len(before)
        hospital.start().wait_ready()
        assert ask(companies, contract, sql) == before
        listed = json.loads(hospital.run("ledger", "list", "--format", "json").out)
        assert ("dataset", "forgotten") in {(row["kind"], row["reason"]) for row in listed}


def test_same_question_gets_the_same_figures_while_few_patients_come(tmp_path):
    path = tmp_path / "tests.parquet"
    early = f"FROM '{FILE}' WHERE pandemic_day < 40"
    duckdb.sql(f"COPY ({early}) TO '{path}'")
    sql = "SELECT age, count(*) AS n, avg(cycle_threshold) AS ct FROM tests GROUP BY age ORDER BY 1"
    with Companies(tmp_path) as companies:
        companies.found("a", hospital_section(path))
        companies.found("lab")
        companies.introduce()
        companies.start()
        contract = companies.agree(statistics_text())
        before = ask(companies, contract, sql)
        few = f"(FROM '{FILE}' WHERE pandemic_day = 40 LIMIT 5)"
        duckdb.sql(f"COPY ({early} UNION ALL {few}) TO '{path}'")
        assert ask(companies, contract, sql) == before
        whole = ask(companies, contract, "SELECT count(*) AS n FROM tests")
        assert whole[0]["n"] is not None
        # Without those five it is another question about nearly the same patients.
        narrower = "SELECT count(*) AS n FROM tests WHERE pandemic_day <= 39"
        assert ask(companies, contract, narrower) == [{"n": None}]
        duckdb.sql(f"COPY (FROM '{FILE}' WHERE pandemic_day < 90) TO '{path}'")
        assert ask(companies, contract, sql) != before
