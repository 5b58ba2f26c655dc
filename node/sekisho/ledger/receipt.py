"""What a provider's node states about an answer: an opening before it, a receipt after it.

Both are built here and signed elsewhere; the payload is canonical JSON. The opening goes out with
the schema, once the entry `opened` is on disk. The receipt goes out with the last message and says
what left; a refusal has a receipt too. Neither names a person or another party.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sekisho.errors import DocumentError, Finding, Refusal, RefusalReason
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId

OPENING_FORMAT = "sekisho.opening/v1"
RECEIPT_FORMAT = "sekisho.receipt/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPosition:
    """Where an entry stands in the provider's ledger, and what the ledger was then."""

    index: int
    size: int
    """Entries, this one included."""
    root: str
    """Merkle root over those entries, in hex."""

    def __post_init__(self) -> None:
        """Hold the index inside the ledger."""
        if self.index >= self.size:
            message = "the ledger's size does not hold the index"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What allowed an answer."""

    grant: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The provider's statement that an answer begins."""

    request: str
    """Digest of the request."""
    contract: ContractId
    provider: PartyId
    consumer: PartyId
    nonce: str
    decision: Decision
    ledger: LedgerPosition
    opened_at: str

    def __post_init__(self) -> None:
        """Refuse an instant that is not one."""
        parse_moment(self.opened_at)


class Outcome(StrEnum):
    """How an answer ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    CUT = "cut"
    """Ended early; only a repeated request is told so by receipt."""
    INTERRUPTED = "interrupted"
    """The provider's node fell; `rows` and `bytes` are the most that can have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalNote:
    """A refusal as it stands in a receipt."""

    reason: RefusalReason
    message: str
    clause: str = ""
    line: int = 0
    column: int = 0
    allowed: tuple[str, ...] = ()
    hint: str = ""

    @classmethod
    def from_refusal(cls, refusal: Refusal) -> "RefusalNote":
        """Take down what a refusal says."""
        return cls(
            reason=refusal.reason,
            message=refusal.message,
            clause=refusal.clause,
            line=refusal.line,
            column=refusal.column,
            allowed=refusal.allowed,
            hint=refusal.hint,
        )

    def to_refusal(self) -> Refusal:
        """Give the refusal back, to be raised at the consumer."""
        return Refusal(
            self.reason,
            self.message,
            clause=self.clause,
            line=self.line,
            column=self.column,
            allowed=self.allowed,
            hint=self.hint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The provider's statement about what left."""

    request: str
    contract: ContractId
    provider: PartyId
    consumer: PartyId
    nonce: str
    outcome: Outcome
    rows: int
    bytes: int
    blake3: str
    """Of the IPC messages, in hex; empty unless answered."""
    ledger: LedgerPosition
    limits_left: Mapping[str, int] = field(default_factory=dict)
    """What the contract's limits still allow, by the limit's name."""
    closed_at: str
    refusal: RefusalNote | None = None
    """Present exactly when refused."""

    def __post_init__(self) -> None:
        """Hold the outcome and its facts together."""
        parse_moment(self.closed_at)
        if (self.outcome is Outcome.REFUSED) != (self.refusal is not None):
            message = "a refused receipt says why, and no other does"
            raise ValueError(message)
        if (self.outcome is Outcome.ANSWERED) != bool(self.blake3):
            message = "an answered receipt carries a hash, and no other does"
            raise ValueError(message)
        if self.outcome is Outcome.REFUSED and (self.rows or self.bytes):
            message = "nothing leaves with a refusal"
            raise ValueError(message)

    @property
    def channel(self) -> Channel:
        """Whose answer it was, to whom, under which contract."""
        return Channel(provider=self.provider, consumer=self.consumer, contract=self.contract)


def opening_bytes(opening: Opening) -> bytes:
    """Write the payload of an opening."""
    return record_bytes({"format": OPENING_FORMAT} | to_record(opening))


def parse_opening(payload: bytes) -> Opening:
    """Read the verified payload of an opening.

    Raises:
        DocumentError: It is not canonical, or not exactly an opening.
    """
    return from_record(Opening, _fields(payload, OPENING_FORMAT, "opening"), name="opening")


def receipt_bytes(receipt: Receipt) -> bytes:
    """Write the payload of a receipt."""
    return record_bytes({"format": RECEIPT_FORMAT} | to_record(receipt))


def parse_receipt(payload: bytes) -> Receipt:
    """Read the verified payload of a receipt.

    Raises:
        DocumentError: It is not canonical, or not exactly a receipt.
    """
    return from_record(Receipt, _fields(payload, RECEIPT_FORMAT, "receipt"), name="receipt")


def _fields(payload: bytes, expected: str, name: str) -> dict[str, Any]:
    record = parse_record(payload, name=name)
    if record.pop("format", None) != expected:
        raise DocumentError((Finding(message=f"its format is not `{expected}`"),), name=name)
    return record
