"""Has neighbours watch over this node's ledger: shows them its head, and asks what they hold of it.

At start, before anything is served, every member is asked which checkpoint of this node's ledger it
holds. Who cannot be reached is asked again on the schedule. Whoever shows a checkpoint that this
node signed and that its ledger does not lead to ends the serving, durably, until `sekisho ledger
recover`.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from sekisho.errors import DocumentError, SekishoError, TrustError
from sekisho.ledger.instants import moment_text
from sekisho.ledger.witnessing import (
    Growth,
    SignedCheckpoint,
    believe_checkpoint,
    believe_cosignature,
    sign_checkpoint,
)
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server.corroborating import Corroborating
from sekisho.server.cutting import cut_in_doubt
from sekisho.server.log import note
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.witness import Circle
from sekisho.store.checkpoints import Cosignature
from sekisho.store.own_checkpoint import load_own_checkpoint, save_own_checkpoint
from sekisho.store.recovery import leads_to

TICK_SECONDS = 1.0
"""How often the ledger is looked at for growth."""
GROWN_SECONDS = 5.0
"""After a visit a neighbour is left alone for so long, however fast the ledger grows."""
INTERVAL_SECONDS = 60.0
"""How often a neighbour is visited whatever happens, so that it sees that this node is there."""
FIRST_RETRY_SECONDS = 2.0
MAX_RETRY_SECONDS = 300.0
"""A neighbour that cannot be reached is left alone for twice as long each time, up to this."""
JITTER = 0.1
"""Share of a wait by which it is lengthened at random, so that nodes do not visit in step."""
START_SECONDS = 2.0
"""How long the start waits for what others hold; who is late is asked again on the schedule."""
VISITORS = 8
"""Visits at once, so that one node that is away does not hold up the rest."""


@dataclass(slots=True)
class _Visits:
    """How the visits to one party went."""

    is_compared: bool = False
    """Whether it has told, since this node started, what it holds."""
    visited_at: float = float("-inf")
    next_at: float = float("-inf")
    failures: int = 0
    seen: tuple[int, int] = (0, -1)
    """Epoch and size that it cosigned last."""


class Watching:
    """The carrier of checkpoints."""

    def __init__(
        self,
        parts: Parts,
        neighbours: Neighbours,
        *,
        circle: Circle,
        jitter: Callable[[], float],
    ) -> None:
        """Work with a node's parts; nothing runs before `start`.

        Args:
            parts: The node's.
            neighbours: Connections.
            circle: Names the parties that watch over each other.
            jitter: Gives a number from 0 to 1, for the length of a wait.
        """
        self._parts = parts
        self._neighbours = neighbours
        self._circle = circle
        self._corroborating = Corroborating(parts, neighbours, circle)
        self._jitter = jitter
        self._visits: dict[PartyId, _Visits] = {}
        self._visitors = ThreadPoolExecutor(VISITORS, thread_name_prefix="watching")
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)

    def look_back(self) -> None:
        """Ask, before anything is served, whether a later checkpoint of this ledger is known.

        Raises:
            LedgerError: The ledger's tree is not whole.
        """
        parts = self._parts
        kept = load_own_checkpoint(parts.folder, parts.members(), parts.party)
        if kept is not None:
            self._compare(kept, held_by=parts.party)
        others = [item.party for item in parts.members() if item.party != parts.party]
        wait([self._visitors.submit(self._ask, item) for item in others], timeout=START_SECONDS)

    def start(self) -> None:
        """Visit neighbours, from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; a visit that runs loses its connection and ends."""
        self._stopping = True
        self._wake.set()
        self._neighbours.close()
        if self._thread.is_alive():
            self._thread.join()
        self._visitors.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Visit every neighbour now."""
        for visits in list(self._visits.values()):
            visits.next_at = float("-inf")
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._round()
            except SekishoError as error:
                note("not watched", logging.WARNING, message=error.message)
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()

    def _round(self) -> None:
        state = self._parts.state
        # Of several replicas one shows the ledger around, as one delivers.
        if state.standing.doubts() or not state.leads():
            return
        found = self._circle()
        uncompared = {item for item, visits in self._visits.items() if not visits.is_compared}
        head = (state.standing.epoch(), state.ledger.head().size)
        due = [item for item in sorted(found | uncompared) if self._is_due(item, head)]
        if due:
            own = self._head()
            save_own_checkpoint(self._parts.folder, own)
            shown = dict.fromkeys(found, own)
            wait([self._visitors.submit(self._visit, item, shown.get(item)) for item in due])

    def _head(self) -> SignedCheckpoint:
        parts = self._parts
        return sign_checkpoint(
            parts.state.ledger.head(),
            party=parts.party,
            epoch=parts.state.standing.epoch(),
            signer=parts.keys.request,
        )

    def _is_due(self, party: PartyId, head: tuple[int, int]) -> bool:
        visits, now = self._visits.setdefault(party, _Visits()), self._parts.monotonic()
        has_grown = not visits.failures and visits.seen != head
        return now >= visits.next_at or (has_grown and now >= visits.visited_at + GROWN_SECONDS)

    def _visit(self, party: PartyId, own: SignedCheckpoint | None) -> None:
        """Compare what a party holds, and have a neighbour cosign the head."""
        visits = self._visits[party]
        visits.visited_at = self._parts.monotonic()
        visits.failures += 1
        try:
            if visits.is_compared or self._ask(party):
                if own is not None and not self._parts.state.standing.doubts():
                    self._show(party, own)
                    visits.seen = (own.epoch, own.size)
                    self._corroborating.compare(party)
                visits.failures = 0
        except SekishoError as error:
            note("not cosigned", logging.WARNING, party=party, message=error.message)
        finally:
            visits.next_at = self._parts.monotonic() + self._pause(visits.failures)

    def _pause(self, failures: int) -> float:
        seconds = INTERVAL_SECONDS
        if failures:
            seconds = min(FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10), MAX_RETRY_SECONDS)
        return seconds * (1 + JITTER * self._jitter())

    def _ask(self, party: PartyId) -> bool:
        """Compare what a party holds of this node's ledger; tell whether it answered."""
        visits = self._visits.setdefault(party, _Visits())
        try:
            found = self._neighbours.peer(party).ledger.checkpoints()
            for text in found.held:
                self._compare_text(text, held_by=party)
        except SekishoError as error:
            note("not compared", logging.INFO, party=party, message=error.message)
            return False
        visits.is_compared = True
        return True

    def _show(self, party: PartyId, own: SignedCheckpoint) -> None:
        """Have a neighbour cosign the head, from whichever checkpoint it holds."""
        known = {
            item.party: item.size
            for item in self._parts.state.checkpoints.cosignatures()
            if item.epoch == own.epoch and item.size <= own.size
        }
        peer = self._neighbours.peer(party).ledger
        answer = peer.cosign(own.note, self._growth(known.get(party, 0), own))
        if not answer.cosignature:
            # What it holds is compared first: only what this ledger leads to is gone on from.
            held = self._compare_text(answer.held, held_by=party) if answer.held else None
            old = held.size if held is not None and held.epoch == own.epoch else 0
            if self._parts.state.standing.doubts() or old > own.size:
                return
            answer = peer.cosign(own.note, self._growth(old, own))
        if not answer.cosignature:
            raise TrustError(f"`{party}` does not cosign this node's ledger", step="cosign")
        self._keep(party, own, answer.cosignature)

    def _growth(self, old: int, own: SignedCheckpoint) -> Growth:
        proof = self._parts.state.tree.consistency(old, own.size)
        return Growth(old_size=old, proof=proof)

    def _keep(self, party: PartyId, own: SignedCheckpoint, line: str) -> None:
        parts = self._parts
        keys = parts.members().keys_ever(party, Purpose.CHECKPOINT)
        cosigned = believe_cosignature(own, line, party=party, keys=keys)
        kept = Cosignature(
            party=party,
            epoch=own.epoch,
            size=own.size,
            note=cosigned,
            at=moment_text(parts.now()),
        )
        parts.state.submit(lambda tx: parts.state.checkpoints.keep_cosignature(tx, kept))

    def _compare_text(self, text: str, *, held_by: PartyId) -> SignedCheckpoint | None:
        """Compare a note that somebody shows; one that this node did not sign says nothing."""
        parts = self._parts
        members = parts.members()
        keys = members.keys_ever(parts.party, Purpose.CHECKPOINT)
        try:
            held = believe_checkpoint(text, party=parts.party, keys=keys)
        except (DocumentError, TrustError) as error:
            former = members.keys_with_revoked(parts.party, Purpose.CHECKPOINT)
            if (led_to := self._led_to(text, former)) is None:
                note("not believed", logging.WARNING, party=held_by, message=error.message)
            return led_to
        self._compare(held, held_by=held_by)
        return held

    def _led_to(self, text: str, former: tuple[str, ...]) -> SignedCheckpoint | None:
        """Go on from what a key signed that is revoked since, where the ledger leads to it.

        Against the ledger it says nothing: somebody else may have had the key.
        """
        try:
            held = believe_checkpoint(text, party=self._parts.party, keys=former)
        except (DocumentError, TrustError):
            return None
        return held if leads_to(self._parts.state, held) else None

    def _compare(self, held: SignedCheckpoint, *, held_by: PartyId) -> None:
        """Stop serving when this ledger does not lead to a checkpoint of it."""
        parts = self._parts
        if leads_to(parts.state, held):
            return
        parts.state.submit(
            lambda tx: parts.state.standing.keep(tx, held, held_by=held_by, now=parts.now())
        )
        note(
            "ledger in doubt: nothing is served",
            logging.ERROR,
            held_by=held_by,
            held=held.size,
            entries=parts.state.ledger.head().size,
            epoch=held.epoch,
        )
        cut_in_doubt(parts)
