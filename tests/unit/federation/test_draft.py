"""The order of the planner's rules is held to by the draft."""

import pytest

from sekisho.federation.draft import Draft
from sekisho.federation.pushing import push_filters
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.sql.read import read_query
from support.second_parser import DuckDBParser


def test_a_rule_that_runs_before_names_are_looked_up_is_a_mistake_of_ours(catalog):
    tree = read_query("SELECT origin FROM flights", parser=DuckDBParser(), limits=DEFAULT_LIMITS)
    with pytest.raises(RuntimeError, match="before the names were looked up"):
        push_filters(Draft(catalog=catalog, written=tree, tree=tree))
