"""What must hold of statistics: what was shown is remembered and charged once, brought tables stay.

Each function is given what `invariants.Checker` has read.
"""

from collections import Counter
from typing import TYPE_CHECKING

from sekisho.documents.envelope import digest_of
from sekisho.documents.proposal import parse_proposal
from sekisho.ledger.bodies import Brought, ContractEvent, Dropped, Opened, Taken

if TYPE_CHECKING:
    from faults.invariants import Checker, Ledger
    from sekisho.ledger.entry import Entry


def check_shown(checker: "Checker", provider: "Ledger") -> None:
    """Cells are remembered with their answer, and charged when they are shown first, not again."""
    ua = checker.world.ua
    opened = {entry.index: entry.link.channel for entry in provider.of(Opened)}
    cells = set(ua.rows("SELECT DISTINCT answer, keys FROM published"))
    known = {keys for _, keys in cells}
    for band, figures in checker.world.fleet.shown.items():
        is_known = not figures or any(f'"b-{band}"' in keys for keys in known)
        checker.that("a figure that was shown is remembered", is_known, band)
    strange = [answer for answer, _ in cells if answer not in opened]
    checker.that("what is remembered is of an answer", not strange, strange)
    expected = Counter(opened[answer].contract for answer, _ in cells if answer in opened)
    charged = {
        contract: int(used)
        for contract, used in ua.rows(
            "SELECT root, sum(used) FROM charges WHERE name = 'cells' AND used > 0 GROUP BY root"
        )
    }
    checker.that("a cell is charged once", charged == expected, (charged, expected))
    most = {
        contract: parse_proposal(payload).contract.limits.cells
        for contract, payload in ua.rows("SELECT id, payload FROM contracts")
    }
    over = [contract for contract, used in charged.items() if used > most[contract].max]
    checker.that("no more cells than agreed", not over, over)
    (of_the_day,) = ua.rows("SELECT coalesce(sum(used), 0) FROM published_cells")
    checker.that("the day's cells are counted", int(of_the_day[0]) == len(cells), of_the_day)


def check_brought(checker: "Checker", provider: "Ledger", consumer: "Ledger") -> None:
    """A table is taken once and stays as it came, until its contract ends and it is gone."""
    taken = {_table(entry): entry for entry in provider.of(Taken)}
    brought = {_table(entry): entry for entry in consumer.of(Brought)}
    for ledger, kinds, found in ((provider, Taken, taken), (consumer, Brought, brought)):
        checker.that("a table is recorded once", len(ledger.of(kinds)) == len(found), kinds)
    missing = [table for table in brought if table not in taken]
    checker.that("a table that was brought was taken", not missing, missing)
    for entry in provider.of(Opened):
        for name, digest in (entry.body.lookups or {}).items():
            first = taken.get((entry.link.channel.contract, name, digest))
            is_held = first is not None and first.index < entry.index
            checker.that("a table that is joined was taken before", is_held, entry.index)
    ended = {item.body.contract for item in provider.of(ContractEvent) if _ends(item)}
    dropped = Counter(_table(entry) for entry in provider.of(Dropped))
    wanted = Counter(table for table in taken if table[0] in ended)
    checker.that("a table of an ended contract is dropped once", dropped == wanted, dropped)
    for contract, digest, content in checker.world.ua.rows(
        "SELECT contract, digest, content FROM lookups"
    ):
        if contract in ended:
            checker.that("a table of an ended contract is gone", content is None, contract)
        else:
            is_same = content is not None and digest_of(bytes(content)) == digest
            checker.that("a table stays as it came", is_same, contract)


def _table(entry: "Entry") -> tuple[str, str, str]:
    return entry.link.channel.contract, entry.body.lookup, entry.body.digest


def _ends(entry: "Entry") -> bool:
    return entry.body.event == "terminated"
