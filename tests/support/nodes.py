"""Real node processes for tests: founded, introduced, started, killed; never a sleep."""

import contextlib
import io
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sekisho.cli.main import main
from sekisho.client.node import Node, connect
from sekisho.client.peer import Credentials, Peer
from sekisho.config import NodeConfig, parse_config
from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import (
    Envelope,
    PayloadType,
    parse_envelope_json,
    seal,
)
from sekisho.documents.proposal import build_proposal
from sekisho.model.names import PartyId
from sekisho.server.members import MemberBook
from sekisho.store.folder import NodeFolder
from sekisho.store.founding import found_node
from sekisho.store.state import open_state, read_state
from sekisho.trust.keys import load_signer
from support.nursery import Child, nursery
from support.ports import free_address

READY_SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Company:
    """One company: its node's folder, and its node's process while it runs."""

    folder: NodeFolder
    process: subprocess.Popen | Child | None = None

    @property
    def config(self) -> NodeConfig:
        return parse_config(self.folder.config.read_bytes())

    @property
    def party(self) -> PartyId:
        return self.config.party

    @property
    def member(self) -> Envelope:
        return parse_envelope_json(self.folder.member.read_bytes())

    @property
    def signer(self):
        return load_signer(self.folder.key("signing").read_bytes())

    def start(self) -> "Company":
        """Start the node; `wait_ready` says when it serves."""
        command = ("serve", "--dir", str(self.folder.root))
        with (self.folder.root / "node.log").open("ab") as log:
            if (prepared := nursery()) is not None:
                self.process = prepared.start(command, stderr=log.fileno())
            else:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "sekisho", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        return self

    def wait_ready(self) -> "Company":
        line = self.process.stdout.readline()
        assert line.startswith("ready peers="), self.log()
        return self

    def kill(self) -> None:
        """Kill the node as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self) -> int:
        """Stop the node gracefully; gives its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.terminate()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code

    def log(self) -> str:
        return (self.folder.root / "node.log").read_text()

    def run(self, *command: str) -> Ran:
        """Run a command as this company's people would."""
        return run(*command, "--dir", str(self.folder.root))

    def node(self) -> Node:
        """Connect as `import sekisho` does."""
        return connect(
            f"grpc+tls://{self.config.listen.users}",
            token=self.folder.token("operator"),
            ca=self.folder.certificate("anchor"),
        )

    def credentials(self) -> Credentials:
        return Credentials(
            key=self.folder.key("tls").read_bytes(),
            certificate=self.folder.certificate("tls").read_bytes(),
        )

    def peer_at(self, other: "Company", credentials: Credentials | None = None) -> Peer:
        """Connect to another company's peers' face with this company's certificate."""
        return Peer(
            other.party,
            address=other.config.listen.peers,
            anchor=other.folder.certificate("anchor").read_bytes(),
            credentials=credentials or self.credentials(),
        )

    def records(self):
        return read_state(self.folder.state_file())

    def settle(self, datasets: str) -> None:
        """Write the datasets section of node.yaml."""
        text = self.folder.config.read_text()
        text = text.replace("datasets: {}\n", f"datasets:\n{datasets}")
        self.folder.config.write_text(text.replace("workers: 2", "workers: 1"))


@dataclass
class Companies:
    """Some companies that know each other; stops what runs at the end."""

    root: Path
    by_name: dict[str, Company] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Company:
        return self.by_name[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for company in self.by_name.values():
            if company.process is not None and company.process.poll() is None:
                company.process.kill()
                company.process.wait()
            if company.process is not None:
                company.process.stdout.close()

    def found(self, name: str, datasets: str = "") -> Company:
        """Make a company `NAME.example` with a node's folder."""
        founded = found_node(
            self.root / name,
            PartyId(f"{name}.example"),
            now=datetime.now(UTC),
            alias=name,
            peers=free_address(),
            users=free_address(),
        )
        company = Company(founded.folder)
        if datasets:
            company.settle(datasets)
        self.by_name[name] = company
        return company

    def introduce(self) -> None:
        """Let every company know every other; no node may be running."""
        now = datetime.now(UTC)
        for company in self.by_name.values():
            with open_state(company.folder.state_file(), now=now) as state:
                book = MemberBook(state, company.member)
                for other in self.by_name.values():
                    if other is not company:
                        book.add(
                            state,
                            other.member,
                            alias="",
                            fingerprint=other.member.digest,
                            now=now,
                        )

    def start(self, *names: str) -> None:
        """Start nodes together and wait until all are ready."""
        started = [self[name].start() for name in names or self.by_name]
        for company in started:
            company.wait_ready()

    def proposal(self, text: str) -> bytes:
        """Wrap a contract's text as `contract propose` does."""
        fingerprints = {item.party: item.member.digest for item in self.by_name.values()}
        authored = parse_contract(text.encode())
        parties = {item.party for item in authored.contract.parties}
        return build_proposal(
            authored,
            nonce_hex=secrets.token_hex(16),
            members={party: fingerprints[party] for party in parties},
        )

    def signed_by(self, payload: bytes, *names: str) -> Envelope:
        """Sign a proposal for some companies."""
        signers = [self[name].signer for name in names]
        return seal(payload, PayloadType.CONTRACT, signers)

    def agree(self, text: str) -> str:
        """Bring a contract into force between running nodes, by their commands; gives its id."""
        path = self.root / f"{secrets.token_hex(4)}.contract.yaml"
        path.write_text(text)
        terms = parse_contract(text.encode()).contract
        parties = [item.party.split(".")[0] for item in terms.parties]
        proposed = self[parties[-1]].run("contract", "propose", str(path))
        assert proposed.code == 0, proposed.err
        contract = proposed.out.strip()
        for name in parties[:-1]:
            signed = self[name].run("contract", "sign", contract)
            assert signed.code == 0, signed.err
        return contract


def run(*command: str) -> Ran:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(command)
        except SystemExit as error:
            code = int(error.code or 0)
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())


def around_today(before: int = 30, after: int = 300) -> str:
    """A term with today in it."""
    today = datetime.now(UTC).date()
    starts, ends = today - timedelta(days=before), today + timedelta(days=after)
    return f"term: {{starts: {starts}, ends: {ends}, timezone: UTC}}"


def contract_text(
    *,
    providers: tuple[str, ...] = ("ua",),
    consumer: str = "maker",
    columns: str = "{tail_number: {}, origin: {}, departure_delay: {}}",
    term: str = "",
    limits: str = "{}",
    extra: str = "",
    where: str = "NOT cancelled",
) -> str:
    """A `rows` contract over each provider's `flights`."""
    lines = [f"  - {{party: {name}.example, role: provider}}" for name in providers]
    lines.append(f"  - {{party: {consumer}.example, role: consumer}}")
    datasets = ", ".join(f"{name}.example/flights" for name in providers)
    return "\n".join(
        (
            "format: sekisho.contract/v1",
            f"title: Delays {secrets.token_hex(3)}",
            "parties:",
            *lines,
            "purposes:",
            '  - {purpose: reliability, means: "Delay statistics."}',
            term or around_today(),
            "grants:",
            "  - grant: delays",
            f"    datasets: [{datasets}]",
            "    access: rows",
            f'    where: "{where}"',
            f"    columns: {columns}",
            f"limits: {limits}" if limits != "{}" else "",
            extra,
            "",
        )
    )
