"""The driving story's data is the same for a size and seed, and is as its README says."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sekisho.cli.story_driving_data import LEAST_ROWS, MAKERS, SEEDS, make_data, rates, spans_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "driving"
FILES = (
    *(f"{maker}/{kind}.parquet" for maker in MAKERS for kind in ("trips", "panel")),
    "insurer/policies.parquet",
    "insurer/claims.parquet",
)
ROWS = 1_000_000
SIGMAS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data large enough for its rates to show."""
    folder = tmp_path_factory.mktemp("driving")
    make_data(folder, rows=ROWS, seed=7)
    return folder


@pytest.fixture(scope="module")
def ask(folder):
    with duckdb.connect() as database:
        for maker in MAKERS:
            parts = " UNION ALL BY NAME ".join(
                f"SELECT *, '{kind}' AS kind FROM '{folder / maker / kind}.parquet'"
                for kind in ("trips", "panel")
            )
            database.execute(f"CREATE VIEW {maker} AS {parts}")
        every = " UNION ALL ".join(f"SELECT *, '{maker}' AS maker FROM {maker}" for maker in MAKERS)
        database.execute(f"CREATE VIEW trips AS {every}")
        for kind in ("policies", "claims"):
            file = folder / "insurer" / f"{kind}.parquet"
            database.execute(f"CREATE VIEW {kind} AS FROM '{file}'")
        yield lambda sql: database.execute(sql).fetchall()


def made(folder, *, rows=300_000, seed=7, threads=2):
    make_data(folder, rows=rows, seed=seed, threads=threads)
    return {name: (folder / name).read_bytes() for name in FILES}


def test_a_size_and_a_seed_give_the_same_bytes_with_any_number_of_threads(tmp_path):
    one = made(tmp_path / "one", threads=1)
    assert one == made(tmp_path / "four", threads=4)


def test_other_seeds_and_sizes_give_other_rows(tmp_path):
    base = made(tmp_path / "base", rows=LEAST_ROWS)
    seeded = made(tmp_path / "seeded", rows=LEAST_ROWS, seed=8)
    sized = made(tmp_path / "sized", rows=2 * LEAST_ROWS)
    for name in FILES:
        assert len({base[name], seeded[name], sized[name]}) == 3, name


@pytest.mark.parametrize("rows", [LEAST_ROWS, 123_457, 100_000_000])
def test_trips_are_shared_out_whole(rows):
    spans = tuple(spans_of(rows))
    assert [span.maker for span in spans] == list(MAKERS)
    edges = [edge for span in spans for edge in (span.first, span.panel, span.past)]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0, rows)
    assert all(span.first < span.panel < span.past for span in spans)
    for share, span in zip((40, 35, 25), spans, strict=True):
        assert abs((span.past - span.first) / rows - share / 100) <= 100 / rows
        assert abs((span.past - span.panel) / (span.past - span.first) - 0.05) <= 300 / rows


def test_there_are_as_many_trips_as_asked_for(ask):
    assert ask("SELECT count(*) FROM trips") == [(ROWS,)]


