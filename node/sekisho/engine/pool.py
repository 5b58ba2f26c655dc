"""A pool of worker processes: the embedded engine, DuckDB behind the `Engine` port.

Workers are kept warm and started before they are needed; each serves one query at a time and is
used again when it has come out of it well. One more worker, without any data, parses texts for the
gate, so that parsing never waits behind a long answer and hostile text meets a process that can
read nothing.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any, Final

from sekisho.engine.channel import MAX_INPUTS
from sekisho.engine.confine import Confinement
from sekisho.engine.engine import EngineSettings, Job, Source
from sekisho.engine.feed import Feed
from sekisho.engine.process import Process
from sekisho.engine.run import WorkerRun
from sekisho.errors import EngineError
from sekisho.model.dataset import Column

PARSE_SECONDS = 10.0
"""For DuckDB to parse a text; 64 KB take milliseconds."""
DESCRIBE_SECONDS = 60.0
"""For a source to be opened and its types read; a large CSV is sampled, a folder listed."""
PARSER_MEMORY_BYTES = 500_000_000
"""A parser's worker holds one text and its tree."""
_NO_INPUTS: Final[Mapping[str, Iterable[bytes]]] = MappingProxyType({})


class WorkerPool:
    """Runs jobs in worker processes; safe from any thread."""

    def __init__(self, settings: EngineSettings, sources: Iterable[Source] = ()) -> None:
        """Start the workers; they get ready while the node goes on starting.

        Args:
            settings: How many workers, and what each may use.
            sources: All of the node's datasets: the files that workers may read.
        """
        self._settings = settings
        self._sources = frozenset(sources)
        self._state = threading.Condition()
        self._idle: list[Process] = []
        self._busy: dict[Process, bool] = {}
        self._waiting = 0
        self._is_closed = False
        self._parsing = threading.Lock()
        self._parser = self._start_parser()
        with self._state:
            self._fill()

    def use(self, sources: Iterable[Source]) -> None:
        """Change what the node offers; idle workers are replaced, busy ones when they are done."""
        with self._state:
            self._sources = frozenset(sources)
            retired = [item for item in self._idle if item.sources != self._sources]
            self._idle = [item for item in self._idle if item not in retired]
            self._fill()
        for item in retired:
            item.close()

    def confinement(self) -> Confinement:
        """Tell what the kernel does to hold workers, for `doctor`."""
        process = self._take(DESCRIBE_SECONDS, has_inputs=False)
        try:
            if process.confinement is None:
                raise RuntimeError("a worker was given out before it was ready")
            return process.confinement
        finally:
            self._give_back(process)

    def describe(self, source: Source) -> tuple[Column, ...]:
        """Name a source's columns and their DuckDB types."""
        self._learn((source,))
        job = Job(sql="", sources=(source,), seconds=DESCRIBE_SECONDS)
        with self._begin("describe", job) as run:
            value: Any = run.value()
            run.finish()
        return tuple(Column(name=str(name), type=str(kind)) for name, kind in value)

    def describe_plan(self, job: Job) -> bytes:
        """Give the frame of the schema that a job would answer with, reading no data."""
        missing = [name for name in job.inputs if name not in job.schemas]
        if missing:
            raise ValueError(f"input `{missing[0]}` has no schema to describe a plan by")
        self._learn(job.sources)
        shapes = {"shapes": list(job.inputs)}
        with self._begin("describe_plan", replace(job, inputs=()), extra=shapes) as run:
            schema = run.schema
            run.finish()
        return schema

    def run(self, job: Job, inputs: Mapping[str, Iterable[bytes]] = _NO_INPUTS) -> WorkerRun:
        """Start a job; see `sekisho.engine.engine.Engine`."""
        if set(inputs) != set(job.inputs):
            raise ValueError("a job's inputs are not those that it names")
        if len(job.inputs) > MAX_INPUTS:
            raise ValueError(f"a job has more than {MAX_INPUTS} inputs")
        self._learn(job.sources)
        return self._begin("run", job, inputs=inputs)

    def table(self, job: Job) -> WorkerRun:
        """Start a job whose answers are small; see `sekisho.engine.engine.Engine`."""
        self._learn(job.sources)
        return self._begin("table", job)

    def parse(self, sql: str) -> str:
        """Give DuckDB's own parse tree of a text as JSON."""
        with self._parsing:
            if not self._parser.is_alive:
                self._parser.close()
                self._parser = self._start_parser()
            self._parser.wait_ready()
            order = self._parser.order({"order": "parse", "sql": sql})
            run = WorkerRun(self._parser, order, seconds=PARSE_SECONDS, release=lambda: None)
            with run:
                value = run.value()
                run.finish()
        return str(value)

    def close(self) -> None:
        """Stop every run and end every worker."""
        with self._state:
            self._is_closed = True
            idle, busy = self._idle, list(self._busy)
            self._idle = []
            self._state.notify_all()
        for process in idle:
            process.close()
        for process in busy:
            process.kill()
        with self._parsing:
            self._parser.close()

    def _start_parser(self) -> Process:
        memory = min(self._settings.memory_bytes, PARSER_MEMORY_BYTES)
        return Process(replace(self._settings, memory_bytes=memory, threads=1), frozenset())

    def _learn(self, sources: tuple[Source, ...]) -> None:
        """Let workers read a source that the pool was not told of yet."""
        if not self._sources.issuperset(sources):
            self.use(self._sources.union(sources))

    def _begin(
        self,
        order: str,
        job: Job,
        *,
        inputs: Mapping[str, Iterable[bytes]] = _NO_INPUTS,
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> WorkerRun:
        started = time.monotonic()
        feeds = [Feed(name, inputs[name]) for name in job.inputs]
        try:
            process, number = self._hand_out({**_order(order, job), **extra}, job, feeds)
        except BaseException:
            for feed in feeds:
                feed.drop()
            raise
        for feed in feeds:
            feed.start()
        return WorkerRun(
            process,
            number,
            seconds=job.seconds,
            waited_seconds=time.monotonic() - started,
            feeds=feeds,
            release=lambda: self._give_back(process),
        )

    def _hand_out(self, order: dict[str, Any], job: Job, feeds: list[Feed]) -> tuple[Process, int]:
        """Give an order to a worker; to another one when the first was dying unseen."""
        descriptors = [feed.theirs.fileno() for feed in feeds]
        for is_last in (False, True):
            process = self._take(job.seconds, has_inputs=bool(job.inputs))
            try:
                return process, process.order(order, descriptors)
            except BaseException as error:
                process.kill()
                self._give_back(process)
                if is_last or not isinstance(error, EngineError):
                    raise
        raise AssertionError  # the second try has returned or raised

    def _take(self, seconds: float, *, has_inputs: bool) -> Process:
        """Wait for a free worker, in line, and give it when it is ready."""
        deadline = time.monotonic() + seconds
        with self._state:
            while not self._is_closed:
                process = self._pick(has_inputs=has_inputs)
                if process is not None:
                    break
                self._wait(deadline - time.monotonic())
            else:
                raise EngineError("the engine is closed")
            self._busy[process] = has_inputs
        try:
            process.wait_ready()
        except EngineError:
            self._give_back(process)
            raise
        return process

    def _pick(self, *, has_inputs: bool) -> Process | None:
        """Choose an idle worker or start one, within the bounds.

        A job with inputs waits for other nodes, which may be waiting for this one: the last worker
        is never given to such a job, so that two nodes cannot hold each other up.
        """
        most = self._settings.max_workers
        with_inputs = sum(self._busy.values())
        if has_inputs and most > 1 and with_inputs >= most - 1:
            return None
        while self._idle:
            process = self._idle.pop()
            if process.is_alive and process.is_current:
                return process
            process.close()
        if len(self._busy) < most:
            return Process(self._settings, self._sources)
        return None

    def _wait(self, seconds: float) -> None:
        if self._waiting >= self._settings.max_waiting or seconds <= 0:
            raise EngineError("every engine worker is busy", hint="ask again later")
        self._waiting += 1
        try:
            self._state.wait(seconds)
        finally:
            self._waiting -= 1

    def _give_back(self, process: Process) -> None:
        """Take a worker back; one that is dead, outdated or too many is replaced or let go."""
        with self._state:
            self._busy.pop(process, None)
            is_wanted = (
                process.is_alive
                and process.is_current
                and not self._is_closed
                and process.sources == self._sources
                and len(self._idle) < self._settings.workers
            )
            if is_wanted:
                self._idle.append(process)
            elif not self._is_closed:
                self._fill()
            self._state.notify()
        if not is_wanted:
            process.close()

    def _fill(self) -> None:
        """Keep so many workers ready as the settings say."""
        wanted = min(self._settings.workers, self._settings.max_workers)
        while len(self._idle) + len(self._busy) < wanted:
            self._idle.insert(0, Process(self._settings, self._sources))


def _order(name: str, job: Job) -> dict[str, Any]:
    return {
        "order": name,
        "sql": job.sql,
        "parameters": dict(job.parameters),
        "sources": [asdict(source) for source in job.sources],
        "tables": [asdict(table) for table in job.tables],
        "steps": job.steps,
        "outputs": job.outputs,
        "inputs": list(job.inputs),
        "schemas": {key: frame.hex() for key, frame in job.schemas.items()},
        "batch_rows": job.batch_rows,
    }
