"""Carries contracts, notices, acknowledgements and member documents to other parties' nodes."""

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

from sekisho.documents.envelope import Envelope, PayloadType, parse_envelope_json, seal
from sekisho.errors import LedgerError, SekishoError, TrustError
from sekisho.model.names import ContractId
from sekisho.server.log import note
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.store.outbox import Delivery
from sekisho.trust.keys import public_of_id

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
                    envelope = state.acknowledgements.envelope(said)
                    peer.deliver_acknowledgement(self._renewed(envelope))
            case "member":
                document = state.members.by_fingerprint(delivery.document)
                if document is not None:
                    peer.deliver_member(parse_envelope_json(document.envelope))
            case _:
                contract = state.contracts.get(ContractId(delivery.document))
                if contract is not None:
                    held = peer.deliver_contract(contract.envelope)
                    self._check_taken(contract.envelope, held)

    def _renewed(self, envelope: Envelope) -> Envelope:
        """Sign a document of this node again where its key was revoked before it arrived."""
        members = self._parts.members()
        if any(members.is_revoked(public_of_id(item.key_id)) for item in envelope.signatures):
            kind = PayloadType(envelope.payload_type)
            return seal(envelope.payload, kind, [self._parts.keys.request])
        return envelope

    def _check_taken(self, sent: Envelope, held: Envelope) -> None:
        """See that this company's signature counts there: its newest keys may be unknown still."""
        own = self._parts.members().latest(self._parts.party).member.public_keys
        kept = {item.key_id for item in held.signatures}
        for item in sent.signatures:
            if public_of_id(item.key_id) in own and item.key_id not in kept:
                raise TrustError("this company's signature was not taken", step="contract.taken")

    def _postpone(self, delivery: Delivery) -> None:
        seconds = min(FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts, 10), MAX_RETRY_SECONDS)
        next_at = self._parts.now() + timedelta(seconds=seconds)
        outbox = self._parts.state.outbox
        self._parts.state.submit(lambda tx: outbox.postpone(tx, delivery, next_at=next_at))