def test_vehicles_have_one_maker_one_file_and_20_to_80_trips(ask):
    per_vehicle = """
        SELECT count(*) AS trips, count(DISTINCT (kind, maker, model, model_year, region)) AS kinds
        FROM trips GROUP BY vehicle_id
    """
    found = ask(f"SELECT count(*), min(trips), max(trips), max(kinds) FROM ({per_vehicle})")
    assert found == [(ROWS // 50, 20, 80, 1)]
    assert ask("SELECT DISTINCT left(vehicle_id, 3), length(vehicle_id) FROM aster") == [
        ("AST", 17)
    ]


def test_consent_is_asked_of_panels_alone(ask):
    ((trips, panel),) = ask(
        "SELECT count(consent) FILTER (kind = 'trips'), avg(consent::INT) FROM trips"
    )
    assert trips == 0
    assert panel == pytest.approx(0.8, abs=0.06)


def test_night_is_when_it_says(ask):
    hours = "hour(started_at) >= 22 OR hour(started_at) < 6"
    assert ask(f"SELECT count(*) FROM trips WHERE at_night <> ({hours})") == [(0,)]


def test_trips_happen_at_the_rates_of_the_model(ask):
    found = ask("""
        SELECT road_type, model_year - model_year % 2 AS two_years, sum(km)::DOUBLE AS km,
               sum(hard_brakes)::DOUBLE, sum(near_collisions)::DOUBLE
        FROM trips GROUP BY 1, 2 ORDER BY 1, 2
    """)
    assert len(found) == len(rates()) == 16
    for (*cell, km, brakes, near), (road, years, brakes_rate, near_rate, _) in zip(
        found, rates(), strict=True
    ):
        assert cell == [road, years]
        for times, rate in ((brakes, brakes_rate), (near, near_rate)):
            expected = km / 1000 * rate
            assert times == pytest.approx(expected, rel=0.03 + SIGMAS * expected**-0.5), cell


def test_claims_are_those_of_a_quarter_of_the_vehicles_in_36_months(ask):
    cell = "(road_type, model_year - model_year % 2)"
    claims = dict(ask(f"SELECT {cell}, count(*) FROM claims GROUP BY 1"))
    driven = dict(ask(f"SELECT {cell}, sum(km) FROM trips GROUP BY 1"))
    for road, years, _, _, rate in rates():
        expected = float(driven[road, years]) / 1_000_000 * rate * 36 / 4
        found = claims[road, years]
        assert found == pytest.approx(expected, rel=0.05 + SIGMAS * expected**-0.5), (road, years)
    ((vehicles, policies),) = ask(
        "SELECT (SELECT count(DISTINCT vehicle_id) FROM trips), count(*) FROM policies"
    )
    assert policies == pytest.approx(vehicles / 4, rel=0.05)


@pytest.mark.parametrize(
    ("key", "factors"),
    [
        ("maker", {"aster": 0.85, "borea": 1, "cirrus": 1.24}),
        ("region", {"north": 0.8, "east": 1, "south": 1.2, "west": 1}),
        ("at_night", {True: 1.4, False: 0.79 / 0.85}),
    ],
)
def test_risk_differs_by_what_the_readme_names(ask, key, factors):
    found = dict(ask(f"SELECT {key}, sum(hard_brakes) / sum(km) FROM trips GROUP BY 1"))
    ((mean,),) = ask("SELECT sum(hard_brakes) / sum(km) FROM trips")
    assert {name: rate / mean for name, rate in found.items()} == pytest.approx(factors, rel=0.03)


def test_the_insurer_knows_the_vehicles_that_it_insures(ask):
    held = "(SELECT DISTINCT vehicle_id, maker, model, model_year, region FROM trips)"
    insured = f"{held} JOIN policies USING (vehicle_id, maker, model, model_year, region)"
    assert ask(f"SELECT count(*) FROM {insured}") == ask("SELECT count(*) FROM policies")
    assert ask("SELECT count(*) FROM claims ANTI JOIN policies USING (policy, maker, model)") == [
        (0,)
    ]


def test_the_readme_states_the_rates():
    lines = (EXAMPLE / "README.md").read_text().splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    tables = {row[0]: [float(cell) for cell in row[1:]] for row in cells if _is_number(row[-1])}
    roads = {name: values[1:] for name, values in tables.items() if not name[0].isdigit()}
    years = {int(name[:4]): values for name, values in tables.items() if name[0].isdigit()}
    stated = [
        (road, first, brakes * factor, near * near_factor, claims * near_factor)
        for road, (brakes, near, claims) in sorted(roads.items())
        for first, (factor, near_factor) in sorted(years.items())
    ]
    assert [row[:2] for row in stated] == [row[:2] for row in rates()]
    for row, true in zip(stated, rates(), strict=True):
        assert row[2:] == pytest.approx(true[2:])


def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="expected at least 10,000 rows, found 9,999"):
        make_data(tmp_path / "few", rows=LEAST_ROWS - 1, seed=7)
    with pytest.raises(ValueError, match="expected a seed from 0 to 1,048,575, found 1,048,576"):
        make_data(tmp_path / "seed", rows=LEAST_ROWS, seed=SEEDS)
    assert list(tmp_path.iterdir()) == []


def test_the_program_makes_the_same(tmp_path):
    program = [sys.executable, EXAMPLE / "generate.py", "--rows", str(LEAST_ROWS)]
    subprocess.run([*program, "--out", tmp_path / "program"], check=True)
    make_data(tmp_path / "function", rows=LEAST_ROWS, seed=7)
    for name in FILES:
        written, same = ((tmp_path / kind / name).read_bytes() for kind in ("program", "function"))
        assert written == same, name


def _is_number(text):
    return text.replace(".", "", 1).isdigit()
