"""A row filter that closes its bracket, comments a part out, or brings a clause of its own.

expect: step 7: a filter is read as one condition, and written from its tree
effect: a filter that a steward reads as narrow is wide
source: where: "consent = 'given' --AND NOT minor"
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import CONTRACT, refused, signed_contract


@pytest.mark.parametrize(
    "text",
    [
        "NOT cancelled) OR (TRUE",
        "NOT cancelled -- AND late",
        "NOT cancelled /* AND late */",
        "NOT cancelled; DROP TABLE flights",
        "NOT cancelled UNION SELECT 1",
        "NOT cancelled LIMIT 1",
        "TRUE ORDER BY remark",
        "remark IN (SELECT part FROM data.parts)",
        "random() < 0.5",
        "$k1 = 'x'",
        "cancelled = current_date",
    ],
)
def test_no_query_runs_under_such_a_filter(text):
    signed = signed_contract(CONTRACT.replace('"NOT cancelled"', f'"{text}"'))
    refusal = refused("SELECT origin FROM flights", signed=signed)
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.clause == "grants.delays.where"
