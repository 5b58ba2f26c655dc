"""What a worker does with an order, and how it says what went wrong.

Runs in the worker process, after `sekisho.engine.worker` has confined it. A thread listens for what
the node says (an order, a cancellation) while the main thread works and sends. Nothing that goes
wrong here may end another answer: errors are reported as a class and a text, and the text stays in
the provider's own ledger.
"""

import os
import queue
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import duckdb
import pyarrow as pa

from sekisho.engine.channel import (
    ChannelError,
    Kind,
    receive_with_descriptors,
    send_json,
)
from sekisho.engine.engine import Source
from sekisho.engine.inputs import Input, read_schema
from sekisho.engine.instances import Bounds, Instances, SourceError, quote
from sekisho.engine.output import Output
from sekisho.engine.references import reads_of
from sekisho.engine.small import answers_of, make_steps, make_tables
from sekisho.errors import PeerError

INTERRUPT_AGAIN_SECONDS = 0.02
"""An interrupt that comes before DuckDB has begun is lost, so it is repeated until heard."""


class CancelledError(Exception):
    """The node does not want this answer any more."""


class Job:
    """What the listener hands to the main thread, and how to stop it from there."""

    def __init__(self, order: Mapping[str, Any], descriptors: list[int]) -> None:
        """Own the descriptors of the inputs."""
        self.order = order
        self.number: int = order["number"]
        schemas = order.get("schemas", {})
        self.inputs = [
            Input(name, socket.socket(fileno=descriptor), _bytes(schemas.get(name)))
            for name, descriptor in zip(order.get("inputs", ()), descriptors, strict=True)
        ]
        self.sources = tuple(Source(**source) for source in order.get("sources", ()))
        self.cursor: duckdb.DuckDBPyConnection | None = None
        self.cancelled = threading.Event()
        self.finished = threading.Event()

    def cancel(self) -> None:
        """Stop the main thread wherever it is: between batches, in DuckDB, waiting for input."""
        self.cancelled.set()
        for item in self.inputs:
            item.stop()
        while not self.finished.is_set():
            if (cursor := self.cursor) is not None:
                cursor.interrupt()
            self.finished.wait(INTERRUPT_AGAIN_SECONDS)

    def close(self) -> None:
        """Let go of everything."""
        self.finished.set()
        for item in self.inputs:
            item.close()
        if self.cursor is not None:
            self.cursor.close()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _bound(job: Job) -> duckdb.DuckDBPyRelation:
    """Bind the job's one SELECT."""
    cursor, sql = job.cursor, job.order["sql"]
    if cursor is None:
        raise RuntimeError("a job has no connection")
    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ValueError("a job's text is not exactly one SELECT")
    return cursor.sql(statements[0], params=job.order["parameters"] or None)


def _register(job: Job) -> None:
    """Make each input a relation; one that is read twice is kept, for a stream is read once."""
    cursor = job.cursor
    if cursor is None:
        raise RuntimeError("a job has no connection")
    reads = _reads(cursor, job.order) if job.inputs else {}
    for item in job.inputs:
        if reads.get(item.name, 0) < 2:  # noqa: PLR2004  twice
            cursor.register(item.name, item.reader())
            continue
        cursor.register("input", item.reader())
        name = quote(item.name)
        cursor.execute(f'CREATE TEMP TABLE {name} AS SELECT * FROM "input"')  # noqa: S608  quoted
        cursor.unregister("input")


def _reads(cursor: duckdb.DuckDBPyConnection, order: Mapping[str, Any]) -> Mapping[str, int]:
    """Count how often each relation is read by all that a job computes."""
    computed = (*order["steps"], *order["outputs"])
    texts = [order["sql"], *(sql for _, sql in computed)]
    return sum((Counter(reads_of(cursor, text)) for text in texts), Counter())


