"""Arrow Flight SQL as both faces serve it; what a query means is each face's own to say.

A standard client prepares a statement, binds values, asks for a FlightInfo and gets its stream, and
lists what there is. Each step asks the face's planner or gate, and DoGet asks it again: a handle is
a shorthand for a text, and never a permission.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, Protocol, TypeVar

import grpc

from sekisho.documents.envelope import Envelope
from sekisho.engine.engine import Engine
from sekisho.errors import NotServedError, Refusal
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.parameters import Parameter
from sekisho.model.query import QueryText
from sekisho.server.binding import BINDING_SECONDS, OF_TABLE, OF_VALUES, bind_row, collect_frames
from sekisho.server.boundary import Explain, boundary
from sekisho.server.listing import listing_schema, listing_table
from sekisho.server.prepared import Asked, PreparedStatement, Statements
from sekisho.server.shelf import Shelf
from sekisho.server.tickets import Tickets
from sekisho.sql.bounds import check_bounds, parameter_names
from sekisho.wire import flight, flight_sql
from sekisho.wire.flight_sql import Prepared, PreparedUpdate, Statement, Upload
from sekisho.wire.frames import parse_frame
from sekisho.wire.gen.arrow.flight.flight_pb2 import Action, HandshakeResponse
from sekisho.wire.tables import parameter_schema, schema_message, table_frames

ACTIONS = {
    "CreatePreparedStatement": "keeps a query under a handle",
    "ClosePreparedStatement": "forgets it",
    "CancelFlightInfo": "stops the work behind a FlightInfo, at every provider",
    "CancelQuery": "the same, as older clients ask for it",
    "CloseSession": "says goodbye; nothing is kept beside prepared statements",
}
UPDATES_HINT = "ask it as a query: a node answers SELECT, and changes nothing at anybody's"

C = TypeVar("C")
Q = TypeVar("Q")


class Asker(Protocol[C, Q]):
    """What a face makes of its callers' questions."""

    @property
    def explain(self) -> Explain:
        """Tells what the face's callers may know about an error."""

    def caller_of(self, context: grpc.ServicerContext) -> C:
        """Say who calls."""

    def owner(self, caller: C) -> str:
        """Name whom a handle is bound to."""

    def greeting(self, context: grpc.ServicerContext) -> tuple[tuple[str, str], ...]:
        """Give the headers that answer a handshake."""

    def turn(self, caller: C) -> AbstractContextManager[None]:
        """Hold one of the caller's places."""

    def question(self, caller: C, asked: Asked, text: QueryText) -> Q:
        """Say under which contract and for which purpose a text is asked."""

    def plan(self, question: Q) -> bytes:
        """Refuse what cannot be answered; give the frame of its schema where that costs nothing."""

    def describe(self, question: Q) -> bytes:
        """Refuse what cannot be answered; give the frame of its schema, and charge nothing."""

    def answer(
        self, caller: C, question: Q | Envelope, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Stream the answer to a question or to a signed request."""

    def shelf(self, caller: C, asked: Asked) -> Shelf:
        """List what the caller may browse."""

    def take(self, caller: C, asked: Asked, *, table: str, frames: tuple[bytes, ...]) -> int:
        """Take a table that the caller uploads; give the number of its rows."""


class FlightService(Generic[C, Q]):
    """Flight's methods on bytes, for one face."""

    def __init__(
        self, asker: Asker[C, Q], *, engine: Engine, monotonic: Callable[[], float]
    ) -> None:
        """Start with no statement and no ticket."""
        self._asker = asker
        self._engine = engine
        self._tickets: Tickets[Q] = Tickets(monotonic)
        self._statements = Statements(monotonic)
        self._lock = threading.Lock()
        self._running: dict[tuple[str, bytes], grpc.ServicerContext] = {}

    @contextmanager
    def _call(self, context: grpc.ServicerContext, method: str) -> Iterator[C]:
        with boundary(context, method, self._asker.explain):
            caller = self._asker.caller_of(context)
            with self._asker.turn(caller):
                yield caller

    def handshake(
        self, _messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Serve Handshake: say in which header the token is to be sent from here on."""
        with self._call(context, "Handshake"):
            context.send_initial_metadata(self._asker.greeting(context))
            yield HandshakeResponse().SerializeToString()

    def get_info(self, descriptor: bytes, context: grpc.ServicerContext) -> bytes:
        """Serve GetFlightInfo: a ticket for a query that could be answered, or for a listing."""
        with self._call(context, "GetFlightInfo") as caller:
            command = flight_sql.parse_descriptor(descriptor)
            if not isinstance(command, Statement | Prepared | PreparedUpdate | Upload):
                schema = schema_message(listing_schema(command))
                return flight_sql.pack_listing_info(descriptor, schema)
            question = self._question(caller, command, context)
            known = self._asker.plan(question)
            handle = self._tickets.issue(question, bound_to=self._asker.owner(caller))
            return flight.pack_info(descriptor, handle, flight.encapsulated(known))
        raise AssertionError  # the boundary has ended the call

    def get_schema(self, descriptor: bytes, context: grpc.ServicerContext) -> bytes:
        """Serve GetSchema: the columns of what a descriptor names, without any charge."""
        with self._call(context, "GetSchema") as caller:
            command = flight_sql.parse_descriptor(descriptor)
            if not isinstance(command, Statement | Prepared | PreparedUpdate | Upload):
                return flight_sql.pack_schema(schema_message(listing_schema(command)))
            known = self._asker.describe(self._question(caller, command, context))
            return flight_sql.pack_schema(flight.encapsulated(known))
        raise AssertionError  # the boundary has ended the call

    def do_get(self, ticket: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve DoGet: answer a signed request or a query, or give a listing."""
        with self._call(context, "DoGet") as caller:
            found = flight.parse_ticket(ticket)
            if isinstance(found, Envelope):
                yield from self._asker.answer(caller, found, context)
            elif isinstance(found, bytes):
                owner = self._asker.owner(caller)
                question = self._tickets.take(found, bound_to=owner)
                with self._cancellable(owner, found, context):
                    yield from self._asker.answer(caller, question, context)
            else:
                asked = _asked(context)
                shelf = listing_table(found, lambda: self._asker.shelf(caller, asked))
                yield from table_frames(shelf)

    def do_put(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve DoPut: bind one row of values to a prepared statement, or take a table."""
        with self._call(context, "DoPut") as caller:
            owner = self._asker.owner(caller)
            with _in_time(context):
                first = next(messages, b"")
                command = flight_sql.parse_descriptor(bytes(parse_frame(first).descriptor))
                if isinstance(command, PreparedUpdate):
                    raise NotServedError("updates are not served", hint=UPDATES_HINT)
                if isinstance(command, Upload):
                    frames = collect_frames(_after(first, messages), bounds=OF_TABLE)
                    rows = self._asker.take(
                        caller, _asked(context), table=command.table, frames=frames
                    )
                    yield flight_sql.pack_uploaded(rows)
                    return
                if not isinstance(command, Prepared):
                    raise NotServedError("only parameters of a prepared statement are taken")
                statement = self._statements.find(command.handle, bound_to=owner)
                frames = collect_frames(_after(first, messages), bounds=OF_VALUES)
            values = bind_row(self._engine, frames, names=statement.names)
            self._statements.bind(command.handle, values, bound_to=owner)
            yield flight_sql.pack_bound(command.handle)

    def do_action(self, action: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve DoAction, see `ACTIONS`."""
        with self._call(context, "DoAction") as caller:
            parsed = flight_sql.parse_action(action)
            match parsed.type:
                case "CreatePreparedStatement":
                    yield self._create(caller, parsed.body, context)
                case "ClosePreparedStatement":
                    handle = flight_sql.parse_close(parsed.body)
                    self._statements.close(handle, bound_to=self._asker.owner(caller))
                case "CancelFlightInfo" | "CancelQuery":
                    is_cancelled = self._cancel(caller, parsed)
                    yield flight_sql.pack_cancelled(parsed, is_cancelled=is_cancelled)
                case "CloseSession":
                    yield flight_sql.pack_closed_session()
                case _:
                    hint = f"there are {', '.join(ACTIONS)}"
                    raise NotServedError("this action is not served", hint=hint)

    def list_actions(self, _empty: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serve ListActions."""
        with self._call(context, "ListActions"):
            for name, description in ACTIONS.items():
                yield flight_sql.pack_action_type(name, description)

    def _create(self, caller: C, body: bytes, context: grpc.ServicerContext) -> bytes:
        sql = flight_sql.parse_create(body)
        check_bounds(sql, limits=DEFAULT_LIMITS)
        statement = PreparedStatement(asked=_asked(context), sql=sql, names=parameter_names(sql))
        known = self._described(caller, statement)
        handle = self._statements.open(statement, bound_to=self._asker.owner(caller))
        return flight_sql.pack_created(
            handle,
            schema=flight.encapsulated(known),
            parameters=parameter_schema(statement.names),
        )

    def _described(self, caller: C, statement: PreparedStatement) -> bytes:
        """Describe the answer; with parameters, as if each were text, where that holds."""
        if not statement.names:
            text = statement.text
            return self._asker.describe(self._asker.question(caller, statement.asked, text))
        try:
            values = tuple(Parameter(name=n, type="text", value="") for n in statement.names)
            text = QueryText(sql=statement.sql, parameters=values)
            return self._asker.describe(self._asker.question(caller, statement.asked, text))
        except (Refusal, ValueError):
            # Of other types it may hold; it is decided about when they are known.
            return b""

    def _question(
        self,
        caller: C,
        command: Statement | Prepared | PreparedUpdate | Upload,
        context: grpc.ServicerContext,
    ) -> Q:
        match command:
            case Statement(text=text):
                return self._asker.question(caller, _asked(context), text)
            case Prepared(handle=handle):
                owner = self._asker.owner(caller)
                statement = self._statements.find(handle, bound_to=owner)
                return self._asker.question(caller, statement.asked, statement.text)
            case _:
                raise NotServedError("updates are not served", hint=UPDATES_HINT)

    def _cancel(self, caller: C, action: Action) -> bool:
        found = flight.parse_ticket(flight_sql.parse_cancel(action))
        if not isinstance(found, bytes):
            return False
        owner = self._asker.owner(caller)
        with self._lock:
            running = self._running.get((owner, found))
        if running is None:
            return self._tickets.drop(found, bound_to=owner)
        running.cancel()
        return True

    @contextmanager
    def _cancellable(
        self, owner: str, handle: bytes, context: grpc.ServicerContext
    ) -> Iterator[None]:
        with self._lock:
            self._running[owner, handle] = context
        try:
            yield
        finally:
            with self._lock:
                del self._running[owner, handle]


def _asked(context: grpc.ServicerContext) -> Asked:
    headers = dict(context.invocation_metadata() or ())
    return Asked(
        contract=str(headers.get(flight.CONTRACT_HEADER, "")),
        purpose=str(headers.get(flight.PURPOSE_HEADER, "")),
    )


def _after(first: bytes, messages: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from messages


@contextmanager
def _in_time(context: grpc.ServicerContext) -> Iterator[None]:
    """End a call whose client keeps its stream open and sends nothing."""
    timer = threading.Timer(BINDING_SECONDS, context.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
