"""Runs a real node with faults in it: wraps the functions that `points.py` names, then serves.

`main` runs in a process of its own, as `python -m sekisho COMMAND …`. Orders come as lines of JSON
on stdin, and in `SEKISHO_FAULTS` for what shall strike before the first can be read. What happens
is told on stdout, a line each: `reached POINT` the first time, `hit POINT` when an order strikes,
`done` when an order was taken. Every frame that leaves is written to `SEKISHO_JOURNAL` before.
"""

import functools
import itertools
import json
import os
import resource
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from importlib import import_module

import sekisho.engine.orders  # noqa: F401  loaded before there are workers, for all of them
from faults.points import POINTS, Point, When
from faults.workshop import open_workshop
from sekisho.cli.main import main as run
from sekisho.errors import SekishoError
from sekisho.wire.frames import parse_frame

_RUNNING = itertools.count()
SMALLEST_FILE = 4096
"""Bytes that a file may have where every write shall fail."""


class Clock(datetime):
    """The node's clock, which can be put wrong."""

    offset = timedelta(0)

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.offset


ROOMY = 1_000_000_000
"""Pages that no state has."""


class Faults:
    """Which order waits at which point, and what it does there."""

    def __init__(self) -> None:
        self._orders: dict[str, dict] = {}
        self._reached: set[str] = set()
        self._lock = threading.Lock()
        self._go = threading.Event()
        self.connection: sqlite3.Connection | None = None
        """The writer's own; closed between a failure of the disk and the next write."""
        self._most_pages = ROOMY

    def tell(self, line: str) -> None:
        os.write(1, f"{line}\n".encode())

    def order(self, order: dict) -> None:
        """Take an order."""
        match order["do"]:
            case "arm":
                with self._lock:
                    self._orders[order["point"]] = dict(order)
            case "disarm":
                with self._lock:
                    self._orders.clear()
            case "go":
                self._go.set()
            case "clock":
                Clock.offset = timedelta(seconds=order["seconds"])
            case "full":
                self._grow(self._pages())
            case "broken":
                _bound_files(SMALLEST_FILE)
            case "free":
                _bound_files(resource.RLIM_INFINITY)
                self._grow(ROOMY)
        self.tell("done")

    def reach(self, point: Point) -> None:
        """Come by a point."""
        with self._lock:
            if point.name not in self._reached:
                self._reached.add(point.name)
                self.tell(f"reached {point.name}")
            order = self._orders.get(point.name)
            if order is None:
                return
            if order["skip"] > 0:
                order["skip"] -= 1
                return
            del self._orders[point.name]
        self._strike(point, order)

    def _strike(self, point: Point, order: dict) -> None:
        match order["action"]:
            case "kill":
                self.tell(f"hit {point.name}")
                os.kill(os.getpid(), signal.SIGKILL)
            case "mark":
                self.tell(f"hit {point.name}")
            case "freeze":
                self.tell(f"hit {point.name}")
                os.kill(os.getpid(), signal.SIGSTOP)
            case "terminate":
                self.tell(f"hit {point.name}")
                os.kill(os.getpid(), signal.SIGTERM)
            case "hold":
                self._go.clear()
                self.tell(f"hit {point.name}")
                self._go.wait()
            case "full":
                self._grow(self._pages())
                self.tell(f"hit {point.name}")
            case "broken":
                _bound_files(SMALLEST_FILE)
                self.tell(f"hit {point.name}")
            case "clock":
                Clock.offset = timedelta(seconds=order["seconds"])
                self.tell(f"hit {point.name}")

    def _pages(self) -> int:
        return self.connection.execute("PRAGMA page_count").fetchone()[0]

    def adopt(self, connection: sqlite3.Connection) -> None:
        """Take the connection that was opened last, whose disk is as full as the one before."""
        self.connection = connection
        self._grow(self._most_pages)

    def _grow(self, pages: int) -> None:
        self._most_pages = pages
        with suppress(sqlite3.ProgrammingError):  # it is closed: the next one is told
            self.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()


FAULTS = Faults()


