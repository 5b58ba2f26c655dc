"""Calls one other company's node about ledgers: cosignatures, checkpoints and proofs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

from sekisho.ledger.witnessing import MAX_EPOCHS, Growth
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from sekisho.wire.gen.sekisho.v1.ledger_service_pb2_grpc import LedgerServiceStub


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignAnswer:
    """What a neighbour makes of a checkpoint; nothing of it is believed yet."""

    cosignature: str = ""
    """A line of a signed note; empty where it does not cosign."""
    held: str = ""
    """The checkpoint that it holds instead; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCheckpoints:
    """Signed notes as a neighbour gave them; nothing of them is believed yet."""

    held: tuple[str, ...]
    """Of the ledger that was asked for, one an epoch; at most as many as anybody follows."""
    own: str
    """Of the neighbour's; empty where no contract is in common."""


class LedgerPeer:
    """The ledger's part of another company's node."""

    def __init__(self, channel: grpc.Channel, call: Callable[[Any, Any], Any]) -> None:
        """Use a node's channel.

        Args:
            channel: Open.
            call: Calls a method with a message, and raises what a failed call means.
        """
        self._stub = LedgerServiceStub(channel)
        self._call = call

    def cosign(self, note: str, growth: Growth) -> CosignAnswer:
        """Ask for a cosignature of this node's checkpoint."""
        message = ledger.CosignCheckpointRequest(
            checkpoint=note, old_size=growth.old_size, proof=growth.proof
        )
        found = self._call(self._stub.CosignCheckpoint, message)
        return CosignAnswer(cosignature=found.cosignature, held=found.held)

    def checkpoints(self, party: str = "") -> HeldCheckpoints:
        """Ask which checkpoints the other holds, and for its own.

        Args:
            party: Of whose ledger; this node's own when it is left out.
        """
        message = ledger.GetCheckpointRequest(party=party)
        found = self._call(self._stub.GetCheckpoint, message)
        return HeldCheckpoints(held=tuple(found.held[:MAX_EPOCHS]), own=found.own)

    def inclusion(
        self, *, index: int | None = None, request: str = "", size: int = 0
    ) -> ledger.GetInclusionProofResponse:
        """Ask for the proof that an entry is in the other's ledger; see the protocol."""
        message = ledger.GetInclusionProofRequest(size=size)
        if index is None:
            message.request = request
        else:
            message.index = index
        found = self._call(self._stub.GetInclusionProof, message)
        if not isinstance(found, ledger.GetInclusionProofResponse):
            raise TypeError
        return found

    def consistency(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """Ask for the proof that the other's ledger of one size begins with that of another."""
        message = ledger.GetConsistencyProofRequest(old_size=old_size, new_size=new_size)
        return tuple(self._call(self._stub.GetConsistencyProof, message).proof)
