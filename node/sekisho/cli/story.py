"""What all stories share: companies with nodes of their own, and how it is told what they do.

What the companies' people do goes through the commands themselves; what is asked goes the way of
`import sekisho`.
"""

import argparse
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from sekisho.cli.main import DONE, main
from sekisho.cli.place import Place
from sekisho.cli.processes import NodeProcesses
from sekisho.cli.shipped import shipped
from sekisho.cli.table import cell_text, write_table
from sekisho.client.node import Node
from sekisho.documents.envelope import parse_envelope_json
from sekisho.engine.engine import EngineSettings, Job, Source
from sekisho.engine.pool import WorkerPool
from sekisho.errors import Refusal
from sekisho.model.names import PartyId
from sekisho.server.members import MemberBook
from sekisho.store.folder import NodeFolder, load_file
from sekisho.store.founding import found_node
from sekisho.store.state import open_state
from sekisho.wire.frames import frame_stream_reader

Rows = list[tuple[Any, ...]]
EXCERPT = "What leaves"
"""The part of a review that is shown."""
SHOWN_DIGITS = 19
"""Of an id: `sha256:` and twelve more."""
_TERM = {"starts": -30, "sign_by": 30, "ends": 335}
"""Days of a contract, and how far from today a story puts them."""


class Story(ABC):
    """Some companies, from founding their nodes to checking the evidence."""

    name: ClassVar[str]
    """Of its folder among the examples."""
    providers: ClassVar[tuple[str, ...]]
    consumer: ClassVar[str]
    count: ClassVar[str]
    """How many companies there are, in words."""

    def __init__(self, root: Path, nodes: NodeProcesses) -> None:
        """Tell it below a folder, with processes that somebody else stops."""
        self.root = root
        self.nodes = nodes
        self.data = shipped("stories", self.name)
        self.contract = ""
        """The contract's id, once it was proposed."""

    @property
    def everyone(self) -> tuple[str, ...]:
        """The companies: `NAME.example` each."""
        return (*self.providers, self.consumer)

    @abstractmethod
    def tell(self) -> bool:
        """Run the whole story; True when every part of it came true."""

    @abstractmethod
    def suggestions(self) -> Sequence[str]:
        """List commands to try with nodes that were kept."""

    @abstractmethod
    def holding(self, name: str) -> str:
        """Say in a few words what a company holds."""

    @abstractmethod
    def settle(self, name: str, settings: str) -> str:
        """Write a company's datasets into its node.yaml; gives the whole text."""

    def tell_what_next(self) -> None:
        """Say what to try with nodes that were kept, and how to stop them."""
        title("The nodes keep running. Try")
        for command in self.suggestions():
            print(f"  $ {command}")
        numbers = " ".join(str(self.nodes.number(self.folder(name))) for name in self.everyone)
        print(f"  $ kill {numbers}     # stops them; then remove {self.root}")

    def found(self) -> None:
        """Make every company's node, introduce them to each other, and start them."""
        title(f"1. {self.count} companies each found a node, with keys and data of their own")
        now = datetime.now(UTC)
        width = max(len(name) for name in self.everyone) + len(".example")
        for name in self.everyone:
            party = PartyId(f"{name}.example")
            founded = found_node(
                self.folder(name),
                party,
                now=now,
                alias=name,
                peers="127.0.0.1:0",
                users="127.0.0.1:0",
            )
            config = founded.folder.config
            settings = config.read_text().replace("workers: 2", "workers: 1")
            config.write_text(self.settle(name, settings))
            fingerprint = founded.member.fingerprint[:SHOWN_DIGITS]
            print(f"  {party:<{width}} {fingerprint}…  {self.holding(name)}")
        for name in self.everyone:
            self._introduce(name, now)
        self.nodes.start(*(self.folder(name) for name in self.everyone))
        print(
            "  each has compared and added the others' fingerprints; all"
            f" {self.count.lower()} nodes are serving"
        )

    def propose(self, text: str, file: str) -> None:
        """Have the consumer propose a contract, its days set around today."""
        path = self.root / file
        path.write_text(_around_today(text))
        self.contract = self.run(self.consumer, "contract", "propose", str(path)).strip()
        print(f"  proposed: {self.contract[:SHOWN_DIGITS]}…")

    def agree(self, *, lines: int) -> None:
        """Have the first provider review the contract, and all of them sign it.

        Args:
            lines: How much of the review is shown.
        """
        review = self.run(self.providers[0], "contract", "review", self.contract).splitlines()
        begin = review.index(EXCERPT)
        for line in review[begin : begin + lines]:
            print(f"  | {line}")
        for name in self.providers:
            self.run(name, "contract", "sign", self.contract)
            print(f"  {name}.example has signed")
        print(f"  state at {self.consumer}.example: {self.state(self.consumer)}")

    def is_refused(self, sql: str) -> bool:
        """Ask what should not be answered; tell the refusal."""
        try:
            with self.node() as node:
                node.query(sql, contract=self.contract).to_arrow()
        except Refusal as refusal:
            print(f"  refused: {refusal.reason}: {refusal.message}")
            print(f"  clause: {refusal.clause}")
            if refusal.allowed:
                print(f"  allowed: {', '.join(refusal.allowed)}")
            if refusal.hint:
                print(f"  hint: {refusal.hint}")
            return True
        print("  it was answered")
        return False

    def check_evidence(self, number: int) -> bool:
        """Verify every company's ledger, and the requests and receipts in it."""
        title(f"{number}. Every ledger and receipt verifies")
        good = True
        for name in self.everyone:
            code, text = self.call(name, "ledger", "verify")
            good = good and code == DONE
            print(f"  {name}.example: {text.partition(chr(10))[0]}")
        return good

    def over_the_files(self, sql: str, files: dict[str, Path]) -> Rows:
        """Answer a query in one DuckDB over all the files, each the relation `data.<name>`."""
        sources = tuple(
            Source(name=name, kind="parquet", path=str(path)) for name, path in files.items()
        )
        pool = WorkerPool(EngineSettings(workers=1), sources)
        try:
            with pool.run(Job(sql=sql, sources=sources)) as run:
                frames = [run.schema, *(batch.frame for batch in run)]
        finally:
            pool.close()
        stream = pa.PythonFile(frame_stream_reader(frames), mode="r")
        return rows_of(pa.ipc.open_stream(stream).read_all())

    def state(self, name: str) -> str:
        """Tell the state of the contract at a company."""
        shown = self.run(name, "contract", "show", self.contract, "--format", "json")
        return str(json.loads(shown)["state"])

    def node(self) -> Node:
        """Connect to the consumer's node, as `import sekisho` does."""
        return Place.find(argparse.Namespace(dir=str(self.folder(self.consumer)))).node()

    def run(self, name: str, *command: str) -> str:
        """Run a command as that company's people would; what it prints on stdout.

        Raises:
            RuntimeError: It failed.
        """
        code, text = self.call(name, *command)
        if code != DONE:
            msg = f"`sekisho {' '.join(command)}` ended with {code}: {text}"
            raise RuntimeError(msg)
        return text

    def call(self, name: str, *command: str) -> tuple[int, str]:
        """Run a command as that company's people would; its exit code and what it prints."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*command, "--dir", str(self.folder(name))])
        return code, out.getvalue() or err.getvalue()

    def folder(self, name: str) -> Path:
        """Give the folder of a company's node."""
        return self.root / name

    def _introduce(self, name: str, now: datetime) -> None:
        """Add every other company's member document, as people do who compared fingerprints."""
        folder = NodeFolder(self.folder(name))
        own = parse_envelope_json(load_file(folder.member))
        with open_state(folder.state_file(), now=now) as state:
            book = MemberBook(state, own)
            for other in self.everyone:
                if other != name:
                    document = load_file(NodeFolder(self.folder(other)).member)
                    envelope = parse_envelope_json(document)
                    book.add(state, envelope, alias=other, fingerprint=envelope.digest, now=now)


def title(text: str) -> None:
    """Begin a part of a story."""
    print(f"\n{text}", flush=True)


def quote(sql: str) -> None:
    """Show what is asked."""
    for line in sql.splitlines():
        print(f"  > {line}")


def table(columns: Sequence[str], rows: Rows) -> None:
    """Show rows under the names of their columns."""
    text = io.StringIO()
    write_table(columns, [[cell_text(value) for value in row] for row in rows], text)
    for line in text.getvalue().splitlines():
        print(f"    {line}")


def rows_of(found: pa.Table) -> Rows:
    """Give the rows of an answer."""
    return [tuple(row.values()) for row in found.to_pylist()]


def _around_today(text: str) -> str:
    """Move the contract's days around today; nothing else about it changes."""
    today = datetime.now(UTC).date()
    for name, days in _TERM.items():
        day = (today + timedelta(days=days)).isoformat()
        text = re.sub(rf"{name}: \d{{4}}-\d\d-\d\d", f"{name}: {day}", text)
    return text
