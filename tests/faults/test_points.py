"""The table of points: each stands on a function that is there, under a name of its own."""

import inspect

import pytest

from faults.points import POINTS, When
from sekisho.ledger.bodies import KINDS


def resolved(path: str):
    module, _, name = path.partition(":")
    found = __import__(module, fromlist=["_"])
    for item in name.split("."):
        found = getattr(found, item)
    return found


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_point_stands_on_a_function_of_the_node(point):
    function = resolved(point.path)
    assert inspect.isfunction(function)
    if point.when is When.SENT:
        assert inspect.isgeneratorfunction(function)
    if point.when is When.WRITTEN:
        assert point.kind in KINDS


def test_a_name_is_one_point_s():
    assert len({point.name for point in POINTS}) == len(POINTS)
