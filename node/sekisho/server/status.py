"""Decides which gRPC code an error becomes; the only place that does.

What another company's node is told holds nothing of the data: a refusal's own facts, or a fixed
text and a reference that finds the rest in this node's log and ledger.
"""

from dataclasses import dataclass
from typing import NoReturn

import grpc

from sekisho.documents.envelope import Envelope
from sekisho.errors import (
    DocumentError,
    EngineError,
    LedgerError,
    NodeError,
    NotServedError,
    PeerError,
    Refusal,
    RefusalReason,
    SekishoError,
    TrustError,
)
from sekisho.wire.status import DETAILS_KEY, Fault, fault_of, pack_status, words_of

SPENT = frozenset({RefusalReason.LIMIT_REACHED, RefusalReason.BUDGET_SPENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one kind of error looks from outside."""

    code: grpc.StatusCode
    reason: str
    text: str
    """What a peer is told."""


TABLE: dict[type[SekishoError], Row] = {
    DocumentError: Row(
        code=grpc.StatusCode.INVALID_ARGUMENT,
        reason="DOCUMENT_UNREADABLE",
        text="the message or a document in it cannot be read",
    ),
    TrustError: Row(
        code=grpc.StatusCode.UNAUTHENTICATED,
        reason="NOT_TRUSTED",
        text="not believed; the reason is in this node's log",
    ),
    NotServedError: Row(
        code=grpc.StatusCode.UNIMPLEMENTED,
        reason="NOT_SERVED",
        text="this part of the protocol is not served",
    ),
    PeerError: Row(
        code=grpc.StatusCode.UNAVAILABLE,
        reason="PEER_FAILED",
        text="another node did not do its part",
    ),
    EngineError: Row(
        code=grpc.StatusCode.INTERNAL,
        reason="ANSWER_LOST",
        text="the engine did not finish this answer",
    ),
    LedgerError: Row(
        code=grpc.StatusCode.UNAVAILABLE,
        reason="LEDGER_UNAVAILABLE",
        text="the ledger cannot take an entry, so nothing is answered",
    ),
    NodeError: Row(
        code=grpc.StatusCode.UNAVAILABLE,
        reason="NODE_UNAVAILABLE",
        text="the node needs its operator",
    ),
}
UNKNOWN = Row(code=grpc.StatusCode.INTERNAL, reason="INTERNAL", text="the node failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error ready to leave."""

    code: grpc.StatusCode
    fault: Fault


class SignedRefusal(Refusal):
    """A refusal that is in the ledger, with the provider's signed statement about it."""

    def __init__(self, refusal: Refusal, receipt: Envelope | None) -> None:
        """Say the same as the refusal."""
        super().__init__(
            refusal.reason,
            refusal.message,
            clause=refusal.clause,
            line=refusal.line,
            column=refusal.column,
            allowed=refusal.allowed,
            hint=refusal.hint,
        )
        self.receipt = receipt


def failure_of(error: BaseException, *, reference: str) -> Failure:
    """Tell what a peer may know about an error.

    Args:
        error: What was raised.
        reference: Finds the rest in this node's log; a request's id.
    """
    if isinstance(error, Refusal):
        receipt = error.receipt if isinstance(error, SignedRefusal) else None
        spent = error.reason in SPENT
        code = grpc.StatusCode.RESOURCE_EXHAUSTED if spent else grpc.StatusCode.PERMISSION_DENIED
        return Failure(code=code, fault=fault_of(error, receipt))
    row = _row(error)
    fault = Fault(reason=row.reason, message=row.text, facts={"reference": reference})
    return Failure(code=row.code, fault=fault)


def own_failure_of(error: BaseException, *, reference: str) -> Failure:
    """Tell what the company's own people may know: the message and the mend as well.

    An engine's own text stays inside even here, since it may quote another company's cell.
    """
    if isinstance(error, Refusal) or not isinstance(error, SekishoError):
        return failure_of(error, reference=reference)
    row = _row(error)
    facts = {"reference": reference, "hint": error.hint, "party": getattr(error, "party", "")}
    known = {name: value for name, value in facts.items() if value}
    return Failure(
        code=row.code, fault=Fault(reason=row.reason, message=error.message, facts=known)
    )


def abort(context: grpc.ServicerContext, failure: Failure) -> NoReturn:
    """End a call with a failure."""
    details = pack_status(failure.code.value[0], failure.fault)
    context.set_trailing_metadata(((DETAILS_KEY, details),))
    context.abort(failure.code, words_of(failure.fault))
    raise AssertionError  # abort always raises; this tells the type checker


def _row(error: BaseException) -> Row:
    return next((row for kind, row in TABLE.items() if isinstance(error, kind)), UNKNOWN)
