"""The aviation story: what is asked, by whom, and what each company sees of it."""

import argparse
import io
import json
import re
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
AIRLINES = ("ua", "dl", "aa", "b6")
MAKER = "maker"
TITLE = "Departure delays by aircraft model"
SHOWN_ROWS = 8
EXCERPT_LINES = 8
COLUMNS = ("model", "departures", "mean_delay")

QUESTION = """
SELECT p.model, count(*) AS departures, avg(f.departure_delay) AS mean_delay
FROM flights AS f JOIN local.planes AS p ON f.tail_number = p.tail_number
GROUP BY p.model
ORDER BY departures DESC, p.model
""".strip()
"""Over all four airlines' flights and the maker's planes; no company could answer it alone."""

SAME_QUESTION = """
SELECT model, count(*) AS departures, avg(departure_delay) AS mean_delay
FROM (
  SELECT * FROM data.ua UNION ALL SELECT * FROM data.dl
  UNION ALL SELECT * FROM data.aa UNION ALL SELECT * FROM data.b6
) AS flights JOIN data.planes USING (tail_number)
WHERE NOT cancelled
GROUP BY model
ORDER BY departures DESC, model
""".strip()
"""The same over the files in one place, with the contract's row filter written out."""

SUGGESTION = "SELECT origin, count(*) FROM dl.flights GROUP BY origin"
FORBIDDEN = "SELECT flight_number, departure_delay FROM ua.flights"


class AviationStory:
    """Four airlines and an aircraft maker, from founding their nodes to a termination."""

    def __init__(self, root: Path, nodes: NodeProcesses) -> None:
        """Tell it below a folder, with processes that somebody else stops."""
        self._root = root
        self._nodes = nodes
        self._data = shipped("stories", "aviation")
        self._contract = ""

    def tell(self) -> bool:
        """Run the whole story; True when every part of it came true."""
        self._found()
        self._agree()
        answer = self._ask()
        return all(
            (
                answer,
                self._ask_too_much(),
                self._terminate(),
                self._check_evidence(),
            )
        )

    def tell_what_next(self) -> None:
        """Say what to try with nodes that were kept."""
        maker = self._folder(MAKER)
        _title("The nodes keep running. Try")
        for command in (
            f"sekisho status --dir {maker}",
            f"sekisho contract list --dir {maker}",
            f'sekisho query --dir {maker} --contract "{TITLE}" "{SUGGESTION}"',
            f"sekisho ledger list --dir {self._folder('dl')}",
            f"sekisho contract review {self._contract[:19]} --lang ja --dir {maker}",
        ):
            print(f"  $ {command}")
        numbers = " ".join(str(self._nodes.number(self._folder(name))) for name in _everyone())
        print(f"  $ kill {numbers}     # stops them; then remove {self._root}")

    def _found(self) -> None:
        _title("1. Five companies each found a node, with keys and data of their own")
        now = datetime.now(UTC)
        for name in _everyone():
            party = PartyId(f"{name}.example")
            founded = found_node(
                self._folder(name),
                party,
                now=now,
                alias=name,
                peers="127.0.0.1:0",
                users="127.0.0.1:0",
            )
            self._settle(founded.folder, name)
            print(f"  {party:<14} {founded.member.fingerprint[:19]}…  {self._holding(name)}")
        for name in _everyone():
            self._introduce(name, now)
        self._nodes.start(*(self._folder(name) for name in _everyone()))
        print("  each has compared and added the others' fingerprints; all five nodes are serving")

    def _agree(self) -> None:
        _title("2. The maker proposes a contract; each airline reviews it in plain words and signs")
        path = self._root / "delays.contract.yaml"
        path.write_text(_around_today((self._data / path.name).read_text()))
        self._contract = self._run(MAKER, "contract", "propose", str(path)).strip()
        print(f"  proposed: {self._contract[:19]}…")
        review = self._run("ua", "contract", "review", self._contract)
        for line in _excerpt(review):
            print(f"  | {line}")
        for name in AIRLINES:
            self._run(name, "contract", "sign", self._contract)
            print(f"  {name}.example has signed")
        print(f"  state at the maker: {self._state(MAKER)}")

    def _ask(self) -> bool:
        _title("3. The maker asks what none of them could answer alone")
        _quote(QUESTION)
        with self._node() as node:
            answer = node.query(QUESTION, contract=self._contract)
            rows = _rows(answer.to_arrow())
            _show(rows)
            for receipt in answer.receipts:
                print(
                    f"  receipt of {receipt.provider}: {receipt.rows} rows, "
                    f"ledger entry {receipt.ledger_index}, verified"
                )
        same = rows == self._over_the_files()
        print(
            f"  the same query over the files in one DuckDB gives "
            f"{'the same' if same else 'ANOTHER'} {len(rows)} rows"
        )
        return same and bool(rows)

    def _ask_too_much(self) -> bool:
        _title("4. The maker asks for a column that was not granted")
        _quote(FORBIDDEN)
        return self._is_refused(FORBIDDEN)

    def _terminate(self) -> bool:
        _title("5. One airline terminates; the next query is refused at once")
        reason = "our flights are wanted elsewhere"
        self._run("ua", "contract", "terminate", self._contract, "--reason", reason)
        print(f"  ua.example has terminated its part; it is {self._state('ua')} there")
        return self._is_refused(QUESTION)

    def _check_evidence(self) -> bool:
        _title("6. Every ledger and receipt verifies")
        good = True
        for name in _everyone():
            code, text = _call("ledger", "verify", "--dir", str(self._folder(name)))
            good = good and code == DONE
            print(f"  {name}.example: {text.partition(chr(10))[0]}")
        return good

    def _is_refused(self, sql: str) -> bool:
        try:
            with self._node() as node:
                node.query(sql, contract=self._contract).to_arrow()
        except Refusal as refusal:
            print(f"  refused: {refusal.reason}: {refusal.message}")
            print(f"  clause: {refusal.clause}")
            if refusal.allowed:
                print(f"  allowed: {', '.join(refusal.allowed)}")
            return True
        print("  it was answered")
        return False

    def _settle(self, folder: NodeFolder, name: str) -> None:
        file = "planes" if name == MAKER else f"flights_{name}"
        dataset = "planes" if name == MAKER else "flights"
        source = self._data / f"{file}.parquet"
        text = folder.config.read_text()
        datasets = f'datasets:\n  {dataset}:\n    source: {{parquet: "{source}"}}\n'
        settled = text.replace("datasets: {}\n", datasets).replace("workers: 2", "workers: 1")
        folder.config.write_text(settled)

    def _introduce(self, name: str, now: datetime) -> None:
        """Add every other company's member document, as people do who compared fingerprints."""
        folder = NodeFolder(self._folder(name))
        own = parse_envelope_json(load_file(folder.member))
        with open_state(folder.state_file(), now=now) as state:
            book = MemberBook(state, own)
            for other in _everyone():
                if other != name:
                    document = load_file(NodeFolder(self._folder(other)).member)
                    envelope = parse_envelope_json(document)
                    book.add(state, envelope, alias=other, fingerprint=envelope.digest, now=now)

    def _over_the_files(self) -> Rows:
        files = {"planes": "planes"} | {name: f"flights_{name}" for name in AIRLINES}
        sources = tuple(
            Source(name=name, kind="parquet", path=str(self._data / f"{file}.parquet"))
            for name, file in files.items()
        )
        pool = WorkerPool(EngineSettings(workers=1), sources)
        try:
            with pool.run(Job(sql=SAME_QUESTION, sources=sources)) as run:
                frames = [run.schema, *(batch.frame for batch in run)]
        finally:
            pool.close()
        return _rows(_table(frames))

    def _state(self, name: str) -> str:
        shown = self._run(name, "contract", "show", self._contract, "--format", "json")
        return str(json.loads(shown)["state"])

    def _node(self) -> Node:
        """Connect to the maker's node, as `import sekisho` does."""
        return Place.find(argparse.Namespace(dir=str(self._folder(MAKER)))).node()

    def _run(self, name: str, *command: str) -> str:
        """Run a command as that company's people would; what it prints on stdout."""
        code, text = _call(*command, "--dir", str(self._folder(name)))
        if code != DONE:
            msg = f"`sekisho {' '.join(command)}` ended with {code}"
            raise RuntimeError(msg)
        return text

    def _folder(self, name: str) -> Path:
        return self._root / name

    def _holding(self, name: str) -> str:
        return "planes.parquet" if name == MAKER else f"flights_{name}.parquet"


