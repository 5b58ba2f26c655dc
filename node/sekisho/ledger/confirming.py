"""Holds acknowledgements that stand in a ledger to their signer, their order and their answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sekisho.documents.envelope import Envelope
from sekisho.errors import TrustError
from sekisho.ledger.acknowledgement import (
    Acknowledged,
    Acknowledgement,
    parse_acknowledgement,
)
from sekisho.ledger.answered import Answers
from sekisho.ledger.bodies import AcknowledgementCompared, AcknowledgementSent
from sekisho.ledger.differences import Difference, DifferenceKind, differs
from sekisho.ledger.entry import Channel, Entry
from sekisho.model.names import PartyId

_OF_ONE = frozenset({DifferenceKind.OUTCOME, DifferenceKind.CONTENT})
"""Kinds that follow from both records of one answer, whenever they are compared."""


@dataclass(slots=True)
class Confirmations:
    """The acknowledgements of a run of entries, channel by channel, in their order."""

    requests: set[str] = field(default_factory=set)
    """Of answers that were acknowledged."""
    differences: list[Difference] = field(default_factory=list)
    """That the ledger's keeper, a provider, recorded."""
    count: int = 0
    epoch: int = 0
    """Of the ledger, by the entries so far."""
    _last: dict[Channel, tuple[Acknowledgement, str]] = field(default_factory=dict)

    def take(
        self,
        entry: Entry,
        envelope: Envelope,
        *,
        signers: Iterable[PartyId],
        answers: Answers | None = None,
    ) -> None:
        """Take the next entry `acknowledged` or `compared`.

        Args:
            entry: In the ledger's order.
            envelope: The document that it holds.
            signers: Whose signatures on it hold, by keys that may sign statements about answers.
            answers: Of the entries before it, where they are to be held against the document.

        Raises:
            TrustError: The document is not the consumer's, is another than the entry says, is out
                of order, or says of an answer what the entries do not.
        """
        body, link = entry.body, entry.link
        if link is None or not isinstance(body, AcknowledgementSent | AcknowledgementCompared):
            message = "only acknowledgements are confirmed"
            raise ValueError(message)
        said = parse_acknowledgement(envelope.payload)
        if link.channel.consumer not in signers or said.channel != link.channel:
            raise _broken("is not the consumer's, or of another channel")
        if (said.number, len(said.answers)) != (body.number, body.answers):
            raise _broken("is another than its entry says")
        is_own = isinstance(body, AcknowledgementSent)
        if is_own and said.epoch > self.epoch:
            raise _broken("is of an epoch that the ledger had not reached")
        found = body.differences if isinstance(body, AcknowledgementCompared) else ()
        self._check_order(said, found)
        if answers is not None:
            _check_answers(said, found, answers, is_own=is_own)
        self._last[said.channel] = (said, envelope.digest)
        self.requests.update(item.request for item in said.answers)
        self.differences.extend(found)
        self.count += 1

    def _check_order(self, said: Acknowledgement, found: tuple[Difference, ...]) -> None:
        last = self._last.get(said.channel)
        if last is None:
            return
        before, digest = last
        is_named = any(item.kind is DifferenceKind.MISSING for item in found)
        if said.epoch == before.epoch:
            is_next = (said.number, said.previous) == (before.number + 1, digest)
            is_after = said.through > before.through
        else:
            is_next, is_after = said.number == 0, said.epoch > before.epoch
        if not is_after or not (is_next or is_named):
            raise _broken("does not follow from the one before it")


def _check_answers(
    said: Acknowledgement, found: tuple[Difference, ...], answers: Answers, *, is_own: bool
) -> None:
    named = {item.request: item.kind for item in found}
    for item in said.answers:
        answer = answers.of_request(item.request)
        if answer is None:
            continue
        if is_own:
            _check_own(item, (answer.state, answer.rows, answer.bytes, answer.blake3))
            continue
        kind = differs(item, answer)
        recorded = named.get(item.request)
        if recorded is not DifferenceKind.REPEATED and (
            (kind in _OF_ONE or recorded in _OF_ONE) and kind is not recorded
        ):
            raise _broken("differs from the entries in another way than was recorded")


def _check_own(item: Acknowledged, recorded: tuple[str, int, int, str]) -> None:
    """A consumer that keeps the ledger has signed what its own entries say."""
    if (item.state, item.rows, item.bytes, item.blake3) != recorded:
        raise _broken("says of an answer what its consumer's own entries do not")


def _broken(why: str) -> TrustError:
    return TrustError(f"the acknowledgement {why}", step="acknowledgement.entry")
