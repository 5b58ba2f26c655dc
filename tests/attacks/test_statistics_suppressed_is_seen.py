"""A withheld cell told from an empty one: by its row, its size, its schema, its receipt.

expect: aggregate.md, step 7.2: one look for what is withheld and what is not there
effect: one bit for each question: whether anybody is in the cell
source: a hospital network where status counts bypassed thresholds, and suppressed looked like zero
"""

import duckdb
import pytest

from sekisho.ledger.receipt import parse_receipt
from sekisho.wire.frames import parse_frame
from sekisho.wire.receipts import parse_receipt_envelope
from support.hospitals import hospital_section, statistics_text
from support.nodes import Companies
from support.wiretap import Wiretap

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DATA = """
    SELECT i AS patient_id, CASE WHEN i < 3 THEN 7 ELSE 50 END AS age, i // 3 AS pandemic_day,
        'f' AS gender, 'negative' AS result, 20.0 + i % 7 AS cycle_threshold FROM range(300) AS t(i)
"""
COLUMNS = """
      age: {use: [group, filter]}
      pandemic_day: {use: [group, filter]}
      gender: {use: [group, filter]}
      cycle_threshold: {use: [measure]}
      patient_id: {use: [join]}
"""
PAIRS = {
    "no group": (
        "SELECT count(*), avg(cycle_threshold) FROM tests WHERE pandemic_day = 4",
        "SELECT count(*), avg(cycle_threshold) FROM tests WHERE pandemic_day = -4",
    ),
    "groups": (
        "SELECT gender, count(*), sum(cycle_threshold) FROM tests WHERE age < 8 GROUP BY gender",
        "SELECT gender, count(*), sum(cycle_threshold) FROM tests WHERE age < 7 GROUP BY gender",
    ),
    "groups of few": (
        "SELECT pandemic_day, count(*) FROM tests WHERE pandemic_day < 9 GROUP BY pandemic_day",
        "SELECT pandemic_day, count(*) FROM tests WHERE pandemic_day < 0 GROUP BY pandemic_day",
    ),
    "above cells": (
        "SELECT coalesce(max(n), -1) FROM (SELECT count(*) AS n FROM tests WHERE age < 8)",
        "SELECT coalesce(max(n), -1) FROM (SELECT count(*) AS n FROM tests WHERE age < 7)",
    ),
    "differs by few": (
        "SELECT count(*) FROM tests WHERE pandemic_day < 99",
        "SELECT count(*) FROM tests WHERE pandemic_day < -9",
    ),
}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    root = tmp_path_factory.mktemp("suppressed")
    file = root / "tests.parquet"
    duckdb.sql(DATA).write_parquet(str(file))
    with Companies(root) as companies:
        companies.found("a", hospital_section(file))
        companies.found("lab")
        companies.introduce()
        companies.start()
        limits = "{queries: {max: 90, per: day}, cells: {max: 90, per: day}}"
        contract = companies.agree(statistics_text(columns=COLUMNS, limits=limits))
        yield companies, contract


def look(heard):
    """All that a consumer can tell of an answer but for what no two answers share."""
    frames = [parse_frame(item) for item in heard.messages]
    statements = [bytes(frame.metadata) for frame in frames if frame.metadata]
    receipt = parse_receipt(parse_receipt_envelope(statements[-1]).payload)
    told = {name: getattr(receipt, name) for name in ("outcome", "rows", "bytes", "blake3")}
    left = dict(receipt.limits_left)
    left.pop("queries")
    return {
        "code": heard.code,
        "frames": [(bytes(frame.header), bytes(frame.body)) for frame in frames],
        "statements": [len(item) for item in statements],
        "around": [item for item in heard.around if not item.isdigit()],
        "receipt": told,
        "left": left,
    }


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_nothing_tells_a_withheld_cell_from_an_empty_one(hospital, pair):
    companies, contract = hospital
    with Wiretap(companies["lab"], companies["a"]) as tapped:
        few, none = (look(tapped.ask(contract, sql)) for sql in pair)
    # Numbers of ledger entries grow, and may grow by a digit; all else is the same.
    sizes = [item.pop("statements") for item in (few, none)]
    assert few == none
    assert all(abs(left - right) < 9 for left, right in zip(*sizes, strict=True))