def _everyone() -> tuple[str, ...]:
    return (*AIRLINES, MAKER)


def _call(*command: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(command)
    return code, out.getvalue() or err.getvalue()


def _around_today(text: str) -> str:
    """Move the contract's term around today; nothing else about it changes."""
    today = datetime.now(UTC).date()
    for name, day in (
        ("starts", today - timedelta(days=30)),
        ("ends", today + timedelta(days=335)),
    ):
        text = re.sub(rf"{name}: \d{{4}}-\d\d-\d\d", f"{name}: {day.isoformat()}", text)
    return text


def _title(text: str) -> None:
    print(f"\n{text}", flush=True)


def _quote(sql: str) -> None:
    for line in sql.splitlines():
        print(f"  > {line}")


def _excerpt(review: str) -> list[str]:
    """Give the part of a review that says what leaves."""
    lines = review.splitlines()
    begin = lines.index("What leaves") if "What leaves" in lines else 0
    return lines[begin : begin + EXCERPT_LINES]


def _show(rows: Rows) -> None:
    cells = [[cell_text(value) for value in row] for row in rows[:SHOWN_ROWS]]
    text = io.StringIO()
    write_table(COLUMNS, cells, text)
    for line in text.getvalue().splitlines():
        print(f"    {line}")
    if len(rows) > SHOWN_ROWS:
        print(f"    … and {len(rows) - SHOWN_ROWS} more models")


def _rows(table: pa.Table) -> Rows:
    return [tuple(row.values()) for row in table.to_pylist()]


def _table(frames: Sequence[bytes]) -> pa.Table:
    stream = pa.PythonFile(frame_stream_reader(frames), mode="r")
    return pa.ipc.open_stream(stream).read_all()
