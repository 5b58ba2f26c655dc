"""An open state for each test, in a file and in PostgreSQL."""

import pytest

from support.postgres import empty_database, running_server
from support.state import opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.db"


@pytest.fixture(scope="session")
def server():
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def url(server):
    return server.url()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, path):
    """Where a state is kept."""
    if request.param == "sqlite":
        return path
    return empty_database(request.getfixturevalue("url"))


@pytest.fixture
def state(place):
    with opened(place) as state:
        yield state
