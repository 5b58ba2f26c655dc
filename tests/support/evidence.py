"""Files of evidence written by hand: a keeper that puts whatever it likes wherever it likes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import Envelope, PayloadType, envelope_to_json, seal
from sekisho.documents.proposal import build_proposal
from sekisho.ledger.bodies import (
    Closed,
    ContractChange,
    ContractEvent,
    MemberChange,
    MemberEvent,
    Opened,
)
from sekisho.ledger.bundle import (
    EVIDENCE_FORMAT,
    BundleWriter,
    CheckpointLine,
    ContractLine,
    EndLine,
    EntryLine,
    Header,
    HiddenLine,
    Line,
    MemberLine,
    NoticeLine,
    ReceiptLine,
    RequestLine,
    WitnessedLine,
    end_bytes,
)
from sekisho.ledger.entry import Channel, Entry, Link, entry_bytes
from sekisho.ledger.evidence import Evidence, verify_bundle
from sekisho.ledger.instants import moment_text
from sekisho.ledger.merkle import Tree, entry_hash
from sekisho.ledger.proofs import consistency_proof
from sekisho.ledger.receipt import LedgerPosition, Outcome, Receipt, receipt_bytes
from sekisho.ledger.request import Request, request_bytes
from sekisho.ledger.witnessing import believe_cosignature, cosign_checkpoint, sign_checkpoint
from sekisho.model.contract import RequestEvidence
from sekisho.model.names import ContractId
from sekisho.trust.keys import LocalSigner, generate_signing_key, load_signer
from support.nodes import contract_text
from support.parties import NOW, Party

UA, DL, MAKER = (Party(name=f"{name}.example") for name in ("ua", "dl", "maker"))
"""A provider that keeps the ledger, another provider, and the consumer."""
_SALT = bytes(32)
_TERM = "term: {starts: 2026-11-01, ends: 2027-10-31, timezone: UTC}"


def at(minutes: float) -> datetime:
    """Give an instant; the first entry's is 0."""
    return NOW + timedelta(minutes=minutes)


def renewed(party: Party, *, people: bool = False) -> Party:
    """Give a company a new node's key, and perhaps a new people's key."""
    fresh = {"node": load_signer(generate_signing_key())}
    if people:
        fresh["people"] = load_signer(generate_signing_key())
    return replace(party, **fresh)


def successor(
    old: Party, new: Party, *, version: int = 2, revoked: tuple[str, ...], minutes: float = 10
) -> Envelope:
    """Write the version of a company's member document that lists its new keys."""
    since = at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")
    return new.member(
        version=version,
        first=first_of(old).digest,
        valid={"from": since, "until": "2029-11-01T00:00:00Z"},
        revoked=sorted(revoked) or None,
        tls_anchor=ANCHORS[old.name],
        signers=tuple({item.public: item for item in (old.people, new.people, new.node)}.values()),
    )


ANCHORS = {party.name: party.anchor.decode() for party in (UA, DL, MAKER)}
FIRST = {party.name: party.member(tls_anchor=ANCHORS[party.name]) for party in (UA, DL, MAKER)}


def first_of(party: Party) -> Envelope:
    """Give the first member document of a company, whatever keys it has now."""
    return FIRST[party.name]


KNOWN = {party: envelope.digest for party, envelope in FIRST.items()}
"""Fingerprints as an auditor compared them."""
PROPOSAL = build_proposal(
    parse_contract(contract_text(providers=("ua", "dl"), term=_TERM).encode()),
    nonce_hex="0f" * 16,
    members=KNOWN,
)
SIGNED = seal(PROPOSAL, PayloadType.CONTRACT, [UA.people, DL.people, MAKER.people])
CHANNEL = Channel(provider=UA.name, consumer=MAKER.name, contract=ContractId(SIGNED.digest))


