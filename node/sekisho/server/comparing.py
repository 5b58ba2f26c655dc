"""Takes over what a consumer says of its answers, and holds it against this node's own records.

A document is refused when it is not the sender's, is about no contract between the two, says
something else under a number that is held already, or is of an epoch of its consumer's ledger that
is over. What it says otherwise is kept, whatever it says, and each difference from the own records
is named in the ledger beside it. A later epoch takes nothing back: both words stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import Refusal, RefusalReason, TrustError
from sekisho.ledger.acknowledgement import (
    MAX_ANSWERS,
    Acknowledged,
    Acknowledgement,
    Ending,
    parse_acknowledgement,
)
from sekisho.ledger.differences import Difference, DifferenceKind, Told, differs, words
from sekisho.ledger.receipt import parse_receipt
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server import log
from sekisho.server.bounds import Pace
from sekisho.server.parts import Parts
from sekisho.store.acknowledgements import AcknowledgementStore, StoredAcknowledgement
from sekisho.store.requests import StoredRequest
from sekisho.store.transaction import Transaction
from sekisho.trust.verify import verify_recorded

MAX_IDLE = 100
"""Documents of one company at once that settle no answer; each is an entry of up to 500 kB."""
IDLE_SECONDS = 300.0
"""After so long one more is taken: a flood writes at most some 150 MB a day."""


class Comparing:
    """A provider's side of acknowledgements."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._idle = Pace(MAX_IDLE, IDLE_SECONDS, parts.monotonic)

    def take(self, caller: PartyId, envelope: Envelope) -> None:
        """Verify, compare and record an acknowledgement; the same one again changes nothing.

        Raises:
            TrustError: It is not the caller's, or does not follow from the one before.
            Refusal: `CONTRACT_NOT_FOUND`; `LIMIT_REACHED`: too many settle no answer.
            DocumentError: It is not an acknowledgement.
            LedgerError: Nothing can be recorded.
        """
        # Verified again where members change meanwhile: its key may have been revoked.
        self._parts.state.decide(lambda version: self._take(version, caller, envelope))

    def _take(self, version: int, caller: PartyId, envelope: Envelope) -> None:
        said = self._verified(caller, envelope)
        store = self._parts.state.acknowledgements
        last = store.last(said.channel)
        if last is not None and said.position <= last.position:
            found = store.find(envelope.digest)
            if found is not None and found.channel == said.channel:
                return
            raise _not_next(said, last)
        _check_place(said, last)
        if not self._settles(said):
            self._idle.take(caller)
        differences: tuple[Difference, ...] | None = None
        while differences is None:
            differences = self._compared(said, envelope, last, version=version)
        if differences:
            log.note(
                "acknowledgement differs",
                party=caller,
                contract=said.contract,
                number=said.number,
                differences=len(differences),
            )

    def _compared(
        self,
        said: Acknowledgement,
        envelope: Envelope,
        last: StoredAcknowledgement | None,
        *,
        version: int,
    ) -> tuple[Difference, ...] | None:
        """Compare and record; nothing when an answer ended in between, so that it is done anew."""
        store, now = self._parts.state.acknowledgements, self._parts.now()
        running: list[str] = []
        found = tuple(self._differences(said, last, running))[: 2 * MAX_ANSWERS]

        def work(tx: Transaction) -> bool:
            tx.check_version(version)
            return store.take(tx, said, envelope, differences=found, running=running, now=now)

        return found if self._parts.state.submit(work) else None

    def _verified(self, caller: PartyId, envelope: Envelope) -> Acknowledgement:
        """The caller's own node signed it, about a contract between the two."""
        # It may have waited long: the key may have been rotated out since, but not revoked.
        signers = verify_recorded(
            envelope,
            payload_type=PayloadType.ACKNOWLEDGEMENT,
            purpose=Purpose.RECEIPT,
            members=self._parts.members(),
        )
        said = parse_acknowledgement(envelope.payload)
        if said.consumer != caller or signers != {caller}:
            msg = "the acknowledgement is not the sender's own"
            raise TrustError(msg, step="acknowledgement.party")
        signed = self._parts.contracts.signed(said.contract)
        if (
            signed is None
            or said.provider != self._parts.party
            or said.provider not in signed.providers
            or caller not in signed.consumers
        ):
            msg = "no such contract between these parties"
            raise Refusal(RefusalReason.CONTRACT_NOT_FOUND, msg)
        return said

    def _settles(self, said: Acknowledgement) -> bool:
        """Tell whether it speaks of an answer of which none has spoken before."""
        found = (self._parts.state.requests.by_digest(item.request) for item in said.answers)
        return any(
            stored is not None and stored.acknowledged is None and _is_of(stored, said)
            for stored in found
        )

    def _differences(
        self, said: Acknowledgement, last: StoredAcknowledgement | None, running: list[str]
    ) -> Iterator[Difference]:
        """Find the differences, and note requests that run here still."""
        held = _held(said, last)
        if said.number != held:
            yield _difference(
                DifferenceKind.MISSING,
                said,
                provider=f"{held} held",
                consumer=f"{said.number} said",
            )
        before = _Before(self._parts.state.acknowledgements)
        for answer in said.answers:
            yield from self._compare(said, answer, running, before=before)
        yield from self._never_asked(said, last)

    def _compare(
        self, said: Acknowledgement, answer: Acknowledged, running: list[str], *, before: "_Before"
    ) -> Iterator[Difference]:
        stored = self._parts.state.requests.by_digest(answer.request)
        if stored is None or not _is_of(stored, said):
            # What never got here leaves a trace at the consumer alone, and no difference.
            # Nor is it one where this node has deleted what it recorded under the contract.
            is_pruned = said.contract in self._parts.state.pruning.contracts()
            if not answer.is_void and not is_pruned:
                yield _difference(
                    DifferenceKind.NOT_RECORDED, said, request=answer.request, asked=answer
                )
            return
        given = _given(stored)
        if stored.receipt is None:
            running.append(answer.request)
        kind = differs(answer, given)
        if stored.acknowledged is not None and stored.acknowledged >= 0:
            kind = before.judge(said, answer, kind, entry=stored.acknowledged)
        if kind is not None:
            yield _difference(kind, said, request=answer.request, asked=answer, given=given)

    def _never_asked(
        self, said: Acknowledgement, last: StoredAcknowledgement | None
    ) -> Iterator[Difference]:
        """Name what was recorded here before the last one came, and of which this does not speak.

        This one was made after the last one had been taken over, and whatever was recorded here by
        then had been asked before: no clock is needed to tell. That holds across a recovery, too,
        during which the node does not run: what the consumer's ledger has lost is named.
        """
        if last is None or said.number != _held(said, last) or not said.is_whole:
            return
        consumer = f"nothing, in epoch {said.epoch}" if said.epoch else ""
        named = {item.request for item in said.answers} | set(said.running)
        store = self._parts.state.unacknowledged
        for request in store.never_named(said.channel, before=last.entry):
            stored = self._parts.state.requests.by_digest(request)
            if request not in named and stored is not None:
                given = _given(stored)
                yield _difference(
                    DifferenceKind.NOT_ASKED, said, request=request, given=given, consumer=consumer
                )