def _bound_files(size: int) -> None:
    """Let every write past a file's first bytes fail, as a broken disk's do."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


def resolve(path: str):
    """Find a function by its dotted path: gives what holds it, its name, and itself."""
    module, _, name = path.partition(":")
    holder = import_module(module)
    *classes, last = name.split(".")
    for item in classes:
        holder = getattr(holder, item)
    return holder, last, getattr(holder, last)


def wrap(path: str, points: list[Point]) -> None:
    """Put a function's points around it."""
    holder, name, function = resolve(path)
    kinds = {point.when for point in points}
    if When.SENT in kinds:
        wrapped = _sending(function, {point.count: point for point in points})
    elif When.WRITTEN in kinds:
        wrapped = _writing(function, {point.kind: point for point in points})
    else:
        wrapped = _around(function, points)
    setattr(holder, name, functools.wraps(function)(wrapped))


def _around(function, points: list[Point]):
    before = [point for point in points if point.when is When.BEFORE]
    after = [point for point in points if point.when is When.AFTER]
    within = [point for point in points if point.when is When.WITHIN]
    raised = [point for point in points if point.when is When.RAISED]

    def wrapped(*arguments, **named):
        for point in before:
            FAULTS.reach(point)
        for point in within:
            arguments[0].set_trace_callback(_watch(point))
        try:
            result = function(*arguments, **named)
        except SekishoError:
            for point in raised:
                FAULTS.reach(point)
            raise
        if within:
            arguments[0].set_trace_callback(None)
        for point in after:
            FAULTS.reach(point)
        return result

    return wrapped


def _watch(point: Point):
    def watch(statement: str) -> None:
        if statement.strip().startswith(point.kind):
            FAULTS.reach(point)

    return watch


def _sending(function, points: dict[int, Point]):
    def wrapped(*arguments, **named):
        sent = 0
        with closing(function(*arguments, **named)) as frames:
            for frame in frames:
                if sent in points:
                    FAULTS.reach(points[sent])
                yield frame
                sent += 1
            if sent in points:
                FAULTS.reach(points[sent])

    return wrapped


def _writing(function, points: dict[str, Point]):
    def wrapped(transaction):
        kinds = {entry[1] for entry in transaction._entries}
        function(transaction)
        for kind in kinds & points.keys():
            FAULTS.reach(points[kind])

    return wrapped


def _journaled(function, path: str):
    """Write down each frame of an answer before it is handed to the connection."""
    journal = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def wrapped(answering, caller, envelope, call):
        run = f"{os.getpid()}.{next(_RUNNING)}"
        with closing(function(answering, caller, envelope, call)) as frames:
            for number, data in enumerate(frames):
                frame = parse_frame(data)
                is_receipt = not frame.header or (number and frame.metadata)
                size = 0 if is_receipt else len(frame.header) + len(frame.body)
                fact = {"request": envelope.digest, "run": run, "bytes": size}
                os.write(journal, f"{json.dumps(fact)}\n".encode())
                yield data

    return wrapped


def install() -> None:
    """Put every point, the clock and the journal into this process."""
    by_path: dict[str, list[Point]] = {}
    for point in POINTS:
        by_path.setdefault(point.path, []).append(point)
    for path, points in by_path.items():
        wrap(path, points)
    import_module("sekisho.server.parts").datetime = Clock
    files = import_module("sekisho.store.sqlite")
    opening = files._open_writer

    def open_writer(path):
        connection = opening(path)
        FAULTS.adopt(connection)
        return connection

    files._open_writer = open_writer
    if path := os.environ.get("SEKISHO_JOURNAL"):
        answering = import_module("sekisho.server.answering").Answering
        answering.answer_signed = _journaled(answering.answer_signed, path)
    for order in json.loads(os.environ.get("SEKISHO_FAULTS", "[]")):
        FAULTS.order(order)
    threading.excepthook = _fell
    threading.Thread(target=_listen, daemon=True).start()


def _fell(facts: threading.ExceptHookArgs) -> None:
    """Tell which thread has ended by an error, also where no log can be written."""
    FAULTS.tell(f"fell {facts.thread.name}: {facts.exc_value!r}")
    threading.__excepthook__(facts)


def _listen() -> None:
    for line in sys.stdin:
        FAULTS.order(json.loads(line))
    # Whoever gave orders has gone.
    os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: Sequence[str]) -> int:
    """Run a command with faults in it."""
    open_workshop()
    install()
    return run(arguments)
