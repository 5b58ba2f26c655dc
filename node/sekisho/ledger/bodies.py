"""The kinds of entry: what each records, one frozen class a kind.

A provider's answer is `opened` and then `closed`, `cut` or `interrupted`, or it is `refused` at
once. The consumer's side of the same is `asked` and then `received`, `failed`, `denied` or
`interrupted`. A table that a consumer brings is `brought` on its side, and `taken` and in the end
`dropped` on the provider's. What a consumer's node says of its answers, many at a time, is
`acknowledged` on its side and `compared` on the provider's. Contracts and members leave an entry at
every step of their lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sekisho.ledger.differences import Difference
from sekisho.ledger.indexes import parse_indexes
from sekisho.model.contract import RequestEvidence
from sekisho.model.names import ContractId, DatasetId, PartyId


class CutReason(StrEnum):
    """Why an answer ended before its last batch."""

    CANCELLED = "cancelled"
    """The consumer went away or gave up."""
    TERMINATED = "terminated"
    """The contract ended."""
    SUSPENDED = "suspended"
    """The provider suspended the contract."""
    LIMIT = "limit"
    """A limit of the contract was met in mid-stream."""
    ENGINE = "engine"
    """The engine did not finish."""
    PEER = "peer"
    """The connection broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A provider's node is about to answer; on disk before the first byte leaves."""

    request: str
    """Digest of the request."""
    nonce: str
    purpose: str
    sql: str
    """As the provider learned it."""
    evidence: RequestEvidence
    grant: str
    clauses: tuple[str, ...]
    """What allowed it."""
    plan: str
    """Digest of the plan that the engine ran."""
    reserved_rows: int
    reserved_bytes: int
    """Charged at once; more is reserved while the answer streams."""
    parameters: str | None = None
    """Digest of the values of the query's parameters; None where it has none."""
    lookups: Mapping[str, str] | None = None
    """Digests of the tables that the consumer brought for it, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An answer left whole."""

    ends: int
    """Index of its `opened`."""
    rows: int
    bytes: int
    blake3: str
    """Of the IPC messages, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An answer ended early; `rows` and `bytes` are what really left."""

    ends: int
    reason: CutReason
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """Found at start: an `opened` or `asked` that the node did not live to end."""

    ends: int
    reserved_rows: int
    reserved_bytes: int
    """At most this much left; all of it stays charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A provider's node said no."""

    request: str
    nonce: str
    purpose: str
    sql: str
    evidence: RequestEvidence
    reason: str
    clause: str
    lookups: Mapping[str, str] | None = None
    """Digests of the tables that the consumer named, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A consumer's node is about to ask one provider."""

    request: str
    nonce: str
    purpose: str
    sql: str
    """The provider's fragment."""
    person: str
    """User of this node; never sent to the provider."""
    parameters: str | None = None
    """Digest of the values of the fragment's parameters; None where it has none."""
    lookups: Mapping[str, str] | None = None
    """Digests of the tables that the fragment joins, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer arrived whole, with the provider's receipt."""

    ends: int
    """Index of its `asked`."""
    receipt: str
    """The receipt's envelope as JSON text, as it was received."""
    rows: int
    bytes: int
    blake3: str
    """As counted and hashed here, not as the receipt claims."""
    verified: bool
    """Whether the receipt is the provider's and says the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No whole answer arrived; `rows` and `bytes` are what did."""

    ends: int
    reason: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The provider's node refused."""

    ends: int
    reason: str
    clause: str
    receipt: str
    """The signed refusal's envelope as JSON text; empty when none came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A consumer's node handed over a small table, which the provider's node has taken."""

    lookup: str
    """The name that it has in the contract."""
    digest: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A provider's node took over a small table of the consumer's."""

    lookup: str
    digest: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A provider's node deleted the content of such a table, since its part has ended."""

    lookup: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementSent:
    """A consumer's node has signed what it says of a channel's answers since the last time."""

    number: int
    """Of the acknowledgement in its channel and epoch."""
    answers: int
    """How many it names."""
    document: str
    """The signed envelope as JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementCompared:
    """A provider's node has compared a consumer's acknowledgement with its own records."""

    number: int
    answers: int
    document: str
    """The signed envelope as JSON text, as it was received."""
    differences: tuple[Difference, ...]
    """What the two records say differently; empty where they agree."""


class ContractChange(StrEnum):
    """What happened to a contract at this node."""

    PROPOSED = "proposed"
    SIGNED = "signed"
    NOTICED = "noticed"
    """A notice arrived that takes effect later."""
    REJECTED = "rejected"
    TERMINATED = "terminated"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    SUPERSEDED = "superseded"
    CERTIFIED = "certified"
    """A consumer has signed that it deleted what it received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvent:
    """A step in a contract's life."""

    contract: ContractId
    event: ContractChange
    party: PartyId
    """Who took the step."""
    document: str
    """Digest of the document that says so; empty when there is none."""


