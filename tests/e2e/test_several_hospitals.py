"""One query of statistics over three hospitals, at an institute's own node."""

import json

import duckdb
import pytest

from sekisho.errors import Refusal, RefusalReason
from support.hospitals import DATA, hospital_section, statistics_text
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

HOSPITALS = ("a", "b", "c")
COLUMNS = """
      age: {use: [group, filter], mask: {bucket: [0, 5, 12, 18]}}
      pandemic_day: {use: [group, filter], mask: {bucket_width: 7}}
      result: {use: [filter]}
      cycle_threshold: {use: [measure], clamp: [0, 50]}
      positive: {from: {column: cycle_threshold, at_least: 45}, use: [measure]}
      patient_id: {use: [join]}
"""
BANDS = "CASE WHEN age >= 18 THEN 18 WHEN age >= 12 THEN 12 WHEN age >= 5 THEN 5 ELSE 0 END"
BY_AGE = "SELECT age, count(*) AS tests, avg(cycle_threshold) AS ct FROM tests GROUP BY age"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("hospitals")
    bands = root / "bands.parquet"
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES (0, 'infants'), (5, 'children'), (12, 'youths'),"
        f" (18, 'adults')) AS t(age, band)) TO '{bands}'"
    )
    with Companies(root) as companies:
        for name in HOSPITALS:
            companies.found(name, hospital_section(DATA / f"covid_tests_{name}.parquet"))
        companies.found("lab", f'  bands:\n    source: {{parquet: "{bands}"}}\n')
        companies.introduce()
        companies.start()
        limits = "{cells: {max: 5000, per: day}, queries: {max: 500, per: day}}"
        text = statistics_text(providers=HOSPITALS, columns=COLUMNS, limits=limits)
        companies.contract = companies.agree(text)
        yield companies


def ask(world, sql):
    with world["lab"].node() as node:
        answer = node.query(sql, contract=world.contract)
        return answer.to_arrow().to_pylist(), answer


def files(select):
    return " UNION ALL ".join(
        f"SELECT {select} FROM '{DATA / f'covid_tests_{name}.parquet'}'" for name in HOSPITALS
    )