class Worker:
    """What a worker can do, by the name of the order."""

    def __init__(self, sock: socket.socket, instances: Instances) -> None:
        """Serve one socket."""
        self._sock = sock
        self._instances = instances
        self._orders: dict[str, Callable[[Job], None]] = {
            "describe": self._describe,
            "describe_plan": self._describe_plan,
            "parse": self._parse,
            "run": self._run,
            "table": self._table,
        }

    def serve(self, job: Job) -> None:
        """Do one order and say how it ended."""
        try:
            job.cursor = self._instances.cursor(job.sources)
            self._orders[job.order["order"]](job)
        except ChannelError:
            raise
        except Exception as error:  # noqa: BLE001  whatever an engine raises is one lost answer
            job.finished.set()
            send_json(self._sock, Kind.ERROR, _report(job, error))
        finally:
            job.close()

    def _describe(self, job: Job) -> None:
        name = quote(job.sources[0].name)
        relation = self._cursor(job).sql(f'SELECT * FROM "data".{name}')  # noqa: S608  quoted
        columns = [
            (column, str(kind))
            for column, kind in zip(relation.columns, relation.types, strict=True)
        ]
        self._result(job, columns)

    def _describe_plan(self, job: Job) -> None:
        cursor = self._cursor(job)
        for name in job.order["shapes"]:
            schema = read_schema(bytes.fromhex(job.order["schemas"][name]))
            cursor.register(name, schema.empty_table())
        make_tables(cursor, job.order["tables"])
        make_steps(cursor, job.order["steps"], job.order["parameters"])
        reader = _bound(job).limit(0).to_arrow_reader(1)
        output = Output(self._sock, reader.schema)
        job.finished.set()
        output.send_schema()

    def _parse(self, job: Job) -> None:
        statement = "SELECT json_serialize_sql($sql)"
        cursor = self._cursor(job).execute(statement, {"sql": job.order["sql"]})
        (text,) = cursor.fetchall()[0]
        self._result(job, text)

    def _table(self, job: Job) -> None:
        cursor = self._cursor(job)
        make_tables(cursor, job.order["tables"])
        make_steps(cursor, job.order["steps"], job.order["parameters"])
        self._result(job, answers_of(cursor, job.order["outputs"], job.order["parameters"]))

    def _run(self, job: Job) -> None:
        cursor = self._cursor(job)
        make_tables(cursor, job.order["tables"])
        _register(job)
        make_steps(cursor, job.order["steps"], job.order["parameters"])
        beside = answers_of(cursor, job.order["outputs"], job.order["parameters"])
        reader = _bound(job).to_arrow_reader(job.order["batch_rows"])
        output = Output(self._sock, reader.schema)
        output.send_schema()
        for batch in reader:
            if job.cancelled.is_set():
                raise CancelledError
            output.send_batch(batch)
        if job.cancelled.is_set():
            raise CancelledError
        job.finished.set()
        if beside:
            send_json(self._sock, Kind.BESIDE, {"value": beside})
        output.send_end()

    def _result(self, job: Job, value: object) -> None:
        job.finished.set()
        send_json(self._sock, Kind.RESULT, {"value": value})

    def _cursor(self, job: Job) -> duckdb.DuckDBPyConnection:
        if job.cursor is None:
            raise RuntimeError("a job has no connection")
        return job.cursor


_FATAL: Final = (MemoryError, pa.ArrowMemoryError, duckdb.FatalException, duckdb.InternalException)
"""After these a worker is not used again."""


def _report(job: Job, error: Exception) -> dict[str, Any]:
    """Tell the node what went wrong: a class it acts on, and a text for its own records."""
    text = f"{type(error).__name__}: {error}"[:10_000]
    if job.cancelled.is_set():
        return {"class": "cancelled", "text": text}
    for item in job.inputs:
        if item.failure is not None:
            return {"class": "input", "name": item.name, "text": item.failure.message}
    if isinstance(error, SourceError):
        return {"class": "source", "name": error.name, "text": text}
    if isinstance(error, PeerError):
        return {"class": "input", "name": "", "text": error.message}
    is_fatal = isinstance(error, (*_FATAL, duckdb.OutOfMemoryException))
    return {"class": "fatal" if is_fatal else "engine", "text": text}


def _listen(sock: socket.socket, orders: queue.Queue[Job]) -> None:
    """Take jobs and cancellations from the node until it goes away; then end the process."""
    current: Job | None = None
    try:
        while True:
            message, descriptors = receive_with_descriptors(sock)
            order = message.json()
            if order["order"] != "cancel":
                current = Job(order, descriptors)
                orders.put(current)
            elif current is not None and current.number == order["number"]:
                threading.Thread(target=current.cancel, daemon=True).start()
    except (ChannelError, OSError):
        os._exit(0)


def serve(sock: socket.socket, bounds: Bounds) -> None:
    """Do what the node orders, one order at a time, until it goes away."""
    orders: queue.Queue[Job] = queue.Queue()
    threading.Thread(target=_listen, args=(sock, orders), daemon=True).start()
    worker = Worker(sock, Instances(bounds))
    while True:
        try:
            worker.serve(orders.get())
        except (ChannelError, OSError):
            os._exit(0)
