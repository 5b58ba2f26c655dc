"""Real workers over real files; started once, since each takes half a second."""

import pytest

from sekisho.engine.pool import WorkerPool
from support.workers import settings, write_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def pool(sources, tmp_path_factory):
    pool = WorkerPool(settings(tmp_path_factory.mktemp("spill")), sources.values())
    yield pool
    pool.close()
