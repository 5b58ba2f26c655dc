"""A job that a worker is computing, as the node reads it."""

import threading
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from sekisho.engine.channel import Kind, Received
from sekisho.engine.engine import Batch
from sekisho.engine.feed import Feed
from sekisho.engine.process import Process
from sekisho.errors import EngineError, NodeError, PeerError, SekishoError
from sekisho.wire.flatbuffer import read_message

STOP_SECONDS = 1.0
"""How long a cancelled worker may take to stop; then it is killed."""
_FRAME_KINDS: Final = {
    Kind.SCHEMA: "schema",
    Kind.BATCH: "record-batch",
    Kind.END: "record-batch",
}
_LAST_KINDS: Final = frozenset({Kind.ERROR, Kind.END, Kind.RESULT})
"""After one of these the worker says nothing more about an order."""


class WorkerRun:
    """One run. Iterate it from one thread; `cancel` from any."""

    def __init__(
        self,
        process: Process,
        order: int,
        *,
        seconds: float,
        waited_seconds: float = 0.0,
        feeds: Sequence[Feed] = (),
        release: Callable[[], None],
    ) -> None:
        """Take over a worker that was given an order.

        Args:
            process: The worker, which nobody else uses now.
            order: The order's number, for cancelling.
            seconds: The job's time.
            waited_seconds: What of it went into waiting for the worker.
            feeds: Its inputs, already feeding.
            release: Gives the worker back, dead or alive; called once.
        """
        self._process = process
        self._order = order
        self._seconds = seconds
        self._left_seconds = max(seconds - waited_seconds, 0.001)
        self._feeds = feeds
        self._release = release
        self._schema = b""
        self._end = b""
        self._beside: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
        self._rows = 0
        self._is_silent = False
        self._is_closed = False
        self._error: SekishoError | None = None
        self._lock = threading.Lock()
        self._killer: threading.Timer | None = None
        self._cancelled = threading.Event()

    @property
    def schema(self) -> bytes:
        """The frame of the answer's schema; waits for the first rows."""
        if not self._schema:
            self._schema = self._receive(Kind.SCHEMA).payload
        return self._schema

    @property
    def end(self) -> bytes:
        """A frame of zero rows, there once the whole answer was read."""
        if not self._end:
            raise RuntimeError("an answer's end is asked for before its end")
        return self._end

    @property
    def beside(self) -> Mapping[str, Mapping[str, Any]]:
        """Small answers beside the one that streams, there once that was read."""
        return self._beside

    def __iter__(self) -> Self:
        """Iterate the batches."""
        return self

    def __next__(self) -> Batch:
        """Give the next batch; see `sekisho.engine.engine.Run`."""
        if self._end:
            raise StopIteration
        if not self._schema:
            self._schema = self._receive(Kind.SCHEMA).payload
        message = self._receive(Kind.BATCH, Kind.BESIDE, Kind.END)
        if message.kind == Kind.BESIDE:
            self._beside = _answers(message.json()["value"])
            message = self._receive(Kind.END)
        if message.kind == Kind.END:
            self._end = message.payload
            self.close()
            raise StopIteration
        return Batch(frame=message.payload, rows=self._rows)

    def value(self) -> object:
        """Give the value of an order that answers with one."""
        return self._receive(Kind.RESULT).json()["value"]

    def answers(self) -> Mapping[str, Mapping[str, Any]]:
        """Give small answers whole, by name and column."""
        value: Any = self.value()
        self.finish()
        return _answers(value)

    def finish(self) -> None:
        """Say that the order's last message was received."""
        self._is_silent = True
        self.close()

    def cancel(self) -> None:
        """Stop at once: nothing more is given, and the worker is asked, then made, to stop."""
        with self._lock:
            if self._is_closed or self._is_silent or self._cancelled.is_set():
                return
            self._cancelled.set()
            self._killer = threading.Timer(STOP_SECONDS, self._process.kill)
            self._killer.daemon = True
            self._killer.start()
        for feed in self._feeds:
            feed.stop()
        self._process.cancel(self._order)

    def close(self) -> None:
        """Let go of the worker, stopping what still runs."""
        if self._is_closed:
            return
        if not self._is_silent:
            self.cancel()
            self._drain()
        with self._lock:
            self._is_closed = True
            if self._killer is not None:
                self._killer.cancel()
        for feed in self._feeds:
            feed.stop()
        self._release()

    def __enter__(self) -> Self:
        """Close when the block is left."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _drain(self) -> None:
        """Throw away what a cancelled worker had under way."""
        try:
            while not self._is_silent:
                message = self._process.receive(STOP_SECONDS)
                self._is_silent = message.kind in _LAST_KINDS
        except EngineError:
            self._is_silent = True

    def _receive(self, *expected: Kind) -> Received:
        """Receive one of the expected messages, at the expense of the job's time."""
        if self._error is not None:
            raise self._error
        try:
            message = self._timed()
            self._is_silent = message.kind in _LAST_KINDS
            if self._cancelled.is_set():
                raise EngineError("the query was cancelled")
            if message.kind == Kind.ERROR:
                raise self._reported(message)
            if message.kind not in expected:
                raise self._lost(f"a worker sent {message.kind.name}")
            self._check(message)
        except SekishoError as error:
            self._error = error
            self.close()
            raise
        return message

    def _timed(self) -> Received:
        if self._cancelled.is_set():
            raise EngineError("the query was cancelled")
        started = time.monotonic()
        try:
            return self._process.receive(self._left_seconds)
        except EngineError as error:
            self._is_silent = True
            if self._cancelled.is_set():
                raise EngineError("the query was cancelled", detail=error.detail) from error
            if time.monotonic() - started >= self._left_seconds:
                text = f"the query took longer than {self._seconds:g} seconds"
                raise EngineError(text, detail=error.detail) from error
            raise
        finally:
            self._left_seconds -= time.monotonic() - started

    def _check(self, message: Received) -> None:
        """Hold a worker's frame against its header: it is believed no more than a peer."""
        kind = _FRAME_KINDS.get(message.kind)
        if kind is None:
            return
        try:
            said = read_message(message.header)
        except PeerError as error:
            raise self._lost(error.message) from error
        is_end_full = message.kind == Kind.END and said.rows != 0
        if said.kind != kind or said.body_bytes != message.body_bytes or is_end_full:
            raise self._lost("a worker's frame contradicts its header")
        self._rows = said.rows or 0

    def _lost(self, why: str) -> EngineError:
        """Give up a worker that broke its protocol."""
        self._is_silent = True
        return self._process.lost(why)

    def _reported(self, message: Received) -> SekishoError:
        """Make the error that a worker reported into one of ours."""
        said = message.json()
        text = str(said.get("text", ""))
        name = str(said.get("name", ""))
        match said.get("class"):
            case "cancelled":
                return EngineError("the query was cancelled")
            case "input":
                return self._input_error(name, text)
            case "source":
                hint = "see that the file is there, readable, and what `node.yaml` says it is"
                # The engine's text names paths: it is for the operator, as the cause.
                error = NodeError(f"the data of dataset `{name}` cannot be read", hint=hint)
                error.__cause__ = EngineError("the source did not open", detail=text)
                return error
            case "fatal":
                self._process.kill()
                return EngineError("the engine ran out of memory or failed", detail=text)
            case _:
                return EngineError("the engine could not finish the query", detail=text)

    def _input_error(self, name: str, text: str) -> SekishoError:
        """Prefer what the input's own reader raised to what the worker saw of it."""
        for feed in self._feeds:
            if feed.name == name and isinstance(feed.failure, SekishoError):
                return feed.failure
        return PeerError(f"the input `{name}` {text}")


def _answers(value: Any) -> Mapping[str, Mapping[str, Any]]:  # noqa: ANN401  read from JSON
    """Read small answers, by name and column."""
    return {
        name: {column: _values(sent) for column, sent in columns.items()}
        for name, columns in value.items()
    }


def _values(column: list[Any] | str) -> list[Any] | bytes:
    """Read a column that a worker sent: its values, or bytes in base 64."""
    return b64decode(column) if isinstance(column, str) else column
