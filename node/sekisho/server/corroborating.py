"""Compares with a neighbour what both have seen of a third party's ledger.

A company can tell its ledger to two neighbours in two ways, and each of them sees a ledger that
grows. So those who have a contract with it in common ask each other which checkpoint they hold, and
where the sizes differ the company itself for the proof that the one grew into the other.
"""

import logging
from collections.abc import Mapping

from sekisho.errors import DocumentError, SekishoError, TrustError
from sekisho.ledger.witnessing import (
    SignedCheckpoint,
    Verdict,
    are_of_one_ledger,
    believe_checkpoint,
)
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server.log import note
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.witness import Circle

PAUSE_SECONDS = 60.0
"""How often the same neighbour is asked, however fast anything grows."""


class Corroborating:
    """Asks neighbours about third parties; one thread at a time for each neighbour."""

    def __init__(self, parts: Parts, neighbours: Neighbours, circle: Circle) -> None:
        """Work with a node's parts, its connections, and the parties that watch over each other."""
        self._parts = parts
        self._neighbours = neighbours
        self._circle = circle
        self._asked_at: dict[PartyId, float] = {}

    def compare(self, teller: PartyId) -> None:
        """Ask a neighbour about every ledger that both follow, where a while has passed."""
        now = self._parts.monotonic()
        if now < self._asked_at.get(teller, float("-inf")) + PAUSE_SECONDS:
            return
        self._asked_at[teller] = now
        held = self._held()
        for party in sorted(self._circle.around(teller) & held.keys()):
            try:
                self._compare(held[party], teller)
            except SekishoError as error:
                note("not compared", logging.INFO, party=party, message=error.message)

    def _held(self) -> Mapping[PartyId, SignedCheckpoint]:
        """Give the newest checkpoint of each party that this node cosigned."""
        # Epochs rise, so the last one of a party stays.
        return {item.held.party: item.held for item in self._parts.state.checkpoints.witnessed()}

    def _compare(self, held: SignedCheckpoint, teller: PartyId) -> None:
        told = self._told(held.party, teller)
        if told is None or told.epoch < held.epoch:
            return
        if told.epoch > held.epoch:
            state, now = self._parts.state, self._parts.now()
            state.submit(lambda tx: state.checkpoints.hear(tx, told, now=now))
            return
        if told.size == held.size:
            verdict, fits = Verdict.FORKED, told.checkpoint.root == held.checkpoint.root
        else:
            sizes = sorted((told.size, held.size))
            proof: tuple[bytes, ...] = ()
            if sizes[0]:
                proof = self._neighbours.peer(held.party).ledger.consistency(*sizes)
            verdict, fits = Verdict.SPLIT, are_of_one_ledger(held, told, proof)
        if not fits:
            self._record(held, told, verdict, teller=teller)

    def _told(self, party: PartyId, teller: PartyId) -> SignedCheckpoint | None:
        """Ask; what the third party did not sign says nothing against it."""
        keys = self._parts.members().keys_ever(party, Purpose.CHECKPOINT)
        for text in self._neighbours.peer(teller).ledger.checkpoints(party).held:
            try:
                return believe_checkpoint(text, party=party, keys=keys)
            except (DocumentError, TrustError) as error:
                note("not believed", logging.WARNING, party=teller, message=error.message)
        return None

    def _record(
        self, held: SignedCheckpoint, told: SignedCheckpoint, verdict: Verdict, *, teller: PartyId
    ) -> None:
        state, now = self._parts.state, self._parts.now()
        state.submit(lambda tx: state.checkpoints.record(tx, told, verdict, against=held, now=now))
        note(
            "ledger of a neighbour does not hold",
            logging.ERROR,
            party=held.party,
            verdict=verdict,
            told_by=teller,
            shown=told.size,
            held=held.size,
        )
