"""What a running node is made of; every room of `server/` is handed the same parts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sekisho.client.peer import Credentials
from sekisho.config import NodeConfig
from sekisho.documents.envelope import Envelope, Signer
from sekisho.engine.engine import Engine
from sekisho.model.names import PartyId
from sekisho.server.contracts import ContractBook
from sekisho.server.datasets import Datasets
from sekisho.server.guarding import Guard
from sekisho.server.late import LateEntries
from sekisho.server.members import MemberBook
from sekisho.server.streams import Streams
from sekisho.store.folder import NodeFolder
from sekisho.store.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKeys:
    """The keys that a serving node holds; those of people are not among them."""

    request: Signer
    """Signs requests, openings, receipts and checkpoints."""
    agreement: bytes
    """PEM; pseudonym keys are derived from it."""
    tls: Credentials


def utc_now() -> datetime:
    """Read the clock: once a step, here and nowhere deeper."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A running node's parts."""

    party: PartyId
    folder: NodeFolder
    config: NodeConfig
    keys: NodeKeys
    member: Envelope
    """This node's own member document."""
    state: State
    contracts: ContractBook
    members: MemberBook
    guard: Guard
    datasets: Datasets
    engine: Engine
    streams: Streams = field(default_factory=Streams)
    late: LateEntries = field(default_factory=LateEntries)
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[int], bytes] = secrets.token_bytes
