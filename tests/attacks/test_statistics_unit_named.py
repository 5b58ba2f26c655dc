"""The privacy unit by every name that a query can give it: grouped by, filtered on, returned.

expect: aggregate.md, step 2: the unit is joined on and counted distinct, and nothing else
effect: a cell for each patient, or the figures of one who is named
source: AWS Clean Rooms: join columns are never output; here neither grouped nor filtered
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import COLUMNS, agreed

CONTRACT = agreed(disclosure="")
UNGRANTED = agreed(disclosure="", columns=COLUMNS.replace(", patient: {use: [join]}", ""))
TRIES = [
    "SELECT patient FROM tests",
    "SELECT patient, count(*) FROM tests GROUP BY patient",
    "SELECT patient AS p, count(*) FROM tests GROUP BY p",
    "SELECT patient, count(*) FROM tests GROUP BY 1",
    "SELECT patient, count(*) FROM tests GROUP BY ALL",
    "SELECT count(*) FROM tests GROUP BY patient",
    "SELECT count(*) FROM tests GROUP BY (patient)",
    "SELECT count(*) FROM tests AS t GROUP BY t.patient",
    'SELECT count(*) FROM tests GROUP BY "PATIENT"',
    "SELECT count(*) FROM a.tests GROUP BY a.tests.patient",
    "SELECT sex, patient, count(*) FROM tests GROUP BY sex, patient",
    "SELECT n FROM (SELECT patient, count(*) AS n FROM tests GROUP BY patient)",
    "WITH x AS (SELECT patient AS p, count(*) AS n FROM tests GROUP BY p) SELECT max(n) FROM x",
    "WITH x AS (SELECT patient FROM tests) SELECT count(*) FROM x",
    "WITH x AS (SELECT * FROM tests) SELECT patient, count(*) FROM x GROUP BY patient",
    "SELECT count(*) FROM (SELECT DISTINCT patient FROM tests)",
    "SELECT DISTINCT patient FROM tests",
    "SELECT DISTINCT ON (patient) count(*) FROM tests",
    "SELECT count(*) FROM tests WHERE patient = 7",
    "SELECT count(*) FROM tests WHERE patient IN (1, 2, 3)",
    "SELECT count(*) FROM tests WHERE patient BETWEEN 0 AND 9",
    "SELECT count(*) FROM tests WHERE 7 = patient",
    "SELECT count(*) FROM tests WHERE sex = 'f' AND patient < 7",
    "SELECT count(*) FROM tests HAVING patient = 7",
    "SELECT count(*) FROM tests HAVING max(patient) = 7",
    "SELECT sex, count(*) FROM tests GROUP BY sex HAVING count(DISTINCT patient) > patient",
    "SELECT sex, count(*) FROM tests GROUP BY sex ORDER BY patient",
    "SELECT count(*) FROM tests ORDER BY patient",
    "SELECT count(*), patient FROM tests",
    "SELECT sum(patient), avg(patient) FROM tests",
    "SELECT count(patient) FROM tests",
    "SELECT count(*) OVER (PARTITION BY patient) FROM tests GROUP BY sex",
    "SELECT sex, row_number() OVER (ORDER BY patient) FROM tests GROUP BY sex",
    "SELECT sex FROM tests GROUP BY sex QUALIFY row_number() OVER (ORDER BY patient) = 1",
    "SELECT count(*) FROM tests LIMIT patient",
    "SELECT patient, count(*) FROM tests GROUP BY ROLLUP (patient)",
    "SELECT patient, count(*) FROM tests GROUP BY GROUPING SETS ((patient), ())",
    "SELECT (SELECT patient) FROM tests GROUP BY sex",
    "SELECT * FROM tests",
    "SELECT tests.* FROM tests",
    "SELECT count(*) FROM tests UNION ALL SELECT patient FROM tests",
    "SELECT count(*) FROM tests EXCEPT SELECT count(*) FROM tests GROUP BY patient",
]
REASONS = {
    RefusalReason.USE_NOT_GRANTED,
    RefusalReason.SYNTAX_NOT_ALLOWED,
    RefusalReason.FUNCTION_NOT_ALLOWED,
    RefusalReason.COLUMN_NOT_GRANTED,
}


@pytest.mark.parametrize("sql", TRIES)
@pytest.mark.parametrize("contract", [CONTRACT, UNGRANTED], ids=["granted to join", "not granted"])
def test_a_unit_is_never_told_apart(quiet_hospital, sql, contract):
    decided = quiet_hospital.decide(sql, contract)
    assert isinstance(decided, Refusal), decided.sql
    assert decided.reason in REASONS


def test_units_are_counted_whether_they_are_granted_or_not(hospital):
    for contract in (CONTRACT, UNGRANTED):
        found = hospital.ask("SELECT count(DISTINCT patient) FROM tests", contract)
        assert found == [(60,)]


def test_a_unit_that_the_dataset_adds_is_one_too(hospital):
    """Whatever the contract lists, the dataset's own units are protected as well."""
    hospital.datasets = {
        key: type(item)(id=item.id, columns=item.columns, privacy_units=("patient", "day"))
        for key, item in hospital.datasets.items()
    }
    for sql in ("SELECT day, count(*) FROM tests GROUP BY day",
                "SELECT count(*) FROM tests WHERE day < 30"):  # fmt: skip
        decided = hospital.decide(sql, CONTRACT)
        assert isinstance(decided, Refusal)
        assert decided.reason is RefusalReason.USE_NOT_GRANTED
