"""An open state file for each test."""

import pytest

from support.state import opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.db"


@pytest.fixture
def state(path):
    with opened(path) as state:
        yield state
