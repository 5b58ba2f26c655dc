"""Ask for totals of which most is one contributor's.

expect: the dominance rules withhold every such total
effect: no contributor's part is learnt; exact totals give each of them within the p percent
source: the (n, k) and p% rules of statistical offices
"""

import duckdb

from sekisho.disclosure.attacks.attack import By
from support.attackers import Hospital

COLUMNS = """
      site: {use: [group, filter]}
      cost: {use: [measure]}
"""


def test_dominant_contributor_stays_hidden(tmp_path):
    file = tmp_path / "costs.parquet"
    duckdb.sql(
        "SELECT i AS patient_id, i // 30 AS site, CASE WHEN i % 30 = 0 THEN 90000 + i ELSE 100 END"
        " AS cost FROM range(600) t(i)"
    ).write_parquet(str(file))
    hospital = Hospital(tmp_path, COLUMNS, file=file)
    try:
        found = hospital.attack("dominance", "cost")[By.FIGURES]
    finally:
        hospital.close()
    assert found.score.of == found.withheld == found.unprotected == 20
    assert (found.score.stated, found.score.recovered) == (0, 0)
