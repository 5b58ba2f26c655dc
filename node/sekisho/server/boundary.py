"""Where a call enters and leaves: its id, its log line, and how an error ends it."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import grpc

from sekisho.errors import SekishoError
from sekisho.server.log import REQUEST_ID, note, note_failure
from sekisho.server.status import Failure, abort

C = TypeVar("C")
Q = TypeVar("Q")
A = TypeVar("A")


class Explain(Protocol):
    """Tells what the caller of a face may know about an error."""

    def __call__(self, error: BaseException, *, reference: str) -> Failure:
        """See `status.failure_of` and `status.own_failure_of`."""


@contextmanager
def boundary(context: grpc.ServicerContext, method: str, explain: Explain) -> Iterator[str]:
    """Serve one call: log it, and end it with a code when it fails.

    Yields:
        The call's reference, which the log and the caller's error share.
    """
    reference = secrets.token_hex(8)
    REQUEST_ID.set(reference)
    started = time.monotonic()
    failure: Failure | None = None
    try:
        yield reference
    except Exception as error:  # noqa: BLE001  the one boundary: nothing unnamed may leave
        failure = explain(error, reference=reference)
        _note(method, error, failure, seconds=time.monotonic() - started)
    else:
        note("served", logging.DEBUG, method=method, seconds=_rounded(time.monotonic() - started))
    if failure is not None:
        abort(context, failure)


def _note(method: str, error: Exception, failure: Failure, *, seconds: float) -> None:
    if not isinstance(error, SekishoError):
        note_failure("failed", error, method=method)
        return
    note(
        "not served",
        logging.WARNING,
        method=method,
        reason=failure.fault.reason,
        message=error.message,
        step=getattr(error, "step", None) or None,
        seconds=_rounded(seconds),
    )


def _rounded(seconds: float) -> float:
    return round(seconds, 4)


def unary(
    handler: Callable[[C, Q], A],
    *,
    caller_of: Callable[[grpc.ServicerContext], C],
    explain: Explain,
) -> Callable[[Q, grpc.ServicerContext], A]:
    """Make a gRPC method of a function of the authenticated caller and the message."""

    def call(message: Q, context: grpc.ServicerContext) -> A:
        with boundary(context, handler.__name__, explain):
            return handler(caller_of(context), message)
        raise AssertionError  # the boundary has ended the call

    return call
