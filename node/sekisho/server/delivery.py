"""Carries contracts, notices, acknowledgements and member documents to other parties' nodes."""

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

from sekisho.documents.envelope import parse_envelope_json
from sekisho.errors import LedgerError, SekishoError
from sekisho.model.names import ContractId
from sekisho.server.log import note
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.store.outbox import Delivery

TICK_SECONDS = 1.0
"""How often the outbox is looked at when nobody asks."""
FIRST_RETRY_SECONDS = 1
MAX_RETRY_SECONDS = 300
SENDERS = 8
"""Deliveries at once, so that one node that is away does not hold up the rest."""


class Deliveries:
    """The outbox's carrier."""

    def __init__(self, parts: Parts, neighbours: Neighbours) -> None:
        """Work with a node's parts; nothing runs before `start`."""
        self._parts = parts
        self._neighbours = neighbours
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="delivery")
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Carry what is queued, from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is not acknowledged stays queued."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self._senders.shutdown(wait=True, cancel_futures=True)

    def deliver_now(self, document: str, seconds: float) -> tuple[Delivery, ...]:
        """Try one document at once at every party it goes to.

        Args:
            document: Id of the contract or notice.
            seconds: How long to wait; the rest goes on behind.

        Returns:
            Who it goes to and who has acknowledged.
        """
        self.deliver_all((document,), seconds)
        return self._parts.state.outbox.of_document(document)

    def deliver_all(self, documents: Iterable[str], seconds: float) -> None:
        """Try several documents at once, each at every party it goes to."""
        pending = [
            item
            for document in documents
            for item in self._parts.state.outbox.of_document(document)
            if item.acknowledged_at is None
        ]
        wait([self._senders.submit(self._try, item) for item in pending], timeout=seconds)

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
            if not self._stopping:
                with suppress(LedgerError):  # no disk, no database: it is tried again
                    self._carry()

    def _carry(self) -> None:
        """Try what is due; of several replicas, one does."""
        if self._parts.state.leads():
            due = self._parts.state.outbox.due(self._parts.now())
            wait([self._senders.submit(self._try, item) for item in due])

    def _try(self, delivery: Delivery) -> None:
        try:
            self._send(delivery)
        except SekishoError as error:
            note(
                "not delivered",
                logging.WARNING,
                party=delivery.party,
                document=delivery.document,
                message=error.message,
            )
            self._postpone(delivery)
        else:
            now = self._parts.now()
            outbox = self._parts.state.outbox
            self._parts.state.submit(lambda tx: outbox.acknowledge(tx, delivery, now=now))

    def _send(self, delivery: Delivery) -> None:
        peer = self._neighbours.peer(delivery.party)
        state = self._parts.state
        match delivery.kind:
            case "notice":
                stored = state.contracts.get_notice(delivery.document)
                if stored is not None:
                    peer.deliver_notice(parse_envelope_json(stored.envelope))
            case "acknowledgement":
                said = state.acknowledgements.find(delivery.document)
                if said is not None:
                    peer.deliver_acknowledgement(state.acknowledgements.envelope(said))
            case "member":
                document = state.members.by_fingerprint(delivery.document)
                if document is not None:
                    peer.deliver_member(parse_envelope_json(document.envelope))
            case _:
                contract = state.contracts.get(ContractId(delivery.document))
                if contract is not None:
                    peer.deliver_contract(contract.envelope)

    def _postpone(self, delivery: Delivery) -> None:
        seconds = min(FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts, 10), MAX_RETRY_SECONDS)
        next_at = self._parts.now() + timedelta(seconds=seconds)
        outbox = self._parts.state.outbox
        self._parts.state.submit(lambda tx: outbox.postpone(tx, delivery, next_at=next_at))
