"""What providers are asked to compute changes nothing: groups, first rows, joins, alternatives."""

from collections import Counter
from functools import cache

from hypothesis import given, note, settings
from hypothesis import strategies as st

from support.federated import World, make_world
from support.federated_queries import examples, first_rows, grouped, looked_for

SEEDS = 12


@cache
def world(seed: int) -> World:
    return make_world(seed)


def check(place, sql):
    """Hold a plan's outcome, with its types, to the query's over all the data in one place."""
    plan = place.plan(sql)
    note(sql)
    note(str(plan))
    whole = place.whole_answer(sql, with_provider="provider" in sql)
    split = place.split_answer(plan)
    assert split.schema.types == whole.schema.types
    assert Counter(_rows(split)) == Counter(_rows(whole))


def _rows(table):
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=examples(250))
@given(seed=st.integers(0, SEEDS - 1), sql=grouped())
def test_groups_are_what_they_are_in_one_place(seed, sql):
    check(world(seed), sql)


@settings(max_examples=examples(100))
@given(seed=st.integers(0, SEEDS - 1), sql=first_rows())
def test_first_rows_are_what_they_are_in_one_place(seed, sql):
    check(world(seed), sql)


@settings(max_examples=examples(120))
@given(seed=st.integers(0, SEEDS - 1), sql=looked_for())
def test_rows_that_are_looked_for_are_what_they_are_in_one_place(seed, sql):
    check(world(seed), sql)