def test_counts_and_means_of_three_hospitals_are_near_the_truth(world):
    found, answer = ask(world, f"{BY_AGE} ORDER BY age")
    rows = files(f"{BANDS} AS age, cycle_threshold")
    truth = duckdb.sql(
        f"SELECT age, count(*), avg(cycle_threshold) FROM ({rows}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [row["age"] for row in found] == [age for age, _, _ in truth]
    for row, (_, count, mean) in zip(found, truth, strict=True):
        assert abs(row["tests"] - count) <= 3 * 2
        assert row["ct"] == pytest.approx(mean, rel=1e-3)
    assert answer.gaps == ()
    assert [item.provider for item in answer.receipts] == [f"{n}.example" for n in HOSPITALS]


def test_a_mean_is_of_the_hospitals_that_publish_it(world):
    """In some weeks all tests of a band were negative: values that are all alike have no mean."""
    figures = "count(*) AS n, avg(cycle_threshold) AS ct, count(cycle_threshold) AS c"
    sql = f"SELECT age, pandemic_day, {figures} FROM tests GROUP BY 1, 2"
    merged, _ = ask(world, sql)
    apart, _ = ask(world, sql.replace("age,", "provider, age,").replace("1, 2", "1, 2, 3"))
    by_cell = {}
    for row in apart:
        if row["ct"] is not None:
            weighed = (row["ct"], row["c"] if row["c"] is not None else row["n"])
            by_cell.setdefault((row["age"], row["pandemic_day"]), []).append(weighed)
    assert {len(means) for means in by_cell.values()} == {1, 2, 3}
    for row in merged:
        means = by_cell.get((row["age"], row["pandemic_day"]))
        if means is None:
            assert row["ct"] is None
            continue
        total = sum(weight for _, weight in means)
        assert row["ct"] == pytest.approx(sum(mean * weight for mean, weight in means) / total)


def test_what_a_hospital_withholds_is_told_as_a_gap_and_left_out(world):
    sql = "SELECT age, pandemic_day, count(*) AS n FROM tests GROUP BY 1, 2"
    found, answer = ask(world, sql)
    apart, _ = ask(world, sql.replace("age,", "provider, age,").replace("1, 2", "1, 2, 3"))
    merged = {(row["age"], row["pandemic_day"]): row["n"] for row in found}
    summed = {}
    given = {f"{name}.example": set() for name in HOSPITALS}
    for row in apart:
        cell = (row["age"], row["pandemic_day"])
        summed[cell] = summed.get(cell, 0) + row["n"]
        given[f"{row['provider']}.example"].add(cell)
    assert merged == summed
    lacking = {name: len(set(merged) - cells) for name, cells in given.items()}
    assert {gap.provider: gap.cells for gap in answer.gaps} == {
        name: cells for name, cells in lacking.items() if cells
    }
    assert answer.gaps


def test_what_stands_above_the_statistics_is_computed_here(world):
    found, _ = ask(
        world,
        f"WITH w AS ({BY_AGE} HAVING count(*) > 100) SELECT b.band, w.tests,"
        " round(100.0 * w.tests / sum(w.tests) OVER (), 1) AS percent"
        " FROM w JOIN local.bands AS b ON w.age = b.age ORDER BY w.tests DESC LIMIT 3",
    )
    assert len(found) == 3
    assert [row["tests"] for row in found] == sorted((r["tests"] for r in found), reverse=True)
    assert sum(row["percent"] for row in found) <= 100


def test_people_in_several_hospitals_are_counted_hospital_by_hospital(world):
    sql = "SELECT {} count(DISTINCT patient_id) AS patients FROM {} {}"
    with pytest.raises(Refusal) as refused:
        ask(world, sql.format("", "tests", ""))
    assert refused.value.reason is RefusalReason.FUNCTION_NOT_ALLOWED
    assert refused.value.allowed == ("a.tests", "b.tests", "c.tests")
    own, _ = ask(world, sql.format("", "a.tests", ""))
    each, _ = ask(world, sql.format("provider,", "tests", "GROUP BY provider ORDER BY 1"))
    assert [row["provider"] for row in each] == list(HOSPITALS)
    assert each[0]["patients"] == own[0]["patients"] == 6895  # of 6,894


def test_one_row_is_there_although_nobody_publishes_it(world):
    found, answer = ask(world, "SELECT count(*) AS n, avg(positive) AS r FROM tests WHERE age = 3")
    assert found == [{"n": None, "r": None}]
    assert answer.gaps == ()


def test_the_command_says_whose_part_may_miss_cells_and_leaves_the_data_alone(world, tmp_path):
    sql = "SELECT age, pandemic_day, count(*) AS n FROM tests GROUP BY 1, 2"
    out = tmp_path / "cells.json"
    command = ("query", sql, "--contract", world.contract, "--format", "json", "--out", str(out))
    ran = world["lab"].run(*command)
    assert ran.code == 0, ran.err
    assert set(json.loads(out.read_text())[0]) == {"age", "pandemic_day", "n"}
    assert "totals may miss them" in ran.err
    assert "receipts verified: a.example" in ran.err


def test_an_explanation_shows_fragments_merge_terms_and_charges(world):
    ran = world["lab"].run("explain", BY_AGE, "--contract", world.contract)
    assert ran.code == 0, ran.err
    for name in HOSPITALS:
        assert f"{name}.example is asked\n" in ran.out
    assert ran.out.count("publishes    at least 10 units a cell") == 3
    assert ran.out.count("is charged   each cell that is new of 5000 cells per day") == 3
    assert "this node merges what they publish into cells_0" in ran.out


def test_a_listing_shows_how_a_dataset_is_granted(world):
    ran = world["lab"].run("dataset", "list", "a.example", "--format", "json")
    assert ran.code == 0, ran.err
    (row,) = json.loads(ran.out)
    assert row["access"] == "aggregate"
    assert row["privacy_units"] == ["patient_id"]
    columns = {item["name"]: item for item in row["columns"]}
    assert columns["age"]["uses"] == ["filter", "group"]
    plain = world["lab"].run("dataset", "list", "a.example").out
    assert "of patient_id: at least 10 units a cell" in plain


def test_rows_are_refused_at_the_own_node_in_the_words_of_the_provider(world):
    with pytest.raises(Refusal) as refused:
        ask(world, "SELECT age, cycle_threshold FROM tests")
    assert refused.value.reason is RefusalReason.USE_NOT_GRANTED
    assert refused.value.clause == "grants.tests.columns.age.use"
    with world["a"].records() as records:
        size = records.ledger.head().size
    with pytest.raises(Refusal):
        ask(world, "SELECT age FROM tests ORDER BY cycle_threshold")
    with world["a"].records() as records:
        assert records.ledger.head().size == size


def test_what_was_charged_for_cells_follows_from_what_was_published(world):
    ask(world, "SELECT age, count(*) AS n, avg(positive) AS mean FROM tests GROUP BY age")
    for hospital in HOSPITALS:
        ran = world[hospital].run("ledger", "verify")
        assert ran.code == 0, ran.err