@dataclass
class Book:
    """The ledger of `ua.example` and the file that is made of it."""

    signer: LocalSigner = UA.node
    """Seals receipts, the checkpoint and the end."""
    leaves: list[bytes] = field(default_factory=list)
    lines: list[list[Line]] = field(default_factory=list)
    """Of each entry, what follows it included."""
    notices: list[Envelope] = field(default_factory=list)
    witnessed: list[WitnessedLine] = field(default_factory=list)
    documents: list[Envelope] = field(default_factory=list)
    """Member documents after the first ones."""
    contract: Envelope = SIGNED
    _seq: int = 0
    _previous: str = ""

    def agreed(self) -> "Book":
        """Record the contract and its signatures."""
        contract = CHANNEL.contract
        self._step(ContractChange.PROPOSED, MAKER)
        for party in (MAKER, UA, DL):
            self._step(ContractChange.SIGNED, party)
        assert contract == self.contract.digest
        return self

    def answer(self, signer: LocalSigner = MAKER.node) -> int:
        """Record a whole answer to a request that a key signed; gives the first index."""
        number = len(self.leaves)
        nonce = f"{number:032x}"
        request = Request(
            contract=CHANNEL.contract,
            provider=CHANNEL.provider,
            consumer=CHANNEL.consumer,
            purpose="reliability",
            sql="SELECT origin FROM flights",
            nonce=nonce,
            issued_at=self._at(),
        )
        envelope = seal(request_bytes(request), PayloadType.REQUEST, [signer])
        opened = Opened(
            request=envelope.digest,
            nonce=nonce,
            purpose=request.purpose,
            sql=request.sql,
            evidence=RequestEvidence.SIGNED,
            grant="delays",
            clauses=("grants.delays.columns.origin",),
            plan="sha256:" + "ef" * 32,
            reserved_rows=1,
            reserved_bytes=1,
        )
        index = self.append(opened, RequestLine(envelope=_text(envelope)))
        self._close(index, envelope.digest, nonce)
        return index

    def learns(self, document: Envelope, party: Party, version: int = 2) -> int:
        """Record a member document; gives the index."""
        event = MemberEvent(
            party=party.name,
            event=MemberChange.UPDATED,
            version=version,
            fingerprint=document.digest,
        )
        return self.append(event)

    def cosigned(self, party: Party, *, minutes: float, size: int | None = None) -> None:
        """Have a company's node cosign a checkpoint."""
        tree = _tree(self.leaves[:size])
        own = sign_checkpoint(tree, party=UA.name, epoch=0, signer=self.signer)
        line = cosign_checkpoint(own, party=party.name, signer=party.node, now=at(minutes))
        note = believe_cosignature(own, line, party=party.name, keys=[party.node.public])
        self.witnessed.append(WitnessedLine(note=note, proof=(str(tree.size),)))

    def append(self, body, *following: Line) -> int:
        """Append an entry, of the one channel or of none."""
        index = len(self.leaves)
        is_step = isinstance(body, ContractEvent | MemberEvent)
        link = None if is_step else Link(channel=CHANNEL, seq=self._seq, previous=self._previous)
        data = entry_bytes(Entry(index=index, at=self._at(), link=link, body=body))
        leaf = entry_hash(_SALT, data)
        self.leaves.append(leaf)
        self.lines.append(
            [EntryLine(index=index, salt=_SALT.hex(), entry=data.decode()), *following]
        )
        if link is not None:
            self._seq, self._previous = self._seq + 1, leaf.hex()
        return index

    def hide(self, index: int) -> None:
        """Show an entry's hash alone."""
        self.lines[index] = [HiddenLine(start=index, size=1, root=self.leaves[index].hex())]

    def file(self) -> list[bytes]:
        """Write the file as its keeper can: summed up and signed."""
        writer = BundleWriter()
        found = [writer.write(line) for line in self._lines()]
        end = seal(end_bytes(writer.end()), PayloadType.EVIDENCE, [self.signer])
        return [*found, writer.write(EndLine(envelope=_text(end)))]

    def verified(self, *documents: Envelope, **known: str) -> Evidence:
        """Verify the file as an auditor does."""
        given = KNOWN | {f"{name}.example": value for name, value in known.items()}
        return verify_bundle(self.file(), given, documents=documents)

    def _lines(self):
        contract = CHANNEL.contract
        yield Header(
            format=EVIDENCE_FORMAT, party=UA.name, contract=contract, counterparty="",
            since=moment_text(at(0)), until=moment_text(at(999)), made_at=moment_text(at(999)),
        )  # fmt: skip
        for envelope in (*FIRST.values(), *self.documents):
            yield MemberLine(envelope=_text(envelope))
        yield ContractLine(envelope=_text(self.contract))
        for envelope in self.notices:
            yield NoticeLine(envelope=_text(envelope))
        for lines in self.lines:
            yield from lines
        head = sign_checkpoint(_tree(self.leaves), party=UA.name, epoch=0, signer=self.signer)
        yield CheckpointLine(note=head.note)
        for line in self.witnessed:
            size = int(line.proof[0])
            proof = consistency_proof(size, self.leaves) if size < len(self.leaves) else ()
            yield WitnessedLine(note=line.note, proof=tuple(item.hex() for item in proof))

    def _close(self, index: int, request: str, nonce: str) -> None:
        size = len(self.leaves) + 1
        receipt = Receipt(
            request=request,
            contract=CHANNEL.contract,
            provider=CHANNEL.provider,
            consumer=CHANNEL.consumer,
            nonce=nonce,
            outcome=Outcome.ANSWERED,
            rows=1,
            bytes=8,
            blake3="9a" * 32,
            ledger=LedgerPosition(index=size - 1, size=size, root="d" * 64),
            closed_at=self._at(),
        )
        sealed = seal(receipt_bytes(receipt), PayloadType.RECEIPT, [self.signer])
        closed = Closed(ends=index, rows=1, bytes=8, blake3="9a" * 32)
        self.append(closed, ReceiptLine(envelope=_text(sealed)))

    def _step(self, event: ContractChange, party: Party) -> None:
        body = ContractEvent(contract=CHANNEL.contract, event=event, party=party.name, document="")
        self.append(body)

    def _at(self) -> str:
        return moment_text(at(len(self.leaves)))


def _tree(leaves: list[bytes]) -> Tree:
    tree = Tree()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree


def _text(envelope: Envelope) -> str:
    return envelope_to_json(envelope).decode()
