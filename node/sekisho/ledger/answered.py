"""What a run of entries says of each answer: who asked whom for what, and what left."""

from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from sekisho.ledger.bodies import (
    Asked,
    Closed,
    Cut,
    Denied,
    End,
    Failed,
    Interrupted,
    Opened,
    Received,
    Refused,
)
from sekisho.ledger.entry import Entry
from sekisho.model.names import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question to one provider, and what came of it, as one side's ledger tells it."""

    index: int
    """Of the entry that begins it."""
    at: str
    side: str
    """`provider` or `consumer`: whose ledger tells it."""
    provider: PartyId
    consumer: PartyId
    request: str
    purpose: str
    sql: str
    clauses: tuple[str, ...] = ()
    """What allowed it; only its provider knows."""
    state: str = "open"
    """`open answered refused cut interrupted failed`."""
    reason: str = ""
    rows: int = 0
    bytes: int = 0
    blake3: str = ""
    """Of what left or arrived whole, in hex."""
    ended_at: str = ""


@dataclass(slots=True)
class Answers:
    """Puts entries together, start and end."""

    _by_start: dict[int, Answer] = field(default_factory=dict)
    _starts: dict[str, int] = field(default_factory=dict)
    """Where each request begins."""

    def take(self, entry: Entry) -> None:
        """Take the next entry of a channel; ends of what began before the first are passed over."""
        body = entry.body
        match body:
            case Opened() | Refused() | Asked():
                self._by_start[entry.index] = _begun(entry, body)
                self._starts[body.request] = entry.index
            case Closed() | Received() | Cut() | Failed() | Denied() | Interrupted():
                self._end(entry, body)
            case _:
                pass

    def request_of(self, entry: Entry) -> str:
        """Give the digest of the request that an entry ends; empty when it is not known."""
        started = self._by_start.get(getattr(entry.body, "ends", -1))
        return started.request if started is not None else ""

    def of_request(self, request: str) -> Answer | None:
        """Give what has become of a request so far; None where it is not among the entries."""
        start = self._starts.get(request)
        return self._by_start[start] if start is not None else None

    def all(self) -> tuple[Answer, ...]:
        """Give the answers in the order in which they began."""
        return tuple(self._by_start.values())

    def _end(self, entry: Entry, body: End) -> None:
        started = self._by_start.get(body.ends)
        if started is not None:
            self._by_start[body.ends] = replace(started, ended_at=entry.at, **_ended(body))


def _ended(body: End) -> dict[str, Any]:
    match body:
        case Closed() | Received():
            facts = {"rows": body.rows, "bytes": body.bytes, "blake3": body.blake3}
            return {"state": "answered", **facts}
        case Cut() | Failed():
            state = "cut" if isinstance(body, Cut) else "failed"
            reason = str(body.reason)
            return {"state": state, "reason": reason, "rows": body.rows, "bytes": body.bytes}
        case Denied():
            return {"state": "refused", "reason": body.reason}
        case Interrupted():
            facts = {"rows": body.reserved_rows, "bytes": body.reserved_bytes}
            return {"state": "interrupted", **facts}
        case _:
            assert_never(body)


def _begun(entry: Entry, body: Opened | Refused | Asked) -> Answer:
    link = entry.link
    assert link is not None  # noqa: S101  bodies of answers stand in a channel
    is_refused = isinstance(body, Refused)
    return Answer(
        index=entry.index,
        at=entry.at,
        side="consumer" if isinstance(body, Asked) else "provider",
        provider=link.channel.provider,
        consumer=link.channel.consumer,
        request=body.request,
        purpose=body.purpose,
        sql=body.sql,
        clauses=body.clauses if isinstance(body, Opened) else (),
        state="refused" if is_refused else "open",
        reason=body.reason if isinstance(body, Refused) else "",
        ended_at=entry.at if is_refused else "",
    )
