"""Ends running answers whose contract has ended, at this node's every replica."""

import logging
import threading

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.names import ContractId, PartyId
from sekisho.model.notices import NoticeKind
from sekisho.server import log
from sekisho.server.parts import Parts
from sekisho.server.streams import FINISH_SECONDS
from sekisho.store.database import HEARING_SECONDS

SUSPENSION = NoticeKind.SUSPENSION.value
"""What cuts an answer whose contract is suspended, by people or below the node's floors."""
ENDED = NoticeKind.TERMINATION.value
LOOK_SECONDS = 0.005
"""How often a replica looks whether the others have ended their answers."""


def cut_what_ended(parts: Parts, contract: ContractId, reason: str) -> int:
    """End this process's running answers that are not in force any more; tell how many."""

    def cut(word: str) -> int:
        return parts.streams.cut(
            contract, word, only=lambda consumer: _ended_by(parts, contract, consumer) == word
        )

    return cut(SUSPENSION) + (cut(reason) if reason != SUSPENSION else 0)


def cut_in_doubt(parts: Parts) -> None:
    """End all of this process's running answers where the ledger is in doubt, whoever found it."""
    if parts.state.standing.doubts():
        for contract in parts.streams.contracts():
            parts.streams.cut(contract, SUSPENSION, only=lambda _consumer: True)


def await_others(parts: Parts, contract: ContractId) -> None:
    """Wait until the other replicas have ended theirs, of which they have been told.

    One that cannot hear does not say that it has; it has stopped by itself when the time is over.
    """
    deadline = parts.monotonic() + HEARING_SECONDS + FINISH_SECONDS
    pause = threading.Event()
    while running := [
        consumer
        for consumer in parts.state.running_elsewhere(contract)
        if _ended_by(parts, contract, consumer)
    ]:
        if parts.monotonic() >= deadline:
            log.note("not ended elsewhere", logging.WARNING, contract=contract, to=running)
            return
        pause.wait(LOOK_SECONDS)


def _ended_by(parts: Parts, contract: ContractId, consumer: PartyId) -> str:
    """Tell what has ended a contract for a consumer; nothing where it is in force."""
    try:
        parts.guard.in_force(contract, consumer=consumer, now=parts.now())
    except Refusal as refusal:
        return SUSPENSION if refusal.reason is RefusalReason.SUSPENDED else ENDED
    return ""
