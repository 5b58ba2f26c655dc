"""A WITH of a dataset's name, so that the query is tried under a grant that does not hold it.

expect: step 5: under a grant, only the grant's own datasets exist, however the query came to it
effect: a dataset is read through the columns of a grant over another one
source: own review: bare names that a WITH takes do not count when grants are chosen
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import dataset, refused, signed_contract

HEAD = """
format: sekisho.contract/v1
title: Planes
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
"""
ROWS = """
  - {grant: planes, datasets: [ua.example/planes], access: rows, columns: {name: {}, seats: {}}}
  - {grant: pilots, datasets: [ua.example/pilots], access: rows, columns: {seats: {}}}
"""
FIGURES = """
  - grant: planes
    datasets: [ua.example/planes]
    access: aggregate
    privacy_units: [id]
    columns: {name: {use: [group]}, seats: {use: [measure]}}
  - grant: pilots
    datasets: [ua.example/pilots]
    access: aggregate
    privacy_units: [id]
    columns: {seats: {use: [measure]}}
"""
COLUMNS = {"id": "VARCHAR", "name": "VARCHAR", "seats": "INTEGER"}
DATASETS = {item.id: item for item in (dataset("planes", COLUMNS), dataset("pilots", COLUMNS))}


def world(grants):
    return {"signed": signed_contract(HEAD + grants), "datasets": DATASETS}


@pytest.mark.parametrize(
    ("grants", "inner"),
    [
        (ROWS, "SELECT name FROM pilots"),
        (ROWS, "SELECT name FROM ua.pilots"),
        (FIGURES, "SELECT name, count(*) AS n FROM pilots GROUP BY name"),
        (FIGURES, "SELECT name, count(*) AS n FROM ua.pilots GROUP BY name"),
    ],
    ids=["rows", "rows of a schema", "figures", "figures of a schema"],
)
@pytest.mark.parametrize("outer", ["pilots", "(SELECT name FROM pilots) AS x"])
def test_a_dataset_of_another_grant_does_not_exist(grants, inner, outer):
    sql = f"WITH pilots AS ({inner}) SELECT name FROM {outer}"
    reasons = {RefusalReason.DATASET_NOT_GRANTED, RefusalReason.COLUMN_NOT_GRANTED}
    assert refused(sql, **world(grants)).reason in reasons
    beside = f"{sql}, (SELECT count(*) AS n FROM planes) AS p"
    assert refused(beside, **world(grants)).reason is RefusalReason.DATASET_NOT_GRANTED
