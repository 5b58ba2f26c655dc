"""The named points in a query's way, a contract's and a node's life at which a fault can strike.

Each stands on a function of the node, by its dotted path; the product knows nothing of them. The
launcher wraps those functions, and a test holds that each path still resolves.
"""

from dataclasses import dataclass
from enum import StrEnum


class When(StrEnum):
    """Where in a function's work a point is."""

    BEFORE = "before"
    AFTER = "after"
    RAISED = "raised"
    """When it has failed, as it should."""
    SENT = "sent"
    """A generator: when what it has yielded so often was taken, and it shall go on."""
    WRITTEN = "written"
    """`Transaction.flush`: an entry of a kind is written, and its transaction not yet committed."""
    WITHIN = "within"
    """`migrate`: before a statement in the middle of its transaction."""


class By(StrEnum):
    """What the harness does to reach a point."""

    ASKING = "asking"
    RESERVING = "reserving"
    REFUSED = "refused"
    LIMITED = "limited"
    LEAVING = "leaving"
    REPLAYING = "replaying"
    DENIED = "denied"
    COUNTING = "counting"
    OVERDRAWN = "overdrawn"
    BRINGING = "bringing"
    DROPPING = "dropping"
    SIGNING = "signing"
    ENDING = "ending"
    DELIVERING = "delivering"
    AWAY = "away"
    SWEEPING = "sweeping"
    STARTING = "starting"
    MIGRATING = "migrating"
    STOPPING = "stopping"
    REPLICATED = "replicated"
    RESTORING = "restoring"


@dataclass(frozen=True, slots=True)
class Point:
    """One point."""

    name: str
    by: By
    path: str
    """`module:Class.method`, or `module:function`."""
    when: When
    count: int = 0
    """Of `SENT`."""
    kind: str = ""
    """Of the entry that is `WRITTEN`; the text that a statement begins with, of `WITHIN`."""
    node: str = "ua"
    """Whose node is struck: the provider's, or the consumer's `maker`."""


_ANSWERING = "sekisho.server.answering:Answering"
_ANSWERS = "sekisho.store.answers:AnswerStore"
_QUESTIONS = "sekisho.store.questions:QuestionStore"
_AGREEING = "sekisho.server.agreeing:Agreeing"
_FLUSH = "sekisho.store.transaction:Transaction.flush"
_PROTECTING = "sekisho.server.protecting"
_PUBLISHED = "sekisho.store.published:PublishedStore"
_BRINGING = "sekisho.server.bringing:Bringing"
_LOOKUPS = "sekisho.server.lookups:Lookups"
_TABLES = "sekisho.store.lookups:LookupStore"
_NODE = "sekisho.server.node:RunningNode"
_STATE = "sekisho.store.state"
_SQLITE = "sekisho.store.sqlite"
_POSTGRES = "sekisho.store.postgres:PostgresDatabase"
_BACKUP = "sekisho.store.backup"
BEFORE, AFTER, SENT, WRITTEN = When.BEFORE, When.AFTER, When.SENT, When.WRITTEN


def _written(kind: str, by: By, node: str = "ua") -> Point:
    return Point(f"{kind} written", by, _FLUSH, WRITTEN, kind=kind, node=node)


def _around(kind: str, by: By, path: str, *, node: str = "ua") -> tuple[Point, Point, Point]:
    """Before an entry's transaction, within it before the commit, and once it is on disk."""
    return (
        Point(f"before {kind}", by, path, BEFORE, node=node),
        _written(kind, by, node),
        Point(f"{kind} on disk", by, path, AFTER, node=node),
    )


