"""Watches over neighbours' ledgers: cosigns what grew, keeps what did not, and proves its own.

What a neighbour shows is judged, and kept, in one durable transaction before it is answered.
Nothing is written into this node's ledger for it: a neighbour must not make that grow, and what it
signed proves itself.
"""

import logging
from collections.abc import Mapping
from datetime import datetime

from sekisho.errors import DocumentError, Finding, Refusal, RefusalReason
from sekisho.ledger.entry import parse_entry
from sekisho.ledger.witnessing import (
    CONFLICTS,
    MAX_CHECKPOINT_BYTES,
    Growth,
    SignedCheckpoint,
    Verdict,
    believe_checkpoint,
    check_growth,
    cosign_checkpoint,
    sign_checkpoint,
)
from sekisho.model.lifecycle import ContractState
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server import log
from sekisho.server.bounds import Pace
from sekisho.server.contracts import ContractBook
from sekisho.server.parts import Parts
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger

STANDING = frozenset({ContractState.SIGNED, ContractState.IN_FORCE, ContractState.SUSPENDED})
"""States of a contract whose parties watch over each other."""
MAX_CALLS = 120
"""Calls about ledgers that a party may make at once; its schedule needs two in a minute."""
LOOK_SECONDS = 60
"""How long a contract that ends by itself still makes neighbours."""
CALL_SECONDS = 1.0
"""After so long one more is allowed: each costs a signature's check and perhaps a durable write."""


