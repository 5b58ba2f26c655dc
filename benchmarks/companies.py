"""Two companies: one whose node serves flights in a process of its own, one that asks it.

The asking side is what a consumer's node does up to the residual: it signs a request, records
nothing, and holds the answer to its opening and its receipt, verified with the provider's keys.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
from flights import COLUMNS

from sekisho.client.peer import Asking, Credentials, Peer
from sekisho.config import parse_config
from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import Envelope, PayloadType, Signer, parse_envelope_json, seal
from sekisho.documents.proposal import build_proposal
from sekisho.ledger.instants import moment_text
from sekisho.ledger.receipt import Opening, Receipt, parse_opening, parse_receipt
from sekisho.ledger.request import Request, request_bytes
from sekisho.model.member import Purpose
from sekisho.model.names import ContractId, PartyId
from sekisho.server.members import MemberBook
from sekisho.store.folder import NodeFolder
from sekisho.store.founding import found_node
from sekisho.store.state import open_state
from sekisho.trust.keyring import Members
from sekisho.trust.keys import load_signer
from sekisho.trust.verify import verify_signatures
from sekisho.wire.frames import frame_stream_reader

PROVIDER, CONSUMER = PartyId("air.example"), PartyId("maker.example")
PURPOSE = "reliability"
NOTHING: Mapping[str, Path] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One company's folder, and what is read from it."""

    folder: NodeFolder

    @property
    def member(self) -> Envelope:
        """Its member document."""
        return parse_envelope_json(self.folder.member.read_bytes())

    @property
    def credentials(self) -> Credentials:
        """What its node shows in the handshake."""
        return Credentials(
            key=self.folder.key("tls").read_bytes(),
            certificate=self.folder.certificate("tls").read_bytes(),
        )

    @property
    def anchor(self) -> bytes:
        """Its own anchor."""
        return self.folder.certificate("anchor").read_bytes()

    @property
    def address(self) -> str:
        """Where its node's peers' face listens."""
        return parse_config(self.folder.config.read_bytes()).listen.peers

    def signer(self, key: str) -> Signer:
        """One of its keys."""
        return load_signer(self.folder.key(key).read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A provider that is known to a consumer, and the other way round."""

    provider: Company
    consumer: Company
    members: Members
    """As the consumer knows them."""


def found_pair(root: Path, parquet: Path, *, more: Mapping[str, Path] = NOTHING) -> Pair:
    """Found both nodes, let them know each other, and give the provider its rows.

    Args:
        root: Where their folders go.
        parquet: Of the flights.
        more: Files of other datasets, by name.
    """
    provider, consumer = (_found(root, party) for party in (PROVIDER, CONSUMER))
    config = provider.folder.config
    files = {"flights": parquet, **more}
    listed = (f'  {name}:\n    source: {{parquet: "{path}"}}\n' for name, path in files.items())
    datasets = "datasets:\n" + "".join(listed)
    config.write_text(config.read_text().replace("datasets: {}\n", datasets))
    _introduce(provider, consumer)
    members = _introduce(consumer, provider)
    return Pair(provider=provider, consumer=consumer, members=members)


def _found(root: Path, party: PartyId) -> Company:
    founded = found_node(
        root / party.split(".")[0],
        party,
        now=datetime.now(UTC),
        peers="127.0.0.1:0",
        users="127.0.0.1:0",
    )
    return Company(folder=founded.folder)


def _introduce(company: Company, other: Company) -> Members:
    now = datetime.now(UTC)
    with open_state(company.folder.state_file(), now=now) as state:
        book = MemberBook(state, company.member)
        book.add(state, other.member, alias="", fingerprint=other.member.digest, now=now)
        return book()


@contextmanager
def serving(company: Company) -> Iterator[subprocess.Popen[str]]:
    """Run a company's node in a process of its own while the block runs; it is ready at once."""
    command = [sys.executable, "-m", "sekisho", "serve", "--dir", str(company.folder.root)]
    with (
        (company.folder.root / "node.log").open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            if not process.stdout.readline().startswith("ready"):
                raise RuntimeError(f"the node did not start, see {log.name}")
            yield process
        finally:
            process.terminate()
            process.wait(30)


class Asker:
    """The consumer's side of a pair whose provider is serving."""

    def __init__(self, pair: Pair) -> None:
        """Connect, and bring a contract into force that both have signed."""
        self._pair = pair
        self._signer = pair.consumer.signer("request")
        self.peer = Peer(
            PROVIDER,
            address=pair.provider.address,
            anchor=pair.provider.anchor,
            credentials=pair.consumer.credentials,
        )
        signed = sign_contract(pair)
        self.contract = ContractId(signed.digest)
        self.peer.deliver_contract(signed)

    def ask(self, sql: str) -> Asking:
        """Send a signed request."""
        request = Request(
            contract=self.contract,
            provider=PROVIDER,
            consumer=CONSUMER,
            purpose=PURPOSE,
            sql=sql,
            nonce=secrets.token_hex(16),
            issued_at=moment_text(datetime.now(UTC)),
        )
        envelope = seal(request_bytes(request), PayloadType.REQUEST, [self._signer])
        return self.peer.ask(envelope, request, self._verify)

    def read(self, sql: str) -> tuple[int, int]:
        """Ask, read every batch and drop it; give rows and bytes of Arrow, receipt verified."""
        asking = self.ask(sql)
        rows = 0
        stream = pa.PythonFile(frame_stream_reader(asking), mode="r")
        for batch in pa.ipc.open_stream(stream):
            rows += batch.num_rows
        assert asking.receipt is not None
        assert asking.receipt.rows == rows
        return rows, asking.receipt.bytes

    def close(self) -> None:
        """Close the connection."""
        self.peer.close()

    def _verify(self, envelope: Envelope) -> Opening | Receipt:
        is_opening = envelope.payload_type == PayloadType.OPENING
        signers = verify_signatures(
            envelope,
            payload_type=PayloadType.OPENING if is_opening else PayloadType.RECEIPT,
            purpose=Purpose.RECEIPT,
            members=self._pair.members,
            now=datetime.now(UTC),
        )
        assert signers == {PROVIDER}
        return parse_opening(envelope.payload) if is_opening else parse_receipt(envelope.payload)


@contextmanager
def asking(pair: Pair) -> Iterator[Asker]:
    """Connect while the block runs."""
    asker = Asker(pair)
    try:
        yield asker
    finally:
        asker.close()


def sign_contract(pair: Pair, grants: str = "") -> Envelope:
    """Make a contract that both have signed: over the flights, and with more grants."""
    parties = (pair.provider, pair.consumer)
    payload = build_proposal(
        parse_contract(_contract_text(grants).encode()),
        nonce_hex=os.urandom(16).hex(),
        members={PROVIDER: pair.provider.member.digest, CONSUMER: pair.consumer.member.digest},
    )
    return seal(payload, PayloadType.CONTRACT, [item.signer("signing") for item in parties])


def _contract_text(grants: str) -> str:
    today = datetime.now(UTC).date()
    columns = ", ".join(f"{name}: {{}}" for name in COLUMNS)
    return f"""
format: sekisho.contract/v1
title: Flights for measuring
parties:
  - {{party: {PROVIDER}, role: provider}}
  - {{party: {CONSUMER}, role: consumer}}
purposes:
  - {{purpose: {PURPOSE}, means: "Delay statistics."}}
term: {{starts: {today - timedelta(days=2)}, ends: {today + timedelta(days=30)}, timezone: UTC}}
grants:
  - grant: flights
    datasets: [{PROVIDER}/flights]
    access: rows
    where: "NOT cancelled"
    columns: {{{columns}}}
{grants}
limits: {{queries: {{max: 100000, per: day}}, rows: {{max: 9000000000, per: day}}, concurrent: 256}}
"""
