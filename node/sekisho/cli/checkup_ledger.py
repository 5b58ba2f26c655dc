"""What `doctor` looks at in ledgers: this node's own standing, and what others' do not hold to."""

from collections.abc import Iterator
from datetime import datetime

from sekisho.cli.matter import Finding
from sekisho.cli.place import Place


def check_ledgers(place: Place, at: datetime) -> Iterator[Finding]:
    """Tell whether anybody holds a later checkpoint of this ledger, and how neighbours' stand."""
    from sekisho.server.watched import watched
    from sekisho.server.witness import neighbours_of

    with place.records() as records:
        neighbours = neighbours_of(place.contracts(records), place.party, at)
        found = watched(records, neighbours, at)
        doubts = records.standing.doubts()
    for doubt in doubts:
        error = doubt.error()
        yield Finding(state="fail", matter="ledger", message=error.message, hint=error.hint)
    for item in found:
        if not item.is_healthy and not doubts:
            yield Finding(
                state="warn",
                matter="ledger",
                message=f"{item.name}: {item.words}",
                hint="docs/guide/recovering.md says what to do",
            )
    if not doubts:
        yield Finding(
            state="ok", matter="ledger", message="nobody is known to hold a later checkpoint of it"
        )
