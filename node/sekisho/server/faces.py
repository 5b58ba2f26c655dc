"""Builds the two gRPC servers: TLS, bounds, health, and the Flight data plane's bare handlers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2

from sekisho.client.channel import MAX_MESSAGE_BYTES
from sekisho.errors import NodeError
from sekisho.wire.flight import (
    DO_ACTION,
    DO_GET,
    DO_PUT,
    GET_FLIGHT_INFO,
    GET_SCHEMA,
    HANDSHAKE,
    LIST_ACTIONS,
)

MAX_CALLS = 96
"""Calls at once on a face; a running answer holds one thread."""
MAX_CALL_BYTES = 4 * 1024 * 1024
"""One message to this node: a contract of 1 MB with its signatures is the largest there is."""
MAX_METADATA_BYTES = 16 * 1024
"""A call's headers: a token, a contract and a purpose are under 1 kB."""
KEEPALIVE_MILLISECONDS = 20_000
"""After so long without a sign a peer is taken to be gone."""

SERVER_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", MAX_CALL_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.max_concurrent_streams", MAX_CALLS),
    ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_MILLISECONDS),
    ("grpc.so_reuseport", 0),
)

Unary = Callable[[Any, grpc.ServicerContext], Any]
UnaryBytes = Callable[[bytes, grpc.ServicerContext], bytes]
StreamBytes = Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]
BothBytes = Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]


class FlightMethods(Protocol):
    """Flight's methods; messages reach them unparsed."""

    @property
    def get_info(self) -> UnaryBytes:
        """Describes a result and where to get it."""

    @property
    def get_schema(self) -> UnaryBytes:
        """Describes a result's columns."""

    @property
    def do_get(self) -> StreamBytes:
        """Streams a result."""

    @property
    def do_action(self) -> StreamBytes:
        """Does one of the listed actions."""

    @property
    def list_actions(self) -> StreamBytes:
        """Lists them."""

    @property
    def do_put(self) -> BothBytes:
        """Takes values of parameters."""

    @property
    def handshake(self) -> BothBytes:
        """Says in which header a token is sent."""


class FlightHandler(grpc.GenericRpcHandler):
    """Serves Flight's methods on bytes, so that a batch is not copied into a message."""

    def __init__(self, methods: FlightMethods) -> None:
        """Take the methods of one face."""
        self._handlers: dict[str, Any] = {
            GET_FLIGHT_INFO: grpc.unary_unary_rpc_method_handler(methods.get_info),
            GET_SCHEMA: grpc.unary_unary_rpc_method_handler(methods.get_schema),
            DO_GET: grpc.unary_stream_rpc_method_handler(methods.do_get),
            DO_ACTION: grpc.unary_stream_rpc_method_handler(methods.do_action),
            LIST_ACTIONS: grpc.unary_stream_rpc_method_handler(methods.list_actions),
            DO_PUT: grpc.stream_stream_rpc_method_handler(methods.do_put),
            HANDSHAKE: grpc.stream_stream_rpc_method_handler(methods.handshake),
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Find the handler of a method; other Flight methods are unimplemented."""
        return self._handlers.get(handler_call_details.method)


class Face:
    """One gRPC server with its health service."""

    def __init__(self, name: str, credentials: grpc.ServerCredentials) -> None:
        """Build the server; nothing listens yet."""
        self._credentials = credentials
        self._health = health.HealthServicer()
        self.name = name
        self.server = grpc.server(
            ThreadPoolExecutor(MAX_CALLS, thread_name_prefix=name),
            options=SERVER_OPTIONS,
            maximum_concurrent_rpcs=MAX_CALLS,
        )
        self._add_health()

    def add_service(self, service: ServiceDescriptor, methods: Mapping[str, Unary]) -> None:
        """Serve every method of a protobuf service; each is a function of message and call."""
        handlers = {
            method.name: grpc.unary_unary_rpc_method_handler(
                methods[method.name],
                request_deserializer=GetMessageClass(method.input_type).FromString,
                response_serializer=_serialize,
            )
            for method in service.methods
        }
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service.full_name, handlers),)
        )

    def _add_health(self) -> None:
        """Serve `Check` to whoever can connect; `Watch` would let them hold every call."""
        check = grpc.unary_unary_rpc_method_handler(
            self._health.Check,
            request_deserializer=health_pb2.HealthCheckRequest.FromString,
            response_serializer=_serialize,
        )
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(health.SERVICE_NAME, {"Check": check}),)
        )

    def listen(self, address: str) -> None:
        """Bind the address.

        Raises:
            NodeError: The address is taken or cannot be bound.
        """
        try:
            port = self.server.add_secure_port(address, self._credentials)
        except RuntimeError as error:
            msg = f"cannot listen on `{address}` for {self.name}"
            hint = "is another node running? give a free port under `listen:` in node.yaml"
            raise NodeError(msg, hint=hint) from error
        if not port:
            msg = f"cannot listen on `{address}` for {self.name}"
            raise NodeError(msg, hint="give a free port under `listen:` in node.yaml")

    def start(self) -> None:
        """Serve, and say so to health checks."""
        self.server.start()
        self.say(is_serving=True)

    def say(self, *, is_serving: bool) -> None:
        """Tell health checks whether calls are answered now."""
        kind = health_pb2.HealthCheckResponse
        self._health.set("", kind.SERVING if is_serving else kind.NOT_SERVING)

    def stop_accepting(self) -> None:
        """Tell health checks that this node is going, and take no new calls."""
        self._health.enter_graceful_shutdown()
        self._stopped = self.server.stop(None)

    def stop(self) -> None:
        """End what still runs."""
        self.server.stop(0).wait()


def _serialize(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data
