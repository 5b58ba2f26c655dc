"""Queries and what the planner makes of them, as data: fragments and residual, or a refusal."""

from dataclasses import FrozenInstanceError, replace

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.plan import plan_query
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.read import read_query
from support.second_parser import DuckDBParser
from support.vectors import load_vectors

PARSER = DuckDBParser()
PUSHED = load_vectors("federation/pushdown")
REFUSED = load_vectors("federation/refused")


@pytest.mark.parametrize("case", PUSHED)
def test_a_query_is_split_as_written_down(case, catalog):
    plan = plan_query(case["sql"], catalog, parser=PARSER)
    fragments = [
        {"party": item.party, "sql": item.sql, "columns": list(item.columns)}
        for item in plan.fragments
    ]
    assert fragments == case["fragments"]
    assert plan.residual_sql == case["residual"]
    assert dict(plan.parameters) == case["parameters"]
    assert list(plan.local_datasets) == case["local"]
    assert list(plan.columns) == case["columns"]


@pytest.mark.parametrize("case", PUSHED)
def test_a_fragment_reads_as_a_query_to_its_provider(case):
    for fragment in case["fragments"]:
        read_query(fragment["sql"], parser=PARSER, limits=DEFAULT_LIMITS)


@pytest.mark.parametrize("case", PUSHED)
def test_the_residual_reads_every_fragment_by_its_name(case, catalog):
    plan = plan_query(case["sql"], catalog, parser=PARSER)
    names = [item.name for item in plan.fragments]
    assert len(set(names)) == len(names)
    assert all(f'"{name}"' in plan.residual_sql for name in names)


@pytest.mark.parametrize("case", REFUSED)
def test_a_query_is_refused_as_written_down(case, catalog):
    with pytest.raises(Refusal) as caught:
        plan_query(case["sql"], catalog, parser=PARSER)
    refusal = caught.value
    assert refusal.reason == case["reason"]
    assert refusal.message == case["message"]
    assert (refusal.line, refusal.column) == (case["line"], case["column"])
    assert next(iter(refusal.allowed), "") == case["first_allowed"]
    assert refusal.hint == case["hint"]


def test_there_are_enough_vectors():
    assert len(PUSHED) >= 30
    assert len({item.id for item in [*PUSHED, *REFUSED]}) == len(PUSHED) + len(REFUSED)


def test_an_unknown_column_is_answered_with_the_granted_ones(catalog):
    with pytest.raises(Refusal) as caught:
        plan_query("SELECT cots FROM ua.repairs", catalog, parser=PARSER)
    assert caught.value.allowed == ("cost", "tail_number", "provider")


def test_a_query_with_too_many_fragments_is_refused_before_anyone_is_asked(catalog):
    limits = replace(DEFAULT_LIMITS, max_fragments=1)
    with pytest.raises(Refusal, match="asks for 2 fragments; at most 1 are served") as caught:
        plan_query("SELECT origin FROM flights", catalog, parser=PARSER, limits=limits)
    assert caught.value.reason is RefusalReason.TOO_COMPLEX


def test_a_query_that_nests_too_deeply_is_refused(catalog):
    sql = "SELECT origin FROM flights WHERE " + " AND ".join(["cancelled"] * 4000)
    limits = replace(DEFAULT_LIMITS, max_tree_depth=100_000, max_plan_nodes=1_000_000)
    with pytest.raises(Refusal, match="nests too deeply") as caught:
        plan_query(sql, catalog, parser=PARSER, limits=limits)
    assert caught.value.reason is RefusalReason.TOO_COMPLEX


def test_a_plan_cannot_be_changed(catalog):
    plan = plan_query("SELECT origin FROM flights", catalog, parser=PARSER)
    with pytest.raises(FrozenInstanceError):
        plan.residual_sql = "SELECT 1"
    with pytest.raises(TypeError):
        plan.parameters["p0"] = "x"