class _Before:
    """What a consumer has said before of answers that a document names again."""

    def __init__(self, store: AcknowledgementStore) -> None:
        self._store = store
        self._entry = -1
        self._epoch = 0
        self._answers: Mapping[str, Acknowledged] = {}

    def judge(
        self,
        said: Acknowledgement,
        answer: Acknowledged,
        kind: DifferenceKind | None,
        *,
        entry: int,
    ) -> DifferenceKind | None:
        """Tell how an answer differs, of which an entry's document spoke before.

        After a recovery it may be named again: as before, or as interrupted where the backup was
        made before it ended.
        """
        if entry != self._entry:
            earlier = parse_acknowledgement(self._store.envelope_of(entry).payload)
            self._entry, self._epoch = entry, earlier.epoch
            self._answers = {item.request: item for item in earlier.answers}
        if self._epoch == said.epoch:
            return DifferenceKind.REPEATED
        then = self._answers.get(answer.request, answer)
        is_other = then != answer and Ending.INTERRUPTED not in {then.ending, answer.ending}
        if is_other and kind in {None, DifferenceKind.NOT_ARRIVED}:
            return DifferenceKind.REPEATED
        return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What this provider's records say of an answer."""

    state: str
    rows: int = 0
    bytes: int = 0
    blake3: str = ""


def _given(stored: StoredRequest) -> Told:
    if stored.receipt is None:
        return _Given(state="open")
    receipt = parse_receipt(stored.receipt)
    return _Given(
        state=receipt.outcome.value, rows=receipt.rows, bytes=receipt.bytes, blake3=receipt.blake3
    )


def _is_of(stored: StoredRequest, said: Acknowledgement) -> bool:
    return (stored.contract, stored.consumer) == (said.contract, said.consumer)


def _check_place(said: Acknowledgement, last: StoredAcknowledgement | None) -> None:
    """It goes on where the last one stopped."""
    if last is None or said.epoch != last.epoch:
        return
    is_next = said.number == last.number + 1
    if said.through <= last.through or (is_next and said.previous != last.document):
        raise TrustError(
            f"acknowledgement {said.number} does not follow from the one that is held here",
            step="acknowledgement.previous",
        )


def _held(said: Acknowledgement, last: StoredAcknowledgement | None) -> int:
    """Count the documents of the channel up to the one that is due in the document's epoch."""
    return last.number + 1 if last is not None and last.epoch == said.epoch else 0


def _not_next(said: Acknowledgement, last: StoredAcknowledgement) -> TrustError:
    if said.epoch < last.epoch:
        return TrustError(
            f"epoch {said.epoch} is over, {last.epoch} is held here", step="acknowledgement.epoch"
        )
    return TrustError(
        f"acknowledgement {said.number} is another one here", step="acknowledgement.number"
    )


def _difference(
    kind: DifferenceKind,
    said: Acknowledgement,
    *,
    request: str = "",
    asked: Told | None = None,
    given: Told | None = None,
    provider: str = "",
    consumer: str = "",
) -> Difference:
    return Difference(
        kind=kind,
        at=said.made_at,
        request=request,
        provider=provider or words(given),
        consumer=consumer or words(asked),
    )
