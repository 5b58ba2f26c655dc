"""How an error travels: a `google.rpc.Status` whose `ErrorInfo` carries the facts.

Which error becomes which code is `server/status.py`'s to decide; here it is packed and unpacked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from sekisho.documents.envelope import Envelope
from sekisho.errors import Refusal, RefusalReason
from sekisho.wire.envelopes import envelope_from_proto, envelope_to_proto
from sekisho.wire.gen.sekisho.v1 import envelope_pb2

DOMAIN = "sekisho.v1"
MAX_DIGITS = 6
"""Of a line or column; a query has at most 65,536 bytes."""
MAX_WORDS = 500
"""Characters of the line that a status shows; the whole text is in its details."""
MAX_TEXT = 1_000
"""Characters of a message or hint from another node, which people see on their terminals."""
MAX_ALLOWED = 200
"""Names that a refusal may list as allowed."""
ALLOWED = "allowed"
MESSAGE = "message"
DETAILS_KEY = "grpc-status-details-bin"
"""The trailing metadata that gRPC reserves for a packed status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as it crosses a border: nothing here comes from the data."""

    reason: str
    """A `RefusalReason`, or another fixed word such as `NOT_TRUSTED`."""
    message: str
    facts: Mapping[str, str]
    """Clause, place, what would be allowed, hint; only what is known."""
    receipt: Envelope | None = None
    """The provider's signed statement about a refusal."""


def fault_of(refusal: Refusal, receipt: Envelope | None = None) -> Fault:
    """Turn a refusal into what travels."""
    facts = {
        "clause": refusal.clause,
        "line": str(refusal.line or ""),
        "column": str(refusal.column or ""),
        ALLOWED: json.dumps(refusal.allowed) if refusal.allowed else "",
        "hint": refusal.hint,
    }
    return Fault(
        reason=refusal.reason.value,
        message=refusal.message,
        facts={name: value for name, value in facts.items() if value},
        receipt=receipt,
    )


def refusal_of(fault: Fault) -> Refusal | None:
    """Turn what travelled back into a refusal; None when the reason is not of the enum."""
    if fault.reason not in RefusalReason.__members__:
        return None
    facts = fault.facts
    return Refusal(
        RefusalReason(fault.reason),
        fault.message,
        clause=facts.get("clause", ""),
        line=_number(facts.get("line", "")),
        column=_number(facts.get("column", "")),
        allowed=_texts(facts.get(ALLOWED, "")),
        hint=facts.get("hint", ""),
    )


def pack_status(code: int, fault: Fault) -> bytes:
    """Pack a fault into the bytes of the trailing metadata `DETAILS_KEY`."""
    status = status_pb2.Status(code=code, message=words_of(fault))
    facts = {**fault.facts, MESSAGE: fault.message}
    info = error_details_pb2.ErrorInfo(reason=fault.reason, domain=DOMAIN, metadata=facts)
    status.details.add().Pack(info)
    if fault.receipt is not None:
        status.details.add().Pack(envelope_to_proto(fault.receipt))
    packed: bytes = status.SerializeToString()
    return packed


def words_of(fault: Fault) -> str:
    """Say a fault in one line, for clients that show a status and not its details."""
    hint = fault.facts.get("hint", "")
    words = f"{fault.reason}: {fault.message}" + (f" (hint: {hint})" if hint else "")
    return words if len(words) <= MAX_WORDS else f"{words[: MAX_WORDS - 1]}…"


def unpack_status(data: bytes) -> Fault | None:
    """Unpack a fault from another node; None when it is not one of ours."""
    status = status_pb2.Status()
    info = error_details_pb2.ErrorInfo()
    envelope = envelope_pb2.Envelope()
    found = False
    try:
        status.ParseFromString(data)
        for detail in status.details:
            found = detail.Unpack(info) or found
            detail.Unpack(envelope)
    except DecodeError:
        return None
    if not found or info.domain != DOMAIN:
        return None
    receipt = envelope_from_proto(envelope) if envelope.payload else None
    facts = {name: _printable(value) for name, value in info.metadata.items() if name != ALLOWED}
    facts[ALLOWED] = info.metadata.get(ALLOWED, "")
    message = facts.pop(MESSAGE, "") or _printable(status.message)
    return Fault(reason=info.reason, message=message, facts=facts, receipt=receipt)


def _printable(text: str) -> str:
    """Leave nothing that could steer a terminal, turn a line around, or fill a screen."""
    return "".join(item if item.isprintable() else " " for item in text[:MAX_TEXT])


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else 0


def _texts(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return ()
    found = value[:MAX_ALLOWED] if isinstance(value, list) else []
    return tuple(_printable(str(item)) for item in found)
