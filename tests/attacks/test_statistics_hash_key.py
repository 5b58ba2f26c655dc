"""Who knows the key of the hashes, or can have a value hashed, finds patients in sketches.

expect: the key is the node's own, and stands in no plan, explanation, digest, refusal or answer
effect: guessing patients' numbers until one hashes to what was seen
source: PRIVACY.md: keyed sums; a hash without a key is a pseudonym that everybody can compute
"""

import pytest

from sekisho.errors import Refusal
from sekisho.gate.governed import HASH_KEY
from sekisho.server.plans import plan_digest
from support.statistics import SECRETS, Node, agreed

CONTRACT = agreed(disclosure="")
SQL = "SELECT sex, count(*), avg(ct) FROM tests WHERE day < 30 GROUP BY sex"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT hash(sex) FROM (SELECT sex FROM tests GROUP BY sex)",
        "SELECT count(*) FROM tests WHERE sex = $m1",
        "SELECT $m1 FROM (SELECT count(*) FROM tests)",
        "SELECT $k1, count(*) FROM tests",
        "SELECT count(*) FROM tests WHERE day = $1",
        "SELECT count(*) FROM tests WHERE day = ?",
        "SELECT md5(sex) FROM (SELECT sex FROM tests GROUP BY sex)",
        "SELECT sha256(sex) FROM (SELECT sex FROM tests GROUP BY sex)",
        "SELECT getvariable('m1')",
    ],
)
def test_nothing_is_hashed_for_a_caller_and_no_key_is_named(quiet_hospital, sql):
    assert isinstance(quiet_hospital.decide(sql, CONTRACT), Refusal)


def test_plans_name_the_key_and_do_not_hold_it(quiet_hospital):
    plan = quiet_hospital.decide(SQL, CONTRACT)
    (block,) = plan.blocks
    assert HASH_KEY in block.secrets
    assert HASH_KEY not in block.parameters
    assert SECRETS[HASH_KEY] not in repr(plan)
    assert f"${HASH_KEY}" not in plan.sql
    assert plan_digest(plan) == plan_digest(quiet_hospital.decide(SQL, CONTRACT))


def test_each_node_draws_a_key_of_its_own_and_keeps_it(tmp_path):
    keys = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with Node(tmp_path / name) as node:
            drawn = {node.state.submit(node.state.published.secret) for _ in range(2)}
            keys += drawn
    assert len(keys) == 2
    assert all(len(bytes.fromhex(key)) == 32 for key in keys)


def test_no_answer_holds_a_hash_or_a_sum_of_one(hospital):
    found = hospital.ask("SELECT sex, count(*), count(DISTINCT patient) FROM tests GROUP BY sex",
                         CONTRACT)  # fmt: skip
    assert all(abs(value) < 1000 for row in found for value in row[1:])
