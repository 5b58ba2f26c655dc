"""What is published of a cell: multiples, four digits, and nothing where all values are alike."""

import math
from dataclasses import replace

import pytest

from sekisho.disclosure.figures import Totals, deviation, mean, publish, round_count, type_of
from sekisho.model.plan import Figure, FigureKind, Terms

TERMS = Terms(
    minimum_units=10, largest_percent=50, two_largest_percent=85, p_percent=10, round_counts_to=5
)
TOTALS = Totals(count=13, units=(11, 3), sum=43.3333, square=200.0, low=1.0, high=9.0)


def published(kind, counted=TOTALS, valued=TOTALS, **named):
    return publish(Figure(kind=kind, **named), counted=counted, valued=valued, terms=TERMS)


@pytest.mark.parametrize(
    ("count", "step", "rounded"),
    [
        (0, 5, 0), (2, 5, 0), (3, 5, 5), (7, 5, 5), (8, 5, 10), (2, 4, 4), (1, 4, 0), (6, 4, 8),
        (1, 1, 1), (12345, 1000, 12000), (12500, 1000, 13000),
    ],
)  # fmt: skip
def test_counts_are_rounded_to_the_nearest_multiple_halves_up(count, step, rounded):
    assert round_count(count, step) == rounded


def test_each_kind_of_figure():
    assert published(FigureKind.COUNT) == 15
    assert published(FigureKind.UNITS) == 10
    assert published(FigureKind.UNITS, unit=1) == 5
    assert published(FigureKind.MEAN, measure=0) == 3.333
    assert published(FigureKind.SUM, measure=0) == 3.333 * 15
    spread = (200.0 - 43.3333**2 / 13) / 12
    assert published(FigureKind.DEVIATION, measure=0) == float(f"{math.sqrt(spread):.4g}")


def test_a_sum_is_the_published_mean_times_the_published_count():
    """It tells no more than the two do, wherever they come from."""
    counted = replace(TOTALS, count=1003)
    assert published(FigureKind.SUM, counted=counted) == 3.333 * 1005


@pytest.mark.parametrize("kind", list(FigureKind))
def test_what_may_not_be_told_is_not(kind):
    without_count = published(kind, counted=None)
    without_values = published(kind, valued=None)
    assert (without_count is None) is (kind in {"count", "units", "sum"})
    assert (without_values is None) is (kind in {"mean", "deviation", "sum"})


@pytest.mark.parametrize("kind", ["mean", "sum", "deviation"])
def test_values_that_are_all_alike_tell_everyones(kind):
    alike = Totals(count=20, units=(20,), sum=40.0, square=80.0, low=2.0, high=2.0)
    assert published(FigureKind(kind), alike, alike) is None


def test_values_that_differ_by_less_than_can_be_seen_have_no_deviation():
    close = Totals(count=20, units=(20,), sum=20.0, square=20.0, low=1.0, high=1.0 + 1e-15)
    assert deviation(close) is None
    assert mean(close) == 1.0


@pytest.mark.parametrize("count", [0, 1])
def test_a_deviation_needs_two_values(count):
    assert deviation(replace(TOTALS, count=count)) is None
    two = Totals(count=2, units=(2,), sum=4.0, square=10.0, low=1.0, high=3.0)
    assert deviation(two) == 1.414


def test_nothing_has_no_mean():
    assert mean(replace(TOTALS, count=0)) is None


@pytest.mark.parametrize("broken", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_not_published(broken):
    assert mean(replace(TOTALS, sum=broken)) is None
    assert deviation(replace(TOTALS, square=math.inf)) is None


def test_a_mean_of_nothing_but_negatives_keeps_its_sign():
    negative = Totals(count=3, units=(3,), sum=-10.0, square=40.0, low=-9.0, high=-0.5)
    assert mean(negative) == -3.333


def test_types_of_figures():
    types = {kind: type_of(Figure(kind=kind)) for kind in FigureKind}
    assert {kind for kind, name in types.items() if name == "BIGINT"} == {"count", "units"}
    assert {name for kind, name in types.items() if kind not in {"count", "units"}} == {"DOUBLE"}
