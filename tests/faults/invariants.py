"""What must hold after every fault, read from the nodes' files and from what was seen outside."""

import json
import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass

from faults.shown import check_brought, check_shown
from faults.struck import COMMANDS, Struck
from faults.world import World, open_answers
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import SekishoError
from sekisho.ledger.bodies import (
    Asked,
    Closed,
    ContractEvent,
    Cut,
    Failed,
    Interrupted,
    Opened,
    Received,
    Refused,
)
from sekisho.ledger.charging import charge_terms
from sekisho.ledger.entry import Entry, parse_entry
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.merkle import Tree
from sekisho.server.members import MemberBook
from sekisho.store.evidence import verify_evidence
from support.nodes import run

ENDS = (Closed, Cut, Interrupted)


@dataclass(frozen=True)
class Ledger:
    """One node's ledger as it lies on disk."""

    entries: list[Entry]
    leaves: list[bytes]
    ends: dict[int, Entry]

    def of(self, *kinds: type) -> list[Entry]:
        return [entry for entry in self.entries if isinstance(entry.body, kinds)]


class Checker:
    """Checks the invariants, and counts what it has checked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.checked: Counter[str] = Counter()
        self.violations: list[str] = []

    def that(self, name: str, holds: bool, detail: object = "") -> None:  # noqa: FBT001
        self.checked[name] += 1
        if not holds:
            self.violations.append(f"{name}: {detail}")

    def fails(self, name: str, detail: object = "") -> None:
        self.checked[name] += 1
        self.violations.append(f"{name}: {detail}")

    def check(self) -> None:
        """Check everything that can be seen in the files of both nodes."""
        for node in self.world.nodes:
            self.that("no thread of a node ends by an error", not node.fallen, node.fallen)
        self.world.settle()
        provider = self._ledger(self.world.ua)
        consumer = self._ledger(self.world.maker)
        self._nothing_answered_twice(provider)
        self._nothing_left_unrecorded(provider, consumer)
        self._charges_follow(provider)
        self._nothing_after_its_end(provider)
        self._signed_places_hold(provider)
        check_shown(self, provider)
        check_brought(self, provider, consumer)

    def look_again(self) -> None:
        """Ask once more what was shown last: few planes more do not show."""
        shown = [band for band, figures in self.world.fleet.shown.items() if figures]
        if shown:
            first, found = self.world.fleet.shown[shown[-1]], self.world.count_again(shown[-1])
            self.that("a figure that was shown stays", found == first, (first, found))

    def _ledger(self, node: Struck) -> Ledger:
        with node.records() as records:
            try:
                members = MemberBook(records, node.member)()
                report = verify_evidence(records, members, party=node.party)
            except SekishoError as error:
                self.fails("the ledger verifies", f"{node.party}: {error.message}")
            else:
                self.checked["the ledger verifies"] += 1
                self.that("nothing stays open", report.ledger.open == (), report.ledger.open)
            stored = list(records.ledger.stored_entries())
        self.that("what is open is remembered as such", open_answers(node) == [], node.party)
        leaves = [item.leaf for item in stored]
        before = self.world.leaves.get(node.party, [])
        self.that("no entry is lost or altered", leaves[: len(before)] == before, node.party)
        self.world.leaves[node.party] = leaves
        entries = [parse_entry(item.body, index=item.index) for item in stored]
        ends = {entry.body.ends: entry for entry in entries if hasattr(entry.body, "ends")}
        return Ledger(entries, leaves, ends)

    def _nothing_answered_twice(self, provider: Ledger) -> None:
        nonces = Counter(
            (entry.link.channel.consumer, entry.body.nonce)
            for entry in provider.of(Opened, Refused)
        )
        twice = [nonce for nonce, times in nonces.items() if times > 1]
        self.that("a nonce is answered once", not twice, twice)
        runs = defaultdict(set)
        for fact in journal(*self.world.providers):
            if fact["bytes"]:
                runs[fact["request"]].add(fact["run"])
        twice = [request for request, found in runs.items() if len(found) > 1]
        self.that("no data leaves twice for one request", not twice, twice)

    def _nothing_left_unrecorded(self, provider: Ledger, consumer: Ledger) -> None:
        opened = {entry.body.request: entry for entry in provider.of(Opened)}
        left: Counter[str] = Counter()
        for fact in journal(*self.world.providers):
            left[fact["request"]] += fact["bytes"]
        self._cover("a byte that left has its entry", opened, left, provider)
        probed = Counter({item.request: item.bytes for item in self.world.arrived})
        self._cover("a byte that the probe got has its entry", opened, probed, provider)
        early = [item.request for item in self.world.arrived if item.was_early]
        self.that("the entry is on disk before the first byte", not early, early)
        came: Counter[str] = Counter()
        for entry in consumer.of(Asked):
            end = consumer.ends.get(entry.index)
            if end is not None and isinstance(end.body, Received | Failed):
                came[entry.body.request] += end.body.bytes
        self._cover("a byte that the maker got has its entry", opened, came, provider)

    def _cover(self, name: str, opened: dict, seen: Counter, provider: Ledger) -> None:
        for request, size in seen.items():
            if not size:
                continue
            entry = opened.get(request)
            end = provider.ends.get(entry.index) if entry else None
            self.that(name, end is not None and size <= size_of(end.body), (request, size, end))

    def _charges_follow(self, provider: Ledger) -> None:
        """Charges are what the entries say was sent or, of what fell, reserved."""
        expected: Counter[tuple] = Counter()
        bounds = {}
        payloads = dict(self.world.ua.rows("SELECT id, payload FROM contracts"))
        charges = {
            tuple(row[:4]): row[4]
            for row in self.world.ua.rows(
                "SELECT root, consumer, name, started, used FROM charges WHERE name <> 'cells'"
            )
        }
        signed = {id_: parse_proposal(payload) for id_, payload in payloads.items()}
        for entry in provider.of(Opened):
            channel = entry.link.channel
            terms = charge_terms(
                signed[channel.contract],
                consumer=channel.consumer,
                root=channel.contract,
                now=parse_moment(entry.at),
            )
            end = provider.ends[entry.index].body if entry.index in provider.ends else None
            for name, bound, amount in (
                ("queries", terms.queries, 1),
                ("rows", terms.rows, rows_of(end)),
                ("bytes", terms.bytes, size_of(end)),
            ):
                if bound is not None:
                    key = (channel.contract, channel.consumer, name, bound.window)
                    expected[key] += amount
                    bounds[key] = bound.max
        found = Counter({key: used for key, used in charges.items() if used})
        self.that("charges follow from the entries", found == +expected, (found, expected))
        over = [key for key, used in charges.items() if used > bounds.get(key, used)]
        self.that("no limit is exceeded", not over, over)

    def _nothing_after_its_end(self, provider: Ledger) -> None:
        """A termination that was acknowledged is in the ledger, and nothing is opened after it."""
        ended = {
            entry.body.contract: entry.index
            for entry in provider.of(ContractEvent)
            if entry.body.event == "terminated"
        }
        for contract in self.world.ended:
            self.that("what was said to be ended has ended", contract in ended, contract)
        late = [
            entry.index
            for entry in provider.of(Opened)
            if entry.index > ended.get(entry.link.channel.contract, entry.index)
        ]
        self.that("nothing opens after a termination", not late, late)

    def _signed_places_hold(self, provider: Ledger) -> None:
        """Every place in its ledger that the provider has signed is there, under the same root."""
        wanted = {
            (position.size, position.root)
            for item in self.world.arrived
            for position in item.positions
        }
        roots, tree = {}, Tree()
        sizes = {size for size, _ in wanted}
        for leaf in provider.leaves:
            tree = tree.append(leaf)
            if tree.size in sizes:
                roots[tree.size] = tree.root().hex()
        for size, root in wanted:
            self.that("what was signed to others is kept", roots.get(size) == root, size)

    def reconcile(self, contract: str) -> None:
        """Compare both sides' evidence: they differ only over queries that a fault broke."""
        world = self.world
        files, known = [], []
        for node, other in ((world.ua, world.maker), (world.maker, world.ua)):
            path = world.companies.root / f"{secrets.token_hex(6)}.evidence"
            ran = node.run(
                "evidence", "export", "--contract", contract,
                "--with", other.party, "--out", str(path),
            )  # fmt: skip
            self.that("evidence is exported", ran.code == 0, ran.err)
            files.append(str(path))
            known += ["--member", f"{node.party}={node.member.digest}"]
        if contract == world.contract:
            known += ["--member", f"probe.example={world.companies['probe'].member.digest}"]
        with COMMANDS:
            ran = run("evidence", "verify", *files, *known, "--format", "json")
        # Differences make the command fail as well, so its exit code does not tell.
        facts = json.loads(ran.out) if ran.out else {"holds": False}
        self.that("evidence of both sides verifies", facts["holds"], ran.err)
        with world.maker.records() as records:
            asked = {
                entry.body.request: entry.body.sql
                for entry in records.ledger.entries()
                if isinstance(entry.body, Asked)
            }
        for found in facts.get("differences", ()):
            sql = asked.get(found["request"], "")
            self.that("a difference is explained by a fault", world.is_explained(sql), (found, sql))


def size_of(body: object) -> int:
    """Tell how many bytes an end accounts for."""
    if isinstance(body, Interrupted):
        return body.reserved_bytes
    return body.bytes if isinstance(body, Closed | Cut) else 0


def rows_of(body: object) -> int:
    """Tell how many rows an end accounts for."""
    if isinstance(body, Interrupted):
        return body.reserved_rows
    return body.rows if isinstance(body, Closed | Cut) else 0


def journal(*nodes: Struck) -> list[dict]:
    """Read which frames have left; a kill may have cut the last line off."""
    lines = [
        line
        for node in nodes
        if node.journal.exists()
        for line in node.journal.read_text().splitlines(keepends=True)
    ]
    return [json.loads(line) for line in lines if line.endswith("\n")]
