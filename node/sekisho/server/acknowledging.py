"""Says to each provider, on a schedule, how its answers have ended here: signed, many at a time.

One document a channel is on its way at a time. So they arrive in order, and what gathers while a
provider's node is away goes into the next one.
"""

import logging
import threading
from contextlib import suppress
from datetime import timedelta

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import LedgerError, SekishoError
from sekisho.ledger.acknowledgement import (
    MAX_ANSWERS,
    Acknowledgement,
    acknowledgement_bytes,
)
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import moment_text
from sekisho.server.delivery import Deliveries
from sekisho.server.log import note
from sekisho.server.parts import Parts
from sekisho.store.acknowledgements import StoredAcknowledgement
from sekisho.store.transaction import Transaction

TICK_SECONDS = 1.0
"""How often it is looked whether something is due."""
DELIVERY_SECONDS = 3.0
"""How long to wait for providers before looking for what is due next; the rest goes on behind."""
KIND = "acknowledgement"
"""Of deliveries."""


class Acknowledging:
    """The schedule of a consumer's acknowledgements."""

    def __init__(self, parts: Parts, deliveries: Deliveries) -> None:
        """Work with a node's parts; nothing runs before `start`."""
        self._parts = parts
        self._deliveries = deliveries
        self._patience = timedelta(seconds=parts.config.acknowledge_seconds)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=KIND, daemon=True)

    def start(self) -> None:
        """Acknowledge what is due, from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is not acknowledged is when the node runs again."""
        self._stopping.set()
        self._thread.join()

    def acknowledge(self) -> int:
        """Acknowledge what is due now; tell in how many documents."""
        made = [item for item in map(self._try, self._due()) if item]
        self._deliveries.deliver_all(made, DELIVERY_SECONDS)
        return len(made)

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            with suppress(LedgerError):  # where the state cannot be read, it is tried again
                while self.acknowledge() and not self._stopping.is_set():
                    pass

    def _try(self, channel: Channel) -> str:
        """Make the next document of a channel; one that cannot be made holds up no other."""
        try:
            return self._make(channel)
        except SekishoError as error:  # a full disk, say: it is tried again in a second
            note(
                "not acknowledged",
                logging.WARNING,
                party=channel.provider,
                contract=channel.contract,
                message=error.message,
            )
            return ""

    def _due(self) -> tuple[Channel, ...]:
        """List channels in which answers have waited long enough, or too many wait.

        In doubt there is none: what this ledger says may be about to be replaced by a newer copy.
        """
        if self._parts.state.standing.doubts():
            return ()
        before = self._parts.now() - self._patience
        return tuple(
            item.channel
            for item in self._parts.state.unacknowledged.waiting(self._parts.party)
            if item.answers >= MAX_ANSWERS or item.since <= before
            if not self._is_on_its_way(self._parts.state.acknowledgements.last(item.channel))
        )

    def _is_on_its_way(self, last: StoredAcknowledgement | None) -> bool:
        if last is None:
            return False
        told = self._parts.state.outbox.of_document(last.document)
        return any(item.acknowledged_at is None for item in told)

    def _make(self, channel: Channel) -> str:
        """Sign, record and queue the next document of a channel; gives its digest.

        It is empty where another process of this node has made one meanwhile: of the same number,
        or the one ahead, which its provider has not taken over yet.
        """
        store = self._parts.state.acknowledgements
        now = self._parts.now()
        last, found = store.last(channel), self._parts.state.unacknowledged.collect(channel)
        if not found.answers or self._is_on_its_way(last):
            return ""
        epoch, number, previous = store.following(channel)
        said = Acknowledgement(
            contract=channel.contract,
            provider=channel.provider,
            consumer=channel.consumer,
            epoch=epoch,
            number=number,
            previous=previous,
            through=found.through,
            answers=found.answers,
            running=found.running,
            made_at=moment_text(now),
        )
        envelope = seal(
            acknowledgement_bytes(said), PayloadType.ACKNOWLEDGEMENT, [self._parts.keys.request]
        )

        def work(tx: Transaction) -> bool:
            is_kept = store.send(tx, said, envelope, ended=found.ended, now=now)
            if is_kept:
                self._parts.state.outbox.put(
                    tx, channel.provider, kind=KIND, document=envelope.digest, now=now
                )
            return is_kept

        return envelope.digest if self._parts.state.submit(work) else ""
