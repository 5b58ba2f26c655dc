"""Whoever is granted everything gets from a plan what the query gives: published and drawn queries.

`pytest -s` shows the table of outcomes; SEKISHO_CORPUS=20000 draws that many.
"""

import os
from collections import Counter
from functools import cache

import pytest

from support.corpus import HITS, SSB, TPCH, OpenWorld, Tally, compare, load_corpus
from support.corpus_queries import draw_query

DRAWN = int(os.environ.get("SEKISHO_CORPUS", "1200"))
CHUNKS = 8
SCHEMAS = {"tpch": TPCH, "shapes": TPCH, "ssb": SSB, "hits": HITS}
WRITTEN = [(name, item) for name in SCHEMAS for item in load_corpus(name)]
COUNTS = {"tpch": 22, "ssb": 13, "hits": 32, "shapes": 49}


@cache
def world(name: str) -> OpenWorld:
    return OpenWorld(SCHEMAS[name])


@pytest.mark.parametrize(("name", "written"), WRITTEN, ids=lambda item: getattr(item, "name", ""))
def test_plan_of_a_published_query_gives_what_the_query_gives(name, written):
    tally = Tally()
    compare(world(name), written.sql, tally)
    assert tally.same == 1, f"{tally.table()}\n{tally.differ}\n{tally.fails}"


def test_published_queries_are_all_there():
    assert Counter(name for name, _ in WRITTEN) == COUNTS


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_plans_of_drawn_queries_give_what_the_queries_give(chunk):
    tally = Tally()
    for seed in range(chunk, DRAWN, CHUNKS):
        compare(world("tpch"), draw_query(seed), tally)
    print(f"\ndrawn queries, part {chunk} of {CHUNKS}\n{tally.table()}")  # noqa: T201  with -s
    assert tally.differ == []
    assert tally.fails == []
    assert tally.refused == {}, tally.table()
    # An error where the plan gives NULL is a difference of its own kind, and a rare one.
    assert len(tally.nulls) + tally.invalid <= 3 + 0.02 * tally.same, tally.table()
