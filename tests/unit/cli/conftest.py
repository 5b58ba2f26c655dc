"""A node's folder in a place of its own, and the command to run in it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.cli.main import main
from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import PayloadType, digest_of, parse_envelope_json, seal
from sekisho.documents.proposal import build_proposal
from sekisho.model.names import ContractId, PartyId
from sekisho.store.contracts import NewContract
from sekisho.store.folder import NodeFolder
from sekisho.store.state import open_state
from sekisho.trust.keys import load_signer

PORTS = ("--peers", "127.0.0.1:0", "--users", "127.0.0.1:0")

CONTRACT = """\
format: sekisho.contract/v1
title: Departure delays
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics."}
term: {starts: 2020-01-01, ends: 2090-12-31, timezone: UTC}
grants:
  - grant: delays
    datasets: [ua.example/flights]
    access: rows
    where: "NOT cancelled"
    columns: {origin: {}, departure_delay: {}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Read stdout as the one document that it must be."""
        return json.loads(self.out)


@pytest.fixture
def sekisho(capsys, monkeypatch):
    """Run the command as a shell would; nobody sits at the terminal."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.delenv("SEKISHO_DIR", raising=False)

    def run(*arguments):
        try:
            code = main([str(item) for item in arguments])
        except SystemExit as error:
            code = error.code
        found = capsys.readouterr()
        return Ran(code=code, out=found.out, err=found.err)

    return run


@pytest.fixture
def make_node(sekisho, tmp_path):
    """Make a node by `init` and return its folder."""

    def make(party, *arguments) -> Path:
        folder = tmp_path / party
        ran = sekisho("init", party, "--dir", folder, *PORTS, *arguments)
        assert ran.code == 0, ran.err
        return folder

    return make


@pytest.fixture
def node(make_node):
    """Make one node."""
    return make_node("ua.example")


@pytest.fixture
def introduce(sekisho):
    """Make one node believe another's member document."""

    def introduce(node: Path, other: Path) -> None:
        fingerprint = sekisho("member", "show", "--dir", other, "--format", "json").json
        ran = sekisho(
            *("member", "add", other / "member.json", "--dir", node),
            *("--fingerprint", fingerprint["fingerprint"]),
        )
        assert ran.code == 0, ran.err

    return introduce


@pytest.fixture
def contract_file(tmp_path):
    """Write a contract between ua.example and maker.example."""
    path = tmp_path / "delays.contract.yaml"
    path.write_text(CONTRACT, encoding="utf-8")
    return path


@pytest.fixture
def proposed(make_node, introduce):
    """Let maker.example's proposal lie at ua.example; give the folder and the contract's id."""
    node, maker = make_node("ua.example"), make_node("maker.example")
    introduce(node, maker)
    members = {
        PartyId(folder.name): parse_envelope_json((folder / "member.json").read_bytes()).digest
        for folder in (node, maker)
    }
    payload = build_proposal(parse_contract(CONTRACT.encode()), nonce_hex="0" * 32, members=members)
    signer = load_signer(NodeFolder(maker).key("signing").read_bytes())
    envelope = seal(payload, PayloadType.CONTRACT, [signer])
    contract = NewContract(
        id=ContractId(digest_of(payload)),
        title="Departure delays",
        envelope=envelope,
        amends=None,
        by=PartyId("maker.example"),
    )
    at = datetime.now(UTC)
    with open_state(NodeFolder(node).state_file(), now=at) as state:

        def keep(tx):
            state.contracts.add(tx, contract, now=at)
            state.contracts.sign(
                tx, contract.id, contract.by, signature=envelope.signatures[0], now=at
            )

        state.submit(keep)
    return node, contract.id
