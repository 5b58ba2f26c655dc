"""Opens TLS channels and turns failed calls back into this package's errors."""

from collections.abc import Sequence
from typing import Any, NoReturn

import grpc
from grpc.experimental import ChannelOptions

from sekisho.errors import NodeError, PeerError, SekishoError, TrustError
from sekisho.wire.status import DETAILS_KEY, Fault, refusal_of, unpack_status

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""One Arrow batch is about 4 MB; a single wide value may be larger."""

CHANNEL_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.http2.lookahead_bytes", 8 * 1024 * 1024),
    # Whoever reads a stream waits for its messages itself, without a thread of gRPC's in between.
    (ChannelOptions.SingleThreadedUnaryStream, 1),
)


def open_channel(
    address: str,
    *,
    roots: bytes | None,
    key: bytes | None = None,
    certificate: bytes | None = None,
    server_name: str = "",
) -> grpc.Channel:
    """Open a TLS channel.

    Args:
        address: `HOST:PORT`.
        roots: PEM anchors to believe; None for the system's.
        key: This side's PEM key, for mutual TLS.
        certificate: This side's PEM certificate.
        server_name: The name that the other side's certificate must bear, when it is not the host.
    """
    credentials = grpc.ssl_channel_credentials(roots, key, certificate)
    options = list(CHANNEL_OPTIONS)
    if server_name:
        options += [
            ("grpc.ssl_target_name_override", server_name),
            ("grpc.default_authority", server_name),
        ]
    return grpc.secure_channel(address, credentials, options=options)


def raise_error(error: grpc.RpcError, *, party: str = "", what: str = "node") -> NoReturn:
    """Raise what a failed call means.

    Raises:
        Refusal: The other side said no, with its reason.
        TrustError: The other side does not believe this side.
        NodeError: This company's own node is away (`party` is empty).
        PeerError: Another company's node is away or failed.
    """
    raise error_of(error, party=party, what=what) from None


def fault_in(error: Any) -> Fault | None:
    """Find the packed fault of a failed call, if the other side sent one.

    Args:
        error: A `grpc.RpcError`, which is a `grpc.Call` too when a call was made.
    """
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return unpack_status(value)
    return None


def error_of(error: Any, *, party: str = "", what: str = "node") -> SekishoError:
    """Tell what a failed call means, see `raise_error`."""
    fault = fault_in(error)
    code = error.code()
    if fault is not None:
        refusal = refusal_of(fault)
        if refusal is not None:
            return refusal
        hint = fault.facts.get("hint", "")
        if code is grpc.StatusCode.UNAUTHENTICATED:
            return TrustError(fault.message, hint=hint)
        # Another company's node may not put the blame on a third.
        named = party or fault.facts.get("party", "")
        if named:
            return PeerError(fault.message, party=named, hint=hint)
        return NodeError(fault.message, hint=hint)
    if party:
        return PeerError(
            f"the node of `{party}` {_state(code)}",
            party=party,
            hint="ask its operator whether the node runs, or try again later",
        )
    return NodeError(f"the {what} {_state(code)}", hint="start it with `sekisho serve`")


def _state(code: grpc.StatusCode) -> str:
    if code is grpc.StatusCode.UNAVAILABLE:
        return "cannot be reached"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "did not answer in time"
    if code is grpc.StatusCode.CANCELLED:
        return "ended the call"
    return f"failed the call ({code.name})"
