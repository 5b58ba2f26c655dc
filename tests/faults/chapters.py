"""Which points are struck together, and by what other faults than a fall."""

from pathlib import Path

from faults.points import POINTS, By, Point

FORMER = Path(__file__).parents[1] / "vectors" / "state" / "tables-1.db.gz"
"""A former release's state, to be brought forward."""
BEHIND_SECONDS = -3600
"""A clock that is put so far wrong has to be noticed."""


def points(*kinds: By) -> list[Point]:
    """List the points of some kinds."""
    return [point for point in POINTS if point.by in kinds]


_ASKING = points(By.ASKING)
CHAPTERS = {
    "deciding": _ASKING[:8],
    "answering": [point for point in _ASKING[8:] if point.node == "ua"],
    "asking": [point for point in _ASKING if point.node == "maker"] + points(By.RESERVING),
    "refusing": points(By.REFUSED, By.DENIED, By.LIMITED, By.LEAVING, By.REPLAYING),
    "counting": points(By.COUNTING, By.OVERDRAWN),
    "bringing": points(By.BRINGING, By.DROPPING),
    "agreeing": points(By.SIGNING, By.ENDING, By.DELIVERING, By.AWAY, By.SWEEPING),
    "starting": points(By.STARTING),
    "stopping": points(By.STOPPING),
}
TROUBLE = {
    "freeze": (
        "query decided",
        "opened written",
        "schema sent",
        "cells remembered",
        "before a table is taken",
        "before asked",
    ),
    "terminate": ("opened written", "before closed", "cells charged", "taken written"),
    "hold": (
        "request verified",
        "opened on disk",
        "first batch sent",
        "cells on disk",
        "before it is handed over",
        "receipt signed",
    ),
    "full": (
        "before the charge",
        "before closed",
        "before the cells",
        "before cut",
        "before asked",
        "before a table is taken",
        "before received",
    ),
    "broken": ("before the charge", "before closed", "before the cells", "before cut"),
    "clock": ("query decided", "before closed", "before received"),
}
"""By fault: where it strikes."""
_NOT_REPLICATED = {By.STARTING, By.STOPPING, By.MIGRATING, By.RESTORING}
REPLICATED = [point for point in POINTS if point.node == "ua" and point.by not in _NOT_REPLICATED]
"""Where one of two replicas falls that share their state."""
SERVER_FALLS = (
    "begun in PostgreSQL",
    "charged",
    "opened written",
    "opened on disk",
    "schema sent",
    "closed written",
    "closed on disk",
    "cells remembered",
    "cells charged",
    "taken written",
    "refused written",
    "contract written",
    "before streams are cut",
    "dropped written",
)
"""Where the server falls: in mid-transaction, and between transactions."""
FROZEN = ("query decided", "opened on disk", "schema sent", "cells on disk", "table read")
"""Where a replica stands still while the other goes on: outside transactions, which would wait."""
