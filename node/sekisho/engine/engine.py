"""What a node asks of any engine: describe, parse, run; and the values that go in and out.

The port is small so that DuckDB in worker processes, a database and a cluster can stand behind it.
An answer leaves an engine as Flight frames (`docs/spec/frames.md`): the node hashes, counts and
sends them without ever loading Arrow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, Literal, Protocol, Self

from sekisho.model.dataset import Column

SourceKind = Literal["parquet", "csv", "duckdb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One dataset's data: the relation `"data"."<name>"` of every job that lists it."""

    name: str
    kind: SourceKind
    path: str
    """Absolute. For Parquet and CSV also a folder (every file of the kind below it) or a glob."""
    table: str | None = None
    """In a DuckDB file: the table or view, with its schema before a dot where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A small relation that comes with a job, as text: cells, or what a consumer brought."""

    name: str
    columns: tuple[tuple[str, str], ...]
    """Names and DuckDB types; text that does not fit its type becomes NULL."""
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One statement for an engine. Whoever builds it answers for its text: the gate, a planner."""

    sql: str
    """Exactly one SELECT in DuckDB's dialect."""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Text by name, for `$name` in `sql`; exactly those that occur."""
    sources: tuple[Source, ...] = ()
    """What the statement may read; nothing else is in scope."""
    tables: tuple[Table, ...] = ()
    """Each is the relation `"<name>"`."""
    steps: tuple[tuple[str, str], ...] = ()
    """Names and SELECTs of relations that are computed first, in order; `parameters` go to each
    that names them. They may read the inputs."""
    outputs: tuple[tuple[str, str], ...] = ()
    """Names and SELECTs of small answers: in the place of `sql` for `table`, beside it for
    `run`."""
    inputs: tuple[str, ...] = ()
    """Names of Arrow inputs; each is the relation `"<name>"`."""
    schemas: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """The frame of the promised schema by input name: other columns are refused, and other types
    than promised, where that is not Arrow's null.

    `describe_plan` needs one for every input; `run` checks those that are given.
    """
    seconds: float = 60.0
    """Time to spend working and waiting for inputs; a slow reader's time is not counted."""
    batch_rows: int = 65_536
    """Most rows in a batch; wide rows make smaller batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One record batch of an answer."""

    frame: bytes
    """Whole and ready to be sent."""
    rows: int
    """As the frame's own header says."""


class Run(Protocol):
    """A running job: a context manager that iterates batches. Read it from one thread."""

    @property
    def schema(self) -> bytes:
        """The frame of the answer's schema; waits until the engine has its first rows."""

    @property
    def end(self) -> bytes:
        """A frame of zero rows, for the receipt to travel with; there once all is read."""

    @property
    def beside(self) -> Mapping[str, Mapping[str, Any]]:
        """The job's `outputs`, as `TableRun.answers` gives them; there once all is read."""

    def __iter__(self) -> Iterator[Batch]:
        """Iterate the batches."""

    def __next__(self) -> Batch:
        """Give the next batch, StopIteration only when the whole answer was given.

        Raises:
            EngineError: The engine failed, ran out of time, or was cancelled.
            PeerError: An input is corrupt or not of the promised schema.
            NodeError: A source's file cannot be read.
        """

    def cancel(self) -> None:
        """Stop at once, from any thread; whoever iterates gets an `EngineError`."""

    def close(self) -> None:
        """Let go of the engine, stopping what still runs; may be called again."""

    def __enter__(self) -> Self:
        """Close when the block is left."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""


class TableRun(Protocol):
    """A running job with small answers: a context manager. Read it from one thread."""

    def answers(self) -> Mapping[str, Mapping[str, Any]]:
        """Wait for the answers, by name and column: lists of Python values.

        A column of unsigned 64-bit numbers comes as bytes, 8 each, in this machine's order.

        Raises:
            EngineError: The engine failed, ran out of time, or was cancelled.
            NodeError: A source's file cannot be read.
        """

    def cancel(self) -> None:
        """Stop at once, from any thread; whoever waits gets an `EngineError`."""

    def __enter__(self) -> Self:
        """Let go of the engine when the block is left."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go, stopping what still runs."""


class Engine(Protocol):
    """Computes plans over a node's data; safe from any thread."""

    def describe(self, source: Source) -> tuple[Column, ...]:
        """Name a source's columns and their DuckDB types.

        Raises:
            NodeError: The file is away or is not what its kind says.
        """

    def describe_plan(self, job: Job) -> bytes:
        """Give the frame of the schema that a job would answer with, reading no data."""

    def run(self, job: Job, inputs: Mapping[str, Iterable[bytes]] = ...) -> Run:
        """Start a job; waits for a free worker, not for the answer.

        Args:
            job: What to compute.
            inputs: Frames by name for each of `job.inputs`, hostile until validated. Each is read
                on a thread of its own, only as fast as the job takes it, and closed at the end.

        Raises:
            EngineError: Every worker is busy and enough callers are waiting.
        """

    def table(self, job: Job) -> "TableRun":
        """Start a job whose answers are small; waits for a free worker, not for them.

        Raises:
            EngineError: Every worker is busy and enough callers are waiting.
        """

    def parse(self, sql: str) -> str:
        """Give DuckDB's own parse tree of a text as JSON: the gate's second parser."""

    def close(self) -> None:
        """Stop every run and end every worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How much a node gives its engine."""

    memory_bytes: int = 2_000_000_000
    """For each worker: DuckDB keeps below four fifths, the process is refused more than all."""
    threads: int = 2
    """For each worker."""
    workers: int = 2
    """Kept ready."""
    max_workers: int = 8
    """At most at once; each may take `memory_bytes`."""
    max_waiting: int = 64
    """Callers that may wait for a worker; the next is told that all are busy."""
    spill_bytes: int = 20_000_000_000
    """For each worker: what sorts and joins may put on disk."""
    temp_path: str = ""
    """Where private spill folders are made; empty for the system's place."""