class MemberChange(StrEnum):
    """What happened to a member at this node."""

    ADDED = "added"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEvent:
    """A member document was accepted."""

    party: PartyId
    event: MemberChange
    version: int
    fingerprint: str


class DatasetChange(StrEnum):
    """What happened to what a node remembers of a dataset."""

    FORGOTTEN = "forgotten"
    """Figures that are published from now on are not compared with those from before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEvent:
    """The memory of what was published of a dataset was changed by its own people."""

    dataset: DatasetId
    event: DatasetChange
    populations: int
    """How many that were remembered are not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a retention rule of this node deleted: bodies and salts of entries, never their leaves.

    Their contract ended long ago. Nobody can show or guess any more what these entries said; that
    they were there, and in which order, stays proven.
    """

    contract: ContractId
    entries: tuple[str, ...]
    """Their indexes in order, as `12` or `12-40`."""

    def __post_init__(self) -> None:
        """Hold the stretches to their one spelling, raising `ValueError`."""
        parse_indexes(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The ledger goes on under a new epoch, since others held a checkpoint that it does not reach.

    Entries between `size` and `held_size` are lost, or were replaced by others.
    """

    epoch: int
    """Of the ledger from this entry on."""
    size: int
    """Entries that were found, and go on."""
    root: str
    """Over them, in hex."""
    held: str
    """The checkpoint that was held against this ledger: the keeper's own signed note.

    Who showed it stands beside the entry only: every counterparty sees this one, and is not to
    learn of the others.
    """


Start = Opened | Asked
"""What begins an answer; it is ended at most once."""
End = Closed | Cut | Interrupted | Received | Failed | Denied
"""What ends one, naming its index."""
LookupEvent = Brought | Taken | Dropped
"""What happens to a table that a consumer brings."""
AcknowledgementEvent = AcknowledgementSent | AcknowledgementCompared
"""What happens to a consumer's word about its answers."""
Event = ContractEvent | MemberEvent | DatasetEvent | Pruned | Recovered
"""What concerns no single provider and consumer."""
Body = Start | End | Refused | LookupEvent | AcknowledgementEvent | Event

KINDS: dict[str, type[Body]] = {
    "opened": Opened,
    "closed": Closed,
    "cut": Cut,
    "interrupted": Interrupted,
    "refused": Refused,
    "asked": Asked,
    "received": Received,
    "failed": Failed,
    "denied": Denied,
    "brought": Brought,
    "taken": Taken,
    "dropped": Dropped,
    "acknowledged": AcknowledgementSent,
    "compared": AcknowledgementCompared,
    "contract": ContractEvent,
    "member": MemberEvent,
    "dataset": DatasetEvent,
    "pruned": Pruned,
    "recovered": Recovered,
}
KIND_OF = {body: kind for kind, body in KINDS.items()}

ENDS: dict[type[Start], tuple[type[End], ...]] = {
    Opened: (Closed, Cut, Interrupted),
    Asked: (Received, Failed, Denied, Interrupted),
}
"""Which ends each start can have."""

UNCHANNELLED: tuple[type[Body], ...] = (
    ContractEvent,
    MemberEvent,
    DatasetEvent,
    Pruned,
    Recovered,
)
"""Bodies that concern no single provider and consumer."""
