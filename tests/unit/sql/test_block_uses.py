"""What a grant lets a block do with units and with tables that are brought, at the gate."""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Wards
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Where the virus goes"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: wards
    datasets: [ua.example/stays, ua.example/wards]
    access: aggregate
    privacy_units: [patient]
    columns:
      ward: {use: [join, group]}
      beds: {use: [group]}
      nights: {use: [measure]}
    lookups:
      - {name: floors, key: ward, columns: {floor: integer}, max_rows: 20}
      - {name: words, key: ward, columns: {word: text}, max_rows: 20}
"""
STAYS = dataset("stays", {"patient": "INTEGER", "ward": "VARCHAR", "nights": "INTEGER"})
WARDS = dataset("wards", {"patient": "INTEGER", "ward": "VARCHAR", "beds": "INTEGER"})
WORLD = {
    "signed": signed_contract(CONTRACT),
    "datasets": {STAYS.id: STAYS, WARDS.id: WARDS},
}
FLOORS = "SELECT count(*) FROM stays AS s JOIN floors AS f ON s.ward = f.ward"


def test_a_unit_is_counted_though_it_is_not_granted_and_joined_on_only_where_it_is():
    assert allowed("SELECT count(DISTINCT patient) FROM stays", **WORLD)
    sql = "SELECT count(*) FROM stays AS s JOIN wards AS w ON s.patient = w.patient"
    refusal = refused(sql, **WORLD)
    assert refusal.reason is RefusalReason.USE_NOT_GRANTED
    assert refusal.message == "the column `patient` may not be joined on"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (f"{FLOORS} JOIN words AS w ON f.ward = w.ward", "nothing else is joined to the table"),
        (f"{FLOORS} GROUP BY f.ward", "the key of `floors` is joined on, and used for nothing"),
        (f"{FLOORS} AND s.ward = f.ward", "the table `floors` is joined on its key"),
        (
            "SELECT count(*) FROM stays AS s JOIN floors AS f ON s.ward = f.floor",
            "the table `floors` is joined on its key and nothing else",
        ),
        (
            "SELECT count(*) FROM floors AS f JOIN stays AS s ON s.ward = f.ward",
            "a table that is brought stands joined to a dataset",
        ),
        (FLOORS.replace("count(*)", "sum(f.floor)"), "a column that is brought is grouped by or"),
        (FLOORS.replace("count(*)", "f.floor"), "`floor` is brought: group by it to see it"),
    ],
)
def test_a_table_that_is_brought_adds_its_columns_and_nothing_else(sql, message):
    assert refused(sql, **WORLD).message.startswith(message)
