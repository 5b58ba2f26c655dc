"""Fifty questions at once, in pairs that differ by one patient.

expect: deciding and remembering is one durable transaction
effect: both of a pair are decided before either is remembered
source: PRIVACY.md: budget race, 50 parallel queries
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest

from sekisho.server.protecting import protected_job
from support.statistics import LAB, RIVAL, SECRETS, agreed, one_test

CONTRACTS = {LAB: agreed(disclosure="", number=1), RIVAL: agreed(disclosure="", number=2)}
PAIRS = 25
PATIENTS = PAIRS * 40


@pytest.fixture
def busy(hospital):
    """So many groups of forty that each pair has one of its own."""
    hospital.tests(*(one_test(i, age=i % PAIRS, day=i // PAIRS) for i in range(PATIENTS)))
    return hospital


def sqls():
    """Everybody of a group up to a day, and everybody up to the day before."""
    for age in range(PAIRS):
        for day in (30, 29):
            yield f"SELECT count(*), avg(ct) FROM tests WHERE age = {age} AND day < {day}"


def publish_at_once(node):
    """Describe all fifty first, so that every one is to be decided at the same time."""
    plans = [
        node.decide(sql, CONTRACTS[consumer], consumer)
        for sql, consumer in zip(sqls(), cycle(CONTRACTS), strict=False)
    ]
    jobs = [protected_job(*plan.blocks, secrets=SECRETS, sources=(), seconds=60) for plan in plans]
    barrier = threading.Barrier(len(jobs), timeout=60)
    one_engine = threading.Lock()

    def compute(job):
        with one_engine:
            described = node.compute(job)
        barrier.wait()
        return described

    def cells(job):
        return node.protecting.cells(
            job, {}, answer=0, compute=compute, charge=lambda _, cells: node.fresh.append(cells)
        )

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [table.rows for table in pool.map(cells, jobs)]


def test_of_each_pair_one_is_published(busy):
    answers = publish_at_once(busy)
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        published = [item for item in (first, second) if item != ((None, None),)]
        assert len(published) == 1
        assert published[0][0][0] == "30"
    assert sum(busy.fresh) == PAIRS
