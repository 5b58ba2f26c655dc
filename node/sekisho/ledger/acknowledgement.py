"""What a consumer's node signs about the answers that it got: many at a time, provider by provider.

A receipt is the provider's word about one answer. An acknowledgement is the consumer's about all of
a channel that ended since the last one, so that both ledgers hold both companies' word. Those of a
channel are numbered and each names the one before: none can be left out, repeated or exchanged
without its provider noticing. No acknowledgement is made before its provider has taken the last
one over: whatever the provider had opened by then, the next one must speak of.

A consumer whose ledger was recovered from a backup does not know what it said last. It numbers anew
in the ledger's next epoch, and both words stand.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sekisho.errors import DocumentError, Finding
from sekisho.ledger.checkpoint import MAX_EPOCH
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId

ACKNOWLEDGEMENT_FORMAT = "sekisho.acknowledgement/v1"
MAX_ANSWERS: Final = 500
"""Answers in one document: with what a provider may have to say of each, its entry stays below
500 kB of the 1 MB that a ledger takes."""


class Ending(StrEnum):
    """How an answer ended at its consumer; the words are those of the ledger's kinds."""

    RECEIVED = "received"
    FAILED = "failed"
    DENIED = "denied"
    INTERRUPTED = "interrupted"


_STATES = {Ending.RECEIVED: "answered", Ending.DENIED: "refused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One answer as it ended at the consumer."""

    request: str
    """Digest of the request."""
    ending: Ending
    rows: int
    """What arrived, as counted there."""
    bytes: int
    blake3: str
    """Of the IPC messages, in hex; empty unless received."""
    verified: bool
    """Whether the provider's receipt, or signed refusal, came with it and held."""

    def __post_init__(self) -> None:
        """Hold the ending and its facts together."""
        if (self.ending is Ending.RECEIVED) != bool(self.blake3):
            message = "what was received has a hash, and nothing else has"
            raise ValueError(message)

    @property
    def state(self) -> str:
        """The same in the words in which both sides are compared."""
        return _STATES.get(self.ending, self.ending.value)

    @property
    def is_void(self) -> bool:
        """Whether nothing of it came from the provider: the request may not have arrived."""
        return not (self.rows or self.bytes or self.blake3 or self.verified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What one consumer says to one provider about answers under one contract."""

    contract: ContractId
    provider: PartyId
    consumer: PartyId
    epoch: int = 0
    """Of the consumer's ledger; not written before the first recovery."""
    number: int
    """Dense within the channel and epoch, from 0."""
    previous: str
    """Digest of the one before in the epoch; empty for the first."""
    through: int
    """Sequence number, in the consumer's ledger, of the channel's last entry that is covered."""
    answers: tuple[Acknowledged, ...]
    """Those that ended since the one before, in the order in which they did; with fewer than
    `MAX_ANSWERS` of them, all."""
    running: tuple[str, ...]
    """Digests of requests that had not ended."""
    made_at: str

    def __post_init__(self) -> None:
        """Hold it to its bounds, and each answer to one place."""
        parse_moment(self.made_at)
        if not 1 <= len(self.answers) <= MAX_ANSWERS or len(self.running) > MAX_ANSWERS:
            message = f"it names no answer, or more than {MAX_ANSWERS}"
            raise ValueError(message)
        if self.epoch > MAX_EPOCH:
            message = f"its epoch is beyond {MAX_EPOCH}"
            raise ValueError(message)
        if (self.number == 0) != (not self.previous):
            message = "the first names none before it, and every other does"
            raise ValueError(message)
        named = [item.request for item in self.answers] + list(self.running)
        if len(set(named)) != len(named):
            message = "it names an answer twice"
            raise ValueError(message)

    @property
    def channel(self) -> Channel:
        """Whose answers to whom, under which contract."""
        return Channel(provider=self.provider, consumer=self.consumer, contract=self.contract)

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and number: documents of a channel in their order."""
        return (self.epoch, self.number)

    @property
    def is_whole(self) -> bool:
        """Whether it speaks of everything that was asked and not acknowledged before."""
        return len(self.answers) < MAX_ANSWERS and len(self.running) < MAX_ANSWERS


def acknowledgement_bytes(acknowledgement: Acknowledgement) -> bytes:
    """Write the payload of an acknowledgement."""
    record = {"format": ACKNOWLEDGEMENT_FORMAT} | to_record(acknowledgement)
    if not acknowledgement.epoch:
        del record["epoch"]  # documents from before there were epochs stay what they are
    return record_bytes(record)


def parse_acknowledgement(payload: bytes) -> Acknowledgement:
    """Read the verified payload of an acknowledgement.

    Raises:
        DocumentError: It is not canonical, or not exactly an acknowledgement.
    """
    name = "acknowledgement"
    record = parse_record(payload, name=name)
    if record.pop("format", None) != ACKNOWLEDGEMENT_FORMAT:
        finding = Finding(message=f"its format is not `{ACKNOWLEDGEMENT_FORMAT}`")
        raise DocumentError((finding,), name=name)
    if record.get("epoch") == 0:
        finding = Finding(message="epoch 0 is not written")
        raise DocumentError((finding,), name=name)
    return from_record(Acknowledgement, record, name=name)
