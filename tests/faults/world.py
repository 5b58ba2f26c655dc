"""Companies under load: a provider, a consumer with a node, and one that asks by hand.

`ua` answers, `maker` asks through its own node, and `probe` has no node: it signs its requests
here and keeps what it was told, so that what arrived does not depend on what a node says of itself.
"""

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

import pyarrow as pa

from faults.fleet import BY_FAMILY, Fleet, about, statistics_text
from faults.struck import PATIENCE_SECONDS, Struck
from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.errors import SekishoError
from sekisho.ledger.receipt import LedgerPosition, Opening, Receipt, parse_opening, parse_receipt
from sekisho.ledger.request import Request, request_bytes
from sekisho.model.names import ContractId
from sekisho.trust.keys import load_signer
from support.asking import request
from support.border import offer
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.relay import Relay

T = TypeVar("T")
ROWS = 60_000
SHOWN = ROWS * 9 // 10
SMALL = "SELECT count(*) AS n FROM flights"
HIDDEN = "SELECT flight_number FROM flights"
MANY = 10_000_000_000
FIRST_NUMBER = 10_000
"""Of a query for rows; no band has so high a one."""


@dataclass
class Arrived:
    """What one of the probe's own requests brought."""

    request: str
    nonce: str
    bytes: int = 0
    receipt: Receipt | None = None
    positions: list[LedgerPosition] = field(default_factory=list)
    """Places in the provider's ledger that it has signed."""
    was_early: bool = False
    """A byte came while no entry `opened` was on disk."""


