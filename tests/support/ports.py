"""Ports for the nodes of tests: two nodes that live at once never share one."""

import itertools
import os
import random
from collections.abc import Iterator

from sekisho.store.addresses import is_free

PORTS = range(2_000, 10_000)
"""Below those that the product chooses by itself, and that the system gives to callers.

A node's ports are written down when it is founded and opened later. Drawn by each worker for
itself, as the product draws them, two of a run's thousand would meet now and then.
"""


def _of_this_worker() -> Iterator[str]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    # Elsewhere in each run, as another may be going on.
    first = random.SystemRandom().randrange(len(ports))
    for number in itertools.count(first):
        yield f"127.0.0.1:{ports[number % len(ports)]}"


_ADDRESSES = _of_this_worker()


def free_address() -> str:
    """Give an address of this machine that nothing listens at and no other node was given."""
    return next(address for address in _ADDRESSES if is_free(address))
