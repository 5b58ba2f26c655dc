"""The driving story says how far answers are from the files, and does not call others near."""

import math
from decimal import Decimal

import pytest

from sekisho.cli.story_driving import farthest
from sekisho.cli.story_driving_asked import CUSTOMERS, REGIONS, over_the_files

TRUE = [("rural", 2014, Decimal("200.0"), 0.5), ("urban", 2014, Decimal("100.0"), 0.0)]


def test_the_largest_error_of_all_figures_is_told():
    assert farthest([("rural", 2014, 202.0, 0.5), ("urban", 2014, 99.5, 0.0)], TRUE) == 0.01


def test_the_same_rows_are_not_apart():
    assert farthest(TRUE, TRUE) == 0
    assert farthest([], []) == math.inf


@pytest.mark.parametrize(
    "rows",
    [
        TRUE[:1],
        [TRUE[1], TRUE[0]],
        [("rural", 2014, None, 0.5), TRUE[1]],
        [("rural", 2016, 200.0, 0.5), TRUE[1]],
    ],
)
def test_other_rows_and_withheld_figures_are_not_near(rows):
    assert farthest(rows, TRUE) == math.inf


@pytest.mark.parametrize("sql", [REGIONS, CUSTOMERS])
def test_over_the_files_only_trips_with_consent_are_in_the_panel(sql):
    assert over_the_files(sql).count("WHERE consent") == 1
    assert "local." not in over_the_files(sql)
