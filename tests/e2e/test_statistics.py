"""A hospital's node gives statistics of its real tests, and nothing else."""

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
