"""An error that depends on a cell: its text quotes it, and that there is one tells something.

expect: steps 3 and 8: nothing over rows can fail; over cells only what is published can
effect: a canary in the error's text; one bit of a withheld cell for each query
source: DuckDB: Could not convert string 'HIV-canary' to INT32; 1/0; ln(0)
"""

import re

import duckdb
import pytest

from sekisho.errors import Refusal
from support.statistics import COLUMNS, TESTS, Node, agreed, one_test

CANARY = "HIV-canary"
CONTRACT = agreed(
    disclosure="", columns=COLUMNS + ", remark: {use: [group, filter, measure]}, "
    "far: {use: [group, filter], mask: {truncate: year}}",
)  # fmt: skip
OVER_ROWS = [
    "SELECT count(*) FROM tests WHERE remark = 7",
    "SELECT count(*) FROM tests WHERE remark < 7 AND day >= 0",
    "SELECT count(*) FROM tests WHERE remark = DATE '2026-01-01'",
    "SELECT count(*) FROM tests WHERE remark BETWEEN 1 AND 2",
    "SELECT count(*) FROM tests WHERE remark IN (1, 2)",
    "SELECT count(*) FROM tests WHERE day = 99999999999999999999",
    "SELECT count(*) FROM tests WHERE day = CAST('99' AS DATE)",
    "SELECT count(*) FROM tests WHERE far = '2026-01-01'",
    "SELECT far, count(*) FROM tests GROUP BY far",
    "SELECT count(*) FROM tests WHERE far >= DATE '2026-01-01'",
    "SELECT sum(dose), avg(ct), stddev(dose) FROM tests",
    "SELECT count(remark) FROM tests WHERE sex = 7",
]
OVER_CELLS = [
    "SELECT 1 / (count(*) - 60) FROM tests",
    "SELECT 1 % (count(*) - 60) FROM tests",
    "SELECT ln(count(*) - 60) FROM tests",
    "SELECT ln(coalesce(count(*), 0)) FROM tests WHERE day < 5",
    "SELECT 1 // coalesce(count(*), 0) FROM tests WHERE day < 5",
    "SELECT CAST(sex AS INTEGER) FROM (SELECT sex, count(*) FROM tests GROUP BY sex)",
    "SELECT CAST('x' AS INTEGER) FROM (SELECT count(*) FROM tests)",
    "SELECT sqrt(-avg(ct)) FROM tests",
    "SELECT CAST(1e300 * avg(ct) AS INTEGER) FROM tests",
]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """One hospital with a strange patient whose cell is withheld, and one without."""
    columns = TESTS | {"far": "DATE"}
    fields = {"remark": CANARY, "sex": "x", "ct": 1e308, "dose": 2147483647, "day": -1}
    strange = (*one_test(900, **fields), "infinity")
    nodes = []
    for name, more in (("with", [strange]), ("without", [])):
        node = Node(tmp_path_factory.mktemp(name))
        plain = [(*one_test(i, remark=str(i)), "2026-05-05") for i in range(60)]
        node.offer("tests", columns, [*plain, *more])
        nodes.append(node)
    yield nodes
    for node in nodes:
        node.__exit__()


def outcome(node, sql):
    """What a consumer can tell: the answer, or which refusal, or that the engine failed."""
    try:
        return node.ask(sql, CONTRACT)
    except Refusal as refusal:
        return refusal.reason, refusal.message, refusal.hint, refusal.allowed
    except duckdb.Error:
        return "no answer"


@pytest.mark.parametrize("sql", OVER_ROWS)
def test_one_strange_patient_is_no_error(worlds, sql):
    first, second = (outcome(node, sql) for node in worlds)
    assert CANARY not in repr(first)
    assert "no answer" not in {str(first), str(second)}
    if first != second:
        # Everybody without the strange one is a complement of one: withheld, as it must be.
        assert all(item is None for row in first for item in row)


@pytest.mark.parametrize("sql", OVER_CELLS)
def test_errors_over_cells_depend_on_what_is_published_alone(worlds, sql):
    """The strange patient's own cell is never among the published ones."""
    where = "FROM tests WHERE day BETWEEN 0 AND 29"
    sql = sql.replace("FROM tests WHERE", f"{where} AND").replace("FROM tests G", f"{where} G")
    sql = re.sub(r"FROM tests(\)?)$", rf"{where}\1", sql)
    first, second = (outcome(node, sql) for node in worlds)
    assert "BETWEEN" in sql
    assert str(first) == str(second)