class Circle:
    """The parties that watch over this node's ledger, and it over theirs; safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._known: tuple[object, Mapping[PartyId, frozenset[PartyId]]] = (None, {})

    def __call__(self) -> frozenset[PartyId]:
        """Name them, looked up anew when a contract has changed or a while has passed."""
        return frozenset(self._together())

    def around(self, party: PartyId) -> frozenset[PartyId]:
        """Name the third parties of the contracts that this node has with a party."""
        return self._together().get(party, frozenset())

    def _together(self) -> Mapping[PartyId, frozenset[PartyId]]:
        now, contracts = self._parts.now(), self._parts.contracts
        key, known = (contracts.version, int(now.timestamp()) // LOOK_SECONDS), self._known
        if known[0] == key:
            return known[1]
        found = parties_together(contracts, self._parts.party, now)
        self._known = (key, found)
        return found


class Witness:
    """What this node does for its neighbours' ledgers; safe from any thread."""

    def __init__(self, parts: Parts, circle: Circle) -> None:
        """Work with a node's parts, for the parties of a circle."""
        self._parts = parts
        self._circle = circle
        self._pace = Pace(MAX_CALLS, CALL_SECONDS, parts.monotonic)

    def cosign(
        self, caller: PartyId, message: ledger.CosignCheckpointRequest
    ) -> ledger.CosignCheckpointResponse:
        """Cosign a neighbour's checkpoint, or give the one that it does not follow from.

        Raises:
            Refusal: No contract is in common, or the party asks too often.
            DocumentError: It is not a checkpoint of the caller's ledger.
            TrustError: None of the caller's `checkpoint` keys signed it.
            LedgerError: It cannot be kept, or this node's own ledger is in doubt.
        """
        self._pace.take(caller)
        self._check_neighbour(caller)
        # A node that came back from a backup has forgotten what it cosigned.
        self._parts.state.standing.check()
        shown = self._believe(caller, message.checkpoint)
        growth = Growth(old_size=message.old_size, proof=tuple(message.proof))
        check_growth(growth, shown)
        now = self._parts.now()
        verdict, against = self._parts.state.submit(
            lambda tx: self._parts.state.checkpoints.witness(tx, shown, growth, now=now)
        )
        if verdict is Verdict.COSIGNED:
            line = cosign_checkpoint(
                shown, party=self._parts.party, signer=self._parts.keys.request, now=now
            )
            return ledger.CosignCheckpointResponse(cosignature=line)
        if verdict in CONFLICTS:
            _note_conflict(shown, verdict, against)
        return ledger.CosignCheckpointResponse(held=against.note if against else "")

    def checkpoints(self, caller: PartyId, party: PartyId) -> ledger.GetCheckpointResponse:
        """Give what this node holds of a ledger, and its own head to a neighbour.

        Args:
            caller: Who asks.
            party: Whose ledger: the caller's, or that of one with whom both have a contract.
        """
        self._pace.take(caller)
        held = [item.held.note for item in self._parts.state.checkpoints.witnessed(party)]
        if party != caller:
            held = held[-1:] if party in self._circle.around(caller) else []
        return ledger.GetCheckpointResponse(
            held=held, own=self._own() if caller in self._circle() else ""
        )

    def inclusion(
        self, caller: PartyId, message: ledger.GetInclusionProofRequest
    ) -> ledger.GetInclusionProofResponse:
        """Prove to the provider or consumer of an entry that it is in this ledger.

        Raises:
            Refusal: There is no such entry, or it is others'.
        """
        self._pace.take(caller)
        ledger_store = self._parts.state.ledger
        head = ledger_store.head().size
        size = message.size or head
        index = self._index(message)
        if index is None or not index < size <= head:
            raise _not_there()
        stored = ledger_store.stored(index)
        # Whose a pruned entry was is not known any more, nor shall a stranger learn that it is one.
        link = None if stored.is_pruned else parse_entry(stored.body, index=index).link
        if link is None or caller not in {link.channel.provider, link.channel.consumer}:
            raise _not_there()
        return ledger.GetInclusionProofResponse(
            index=index,
            leaf=stored.leaf,
            size=size,
            proof=self._parts.state.tree.inclusion(index, size),
        )

    def consistency(
        self, caller: PartyId, message: ledger.GetConsistencyProofRequest
    ) -> ledger.GetConsistencyProofResponse:
        """Prove to a neighbour that this ledger grew.

        Raises:
            Refusal: No contract is in common, or the ledger never had these sizes.
            LedgerError: This node's own ledger is in doubt.
        """
        self._pace.take(caller)
        self._check_neighbour(caller)
        self._parts.state.standing.check()
        head = self._parts.state.ledger.head().size
        if not 0 < message.old_size <= message.new_size <= head:
            raise _not_there()
        proof = self._parts.state.tree.consistency(message.old_size, message.new_size)
        return ledger.GetConsistencyProofResponse(proof=proof)

    def _own(self) -> str:
        """Sign the head; one that is in doubt would be a second history under this node's key."""
        state = self._parts.state
        if state.standing.doubts():
            return ""
        return sign_checkpoint(
            state.ledger.head(),
            party=self._parts.party,
            epoch=state.standing.epoch(),
            signer=self._parts.keys.request,
        ).note

    def _believe(self, caller: PartyId, text: str) -> SignedCheckpoint:
        if len(text.encode("utf-8", "replace")) > MAX_CHECKPOINT_BYTES:
            message = f"a checkpoint has at most {MAX_CHECKPOINT_BYTES} bytes"
            raise DocumentError((Finding(message=message),), name="checkpoint")
        members = self._parts.members()
        keys = members.latest(caller).member.keys_for(Purpose.CHECKPOINT)
        current = (public for public in keys if not members.is_revoked(public))
        return believe_checkpoint(text, party=caller, keys=current)

    def _index(self, message: ledger.GetInclusionProofRequest) -> int | None:
        if message.WhichOneof("entry") != "request":
            return message.index
        found = self._parts.state.requests.by_digest(message.request)
        return found.start if found else None

    def _check_neighbour(self, caller: PartyId) -> None:
        if caller not in self._circle():
            raise Refusal(
                RefusalReason.CONTRACT_NOT_FOUND,
                "no contract is in force between these parties",
                hint="see `sekisho contract list`",
            )


def neighbours_of(book: ContractBook, party: PartyId, now: datetime) -> frozenset[PartyId]:
    """Name the parties of the contracts that stand at a node, but its own."""
    return frozenset(parties_together(book, party, now))


def parties_together(
    book: ContractBook, party: PartyId, now: datetime
) -> Mapping[PartyId, frozenset[PartyId]]:
    """Name a node's neighbours, and with each the third parties of their contracts."""
    found: dict[PartyId, frozenset[PartyId]] = {}
    for signed in book.all():
        if book.state_ever(signed.id, now) in STANDING:
            others = frozenset(signed.parties) - {party}
            for other in others:
                found[other] = found.get(other, frozenset()) | (others - {other})
    return found


def _not_there() -> Refusal:
    """Say the same of what is not there and of what is not the caller's."""
    return Refusal(
        RefusalReason.CONTRACT_NOT_FOUND, "no such entry between these parties at this node"
    )


def _note_conflict(
    shown: SignedCheckpoint, verdict: Verdict, against: SignedCheckpoint | None
) -> None:
    log.note(
        "ledger of a neighbour does not hold",
        logging.ERROR,
        party=shown.party,
        verdict=verdict,
        epoch=shown.epoch,
        shown=shown.size,
        held=against.size if against else 0,
    )