POINTS: tuple[Point, ...] = (
    # The way of a query at the provider.
    Point("request arrived", By.ASKING, f"{_ANSWERING}._believe", BEFORE),
    Point("request verified", By.ASKING, f"{_ANSWERING}._believe", AFTER),
    Point("contract found", By.ASKING, f"{_ANSWERING}._find_contract", AFTER),
    Point("query decided", By.ASKING, "sekisho.server.plans:Plans.plan", AFTER),
    Point("nonce looked up", By.ASKING, "sekisho.store.requests:RequestStore.seen", AFTER),
    Point("before the charge", By.ASKING, "sekisho.store.answers:open_charge", BEFORE),
    Point("charged", By.ASKING, "sekisho.store.answers:open_charge", AFTER),
    Point("nonce claimed", By.ASKING, "sekisho.store.requests:RequestStore.remember", AFTER),
    *_around("opened", By.ASKING, f"{_ANSWERS}.open"),
    Point("before the first byte", By.ASKING, f"{_ANSWERING}._send", SENT, count=0),
    Point("schema sent", By.ASKING, f"{_ANSWERING}._send", SENT, count=1),
    Point("first batch sent", By.ASKING, f"{_ANSWERING}._send", SENT, count=2),
    Point("before more is reserved", By.RESERVING, f"{_ANSWERS}.reserve", BEFORE),
    Point("more is reserved", By.RESERVING, f"{_ANSWERS}.reserve", AFTER),
    *_around("closed", By.ASKING, f"{_ANSWERS}.close"),
    Point("receipt signed", By.ASKING, f"{_ANSWERING}._close", AFTER),
    *_around("refused", By.REFUSED, f"{_ANSWERS}.refuse"),
    *_around("cut", By.LIMITED, f"{_ANSWERS}.cut"),
    Point("reader gone", By.LEAVING, "sekisho.server.ending:Closing._cut", BEFORE),
    Point("before a receipt is sent again", By.REPLAYING, f"{_ANSWERING}._replayed", BEFORE),
    # Statistics: what was shown is remembered and charged before anything of it leaves.
    Point("before the cells", By.COUNTING, f"{_PROTECTING}:Protecting.cells", BEFORE),
    Point("earlier cells read", By.COUNTING, f"{_PUBLISHED}.keys_of", AFTER),
    Point("cells described", By.COUNTING, f"{_PUBLISHED}.decide", BEFORE),
    Point("cells remembered", By.COUNTING, f"{_PUBLISHED}.decide", AFTER),
    Point("cells of the day counted", By.COUNTING, f"{_PROTECTING}:count_published", AFTER),
    Point("cells charged", By.COUNTING, "sekisho.store.answers:charge_cells", AFTER),
    Point("cells on disk", By.COUNTING, f"{_PROTECTING}:Protecting.cells", AFTER),
    Point("too many cells", By.OVERDRAWN, "sekisho.store.answers:charge_cells", When.RAISED),
    Point("cells undone", By.OVERDRAWN, f"{_PROTECTING}:Protecting.cells", When.RAISED),
    # A table is brought: kept at the consumer, handed over, taken at the provider, joined there.
    Point("before a table is kept", By.BRINGING, f"{_BRINGING}._keep", BEFORE, node="maker"),
    Point("table kept", By.BRINGING, f"{_BRINGING}._keep", AFTER, node="maker"),
    Point("before it is handed over", By.BRINGING, f"{_BRINGING}._hand_over", BEFORE, node="maker"),
    Point("before a table is taken", By.BRINGING, f"{_LOOKUPS}.take", BEFORE),
    Point("table read", By.BRINGING, f"{_LOOKUPS}._checked", AFTER),
    Point("content kept", By.BRINGING, f"{_TABLES}.keep", AFTER),
    _written("taken", By.BRINGING),
    Point("taken on disk", By.BRINGING, f"{_LOOKUPS}.take", AFTER),
    _written("brought", By.BRINGING, "maker"),
    Point("brought on disk", By.BRINGING, f"{_BRINGING}._hand_over", AFTER, node="maker"),
    Point("tables joined", By.BRINGING, f"{_LOOKUPS}.joined", AFTER),
    Point("before tables are dropped", By.DROPPING, f"{_TABLES}.drop", BEFORE),
    _written("dropped", By.DROPPING),
    Point("tables dropped", By.DROPPING, f"{_TABLES}.drop", AFTER),
    # The way of a query at the consumer.
    *_around("asked", By.ASKING, f"{_QUESTIONS}.ask", node="maker"),
    *_around("received", By.ASKING, f"{_QUESTIONS}.receive", node="maker"),
    *_around("failed", By.LIMITED, f"{_QUESTIONS}.fail", node="maker"),
    *_around("denied", By.DENIED, f"{_QUESTIONS}.deny", node="maker"),
    # A contract's life.
    *_around("contract", By.SIGNING, f"{_AGREEING}._record_contract"),
    Point("signature received", By.SIGNING, f"{_AGREEING}.receive_contract", AFTER, node="maker"),
    Point("before the notice", By.ENDING, f"{_AGREEING}._record_notice", BEFORE),
    Point("notice kept", By.ENDING, f"{_AGREEING}._keep_notice", AFTER),
    Point("before streams are cut", By.ENDING, "sekisho.server.agreeing:cut_what_ended", BEFORE),
    Point("notice recorded", By.ENDING, f"{_AGREEING}._record_notice", AFTER),
    Point("notice received", By.ENDING, f"{_AGREEING}.receive_notice", AFTER, node="maker"),
    Point("before delivery", By.DELIVERING, "sekisho.server.delivery:Deliveries._send", BEFORE),
    Point("delivered", By.DELIVERING, "sekisho.server.delivery:Deliveries._send", AFTER),
    Point("acknowledged", By.DELIVERING, "sekisho.store.outbox:Outbox.acknowledge", AFTER),
    Point("postponed", By.AWAY, "sekisho.store.outbox:Outbox.postpone", AFTER),
    # What a node does each second.
    Point("before what is late", By.SWEEPING, "sekisho.server.late:LateEntries.retry", BEFORE),
    Point("swept", By.SWEEPING, f"{_NODE}._drop_ended", BEFORE),
    # A node's start and its stop.
    Point("before migration", By.MIGRATING, f"{_SQLITE}:migrate", BEFORE),
    Point("within migration", By.MIGRATING, f"{_SQLITE}:migrate", When.WITHIN, kind="CREATE INDEX"),
    Point("migrated", By.MIGRATING, f"{_SQLITE}:migrate", AFTER),
    Point("before the check", By.STARTING, f"{_SQLITE}:check_ledger", BEFORE),
    Point("checked", By.STARTING, f"{_SQLITE}:check_ledger", AFTER),
    *_around("interrupted", By.STARTING, f"{_STATE}:State.interrupt_open"),
    Point("before it listens", By.STARTING, f"{_NODE}.__enter__", BEFORE),
    Point("ready", By.STARTING, f"{_NODE}.__enter__", AFTER),
    Point("before it stops", By.STOPPING, f"{_NODE}.__exit__", BEFORE),
    Point("streams closed", By.STOPPING, "sekisho.server.streams:Streams.close", AFTER),
    Point("before the state closes", By.STOPPING, f"{_STATE}:State.close", BEFORE),
    Point("state closed", By.STOPPING, f"{_STATE}:State.close", AFTER),
    # A transaction of a replica.
    Point("begun in PostgreSQL", By.REPLICATED, f"{_POSTGRES}.begin", AFTER),
    Point("before PostgreSQL commits", By.REPLICATED, f"{_POSTGRES}.commit", BEFORE),
    Point("committed in PostgreSQL", By.REPLICATED, f"{_POSTGRES}.commit", AFTER),
    # A backup is put back.
    Point("backup copied", By.RESTORING, f"{_BACKUP}:_check_party", AFTER),
    Point("state moved aside", By.RESTORING, f"{_BACKUP}:_move_aside", AFTER),
    Point("backup in place", By.RESTORING, f"{_BACKUP}:sync_folder", BEFORE),
)
BY_NAME = {point.name: point for point in POINTS}