class World:
    """The companies, their contracts, and what was observed from outside."""

    def __init__(self, root: Path) -> None:
        self.companies = Companies(root)
        self.numbers = itertools.count(FIRST_NUMBER)
        self.arrived: list[Arrived] = []
        self.failed: set[int] = set()
        """Numbers of the maker's queries that gave no answer."""
        self.ended: set[str] = set()
        """Contracts whose termination was acknowledged to the person who asked for it."""
        self.leaves: dict[str, list[bytes]] = {}
        """By company: the ledger as it was seen last."""
        self.contract = ContractId("")
        self.fleet = Fleet(root)
        self.front: Struck
        """The process of the provider's node at which its people and the probe are."""

    def __enter__(self) -> Self:
        root = self.companies.root
        root.mkdir(exist_ok=True)
        data = write_flights(root / "flights.parquet", ROWS)
        self.fleet.write()
        provided, brought = flights_section(data) + self.fleet.provided, self.fleet.brought
        for name, section in (("ua", provided), ("maker", brought), ("probe", "")):
            company = self.companies.found(name, section)
            self.companies.by_name[name] = Struck(company.folder)
        self.companies.introduce()
        self.relay = self.connect()
        self.front = self.ua
        self.start()
        self.contract = self.agree(
            f"{{rows: {{max: {MANY}, per: term}}, queries: {{max: {MANY}, per: day}}}}"
        )
        self.fleet.contract = self.agree_statistics()
        return self

    def __exit__(self, *_: object) -> None:
        self.relay.close()
        for node in self.nodes:
            if node.is_up:
                node.kill()

    @property
    def ua(self) -> Struck:
        return self.companies["ua"]

    @property
    def maker(self) -> Struck:
        return self.companies["maker"]

    @property
    def providers(self) -> tuple[Struck, ...]:
        """The processes of the provider's node."""
        return (self.ua,)

    @property
    def nodes(self) -> tuple[Struck, ...]:
        return (*self.providers, self.maker)

    def connect(self) -> Relay:
        """Lay the line to the provider; no node is running yet."""
        return Relay(self.ua)

    def start(self) -> None:
        """Start what does not run."""
        started = [node.start() for node in self.nodes if not node.is_up]
        for node in started:
            node.wait_ready()

    # ------------------------------------------------------------------------------------ contracts

    def agree(
        self, limits: str = "{}", *, with_probe: bool = True, signed: bool = True
    ) -> ContractId:
        """Bring a contract to both nodes: signed by all, or by everybody but the provider."""
        text = contract_text(limits=limits)
        names = ["maker"]
        if with_probe:
            line = "  - {party: maker.example, role: consumer}\n"
            text = text.replace(line, f"{line}  - {{party: probe.example, role: consumer}}\n")
            names.append("probe")
        return self._offer(text, *names, *(("ua",) if signed else ()))

    def agree_statistics(self, cells: int = MANY) -> ContractId:
        """Bring a contract of statistics to both nodes, under which tables may be brought."""
        text = statistics_text(f"{{cells: {{max: {cells}, per: term}}}}")
        return self._offer(text, "maker", "ua")

    def _offer(self, text: str, *names: str) -> ContractId:
        payload = self.companies.proposal(text)
        envelope = self.companies.signed_by(payload, *names)
        offer(self.companies, envelope, by="maker", to="ua")
        offer(self.companies, envelope, by="ua", to="maker")
        return ContractId(envelope.digest)

    def take_step(self, verb: str, contract: str) -> bool:
        """Have the provider's people sign or terminate; tells whether the command was done."""
        more = () if verb == "sign" else ("--reason", "enough")
        is_done = self.front.run("contract", verb, contract, *more).code == 0
        if is_done and verb == "terminate":
            self.ended.add(contract)
        return is_done

    # --------------------------------------------------------------------------------------- asking

    def ask(self, contract: str = "", columns: str = "tail_number, origin") -> int | None:
        """Ask through the maker's node for every row; gives their number, or None."""
        number = next(self.numbers)
        sql = f"SELECT {columns} FROM flights WHERE departure_delay > -{number}"
        found = self._query(sql, contract or self.contract, number)
        return None if found is None else found.num_rows

    def count(self, band: int, *, contract: str = "") -> list | None:
        """Ask for a band's cell; gives the figures, and keeps them where they are the first."""
        found = self._query(about(band), contract or self.fleet.contract, band)
        if found is None:
            return None
        return self.fleet.shown.setdefault(band, found.to_pylist())

    def count_again(self, band: int) -> list | None:
        """Ask for a band's cell once more, when the band has one plane more."""
        self.fleet.grow(band)
        found = self._query(about(band), self.fleet.contract, band)
        return None if found is None else found.to_pylist()

    def overdraw(self, contract: str) -> list | None:
        """Ask for two cells at once."""
        bands = self.fleet.next_band(), self.fleet.next_band()
        found = self._query(about(*bands), contract, bands[0])
        return None if found is None else found.to_pylist()

    def bring(self, contract: str) -> list | None:
        """Ask for cells by what the maker's own table says, which is brought before."""
        found = self._query(BY_FAMILY, contract, 0)
        return None if found is None else found.to_pylist()

    def _query(self, sql: str, contract: str, number: int) -> pa.Table | None:
        try:
            with self.maker.node() as node, node.query(sql, contract=contract) as found:
                return found.to_arrow()
        except SekishoError:
            self.failed.add(number)
            return None

    def ask_until_answered(self) -> None:
        """Ask until the nodes have found each other again."""
        assert self._insist(self.ask) == SHOWN

    def bring_again(self, contract: str) -> list:
        """Bring a table and ask, until the nodes have found each other again."""
        return self._insist(lambda: self.bring(contract))

    def count_at_last(self, band: int) -> list:
        """Ask for a band's cell, until the nodes have found each other again."""
        return self._insist(lambda: self.count(band))

    def _insist(self, ask: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := ask()) is None:
            assert time.monotonic() < deadline, (self.ua.log()[-2000:], self.maker.log()[-2000:])
        return found

    def probe(
        self,
        sql: str = SMALL,
        *,
        contract: str = "",
        frames: int | None = None,
        during: Callable[[], object] | None = None,
    ) -> tuple[Envelope, Request]:
        """Ask by hand, read so many frames, and go away; or all of them."""
        asked = request(self.companies["probe"], self.front, contract or self.contract, sql)
        signer = load_signer(self.companies["probe"].folder.key("request").read_bytes())
        envelope = seal(request_bytes(asked), PayloadType.REQUEST, [signer])
        self.replay(envelope, asked, frames=frames, during=during)
        return envelope, asked

    def replay(
        self,
        envelope: Envelope,
        asked: Request,
        *,
        frames: int | None = None,
        during: Callable[[], object] | None = None,
    ) -> Arrived:
        """Send a request, perhaps not for the first time."""
        arrived = Arrived(request=envelope.digest, nonce=asked.nonce)
        self.arrived.append(arrived)
        peer = self.companies["probe"].peer_at(self.front)

        def believe(statement: Envelope) -> Opening | Receipt:
            is_opening = statement.payload_type == PayloadType.OPENING
            found = (parse_opening if is_opening else parse_receipt)(statement.payload)
            arrived.positions.append(found.ledger)
            if is_opening:
                self._look(arrived)
            return found

        asking = peer.ask(envelope, asked, believe)
        try:
            for number, _ in enumerate(asking, start=1):
                if number == frames:
                    if during:
                        during()
                    asking.cancel()
                    break
        except SekishoError:
            pass
        finally:
            arrived.bytes, arrived.receipt = asking.tally.bytes, asking.receipt
            peer.close()
        return arrived

    def _look(self, arrived: Arrived) -> None:
        """The first bytes are here: their entry must be on disk."""
        with self.ua.records() as records:
            stored = records.requests.by_digest(arrived.request)
            arrived.was_early |= stored is None or stored.start >= records.ledger.head().size

    # -------------------------------------------------------------------------------------- waiting

    def is_explained(self, sql: str) -> bool:
        """Tell whether a query gave no answer, so that the companies may differ over it."""
        return any(int(number) in self.failed for number in re.findall(r"-([0-9]{4,})", sql))

    def settle(self) -> None:
        """Wait until nothing is open at a node that runs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for node in self.nodes:
            while node.is_up and open_answers(node):
                assert time.monotonic() < deadline, (
                    f"{node.party} leaves {open_answers(node)} open: {node.log()[-2000:]}"
                )
                threading.Event().wait(0.005)

    def wait_state(self, node: Struck, contract: str, state: str) -> bool:
        """Wait until a contract stands at a node as it must."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (
            f'"state": "{state}"'
            not in node.run("contract", "show", contract, "--format", "json").out
        ):
            if time.monotonic() > deadline:
                return False
            threading.Event().wait(0.02)
        return True


def open_answers(node: Struck) -> list[int]:
    """List the entries that a node's state has without an end."""
    return [row[0] for row in node.rows("SELECT idx FROM open_answers ORDER BY idx")]
