"""Takes the evidence about one contract out of a node's state, as one file that proves itself."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sekisho.documents.envelope import (
    Envelope,
    PayloadType,
    Signer,
    envelope_to_json,
    parse_envelope_json,
    seal,
)
from sekisho.documents.proposal import parse_proposal
from sekisho.errors import NodeError
from sekisho.ledger.acknowledgement import parse_acknowledgement
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Body,
    Closed,
    ContractEvent,
    MemberEvent,
    Opened,
    Recovered,
    Refused,
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
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.merkle import Tree
from sekisho.ledger.pruned import prune
from sekisho.ledger.spans import StoredEntry
from sekisho.ledger.witnessing import sign_checkpoint
from sekisho.model.names import ContractId, PartyId
from sekisho.store.contracts import StoredContract
from sekisho.store.state import Records
from sekisho.trust.keyring import Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file of evidence is to show."""

    party: PartyId
    """This node's."""
    contract: ContractId
    counterparty: str
    """One company; empty for all with whom there were answers."""
    since: str
    until: str
    made_at: str

    @property
    def header(self) -> Header:
        """Say so in the file."""
        return Header(
            format=EVIDENCE_FORMAT,
            party=self.party,
            contract=self.contract,
            counterparty=self.counterparty,
            since=self.since,
            until=self.until,
            made_at=self.made_at,
        )


def export_evidence(
    records: Records, members: Members, wanted: Wanted, *, signer: Signer
) -> Iterator[bytes]:
    """Write a file of evidence, line by line.

    The ledger's head is read first: what is appended meanwhile is in no line.

    Args:
        records: The node's state, which may be running.
        members: The companies that the node knows, itself among them.
        wanted: Which answers.
        signer: The key that signs the node's receipts and checkpoints.

    Raises:
        NodeError: The contract is not known, its entries were pruned, or the ledger holds nothing
            of what is wanted.
        LedgerError: An entry cannot be read.
    """
    contract = records.contracts.get(wanted.contract)
    if contract is None:
        raise NodeError("the contract is not known here", hint="see `sekisho contract list`")
    if wanted.contract in records.pruning.contracts():
        raise NodeError(
            "this node's entries about the contract were pruned: nothing of them can be shown",
            hint="the other side's node may still have its own; see `retention` in node.yaml",
        )
    export = _Export(records, members, wanted, signer=signer, head=records.ledger.head())
    yield from export.lines(contract)


@dataclass(slots=True)
class _Range:
    """What is shown of one channel."""

    indexes: list[int] = field(default_factory=list)
    """Of its entries from the first one in the period on."""
    last: int = 0
    """How many of them are shown."""
    started: set[int] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    """Of what began in time."""

    def take(self, entry: Entry, *, is_late: bool) -> None:
        """Take the channel's next entry; a late one is shown if it is about what began in time."""
        ends = getattr(entry.body, "ends", None)
        self.indexes.append(entry.index)
        if is_late and ends not in self.started and not self._is_about(entry.body):
            return
        self.last = len(self.indexes)
        if not is_late:
            self.started.add(entry.index)
            self.requests.add(getattr(entry.body, "request", ""))

    def _is_about(self, body: Body) -> bool:
        """Tell whether an acknowledgement names an answer that began in time."""
        if not isinstance(body, AcknowledgementSent | AcknowledgementCompared):
            return False
        said = parse_acknowledgement(parse_envelope_json(body.document.encode()).payload)
        return any(item.request in self.requests for item in said.answers)

    @property
    def shown(self) -> list[int]:
        """List the entries without a gap between them."""
        return self.indexes[: self.last]


class _Export:
    def __init__(
        self, records: Records, members: Members, wanted: Wanted, *, signer: Signer, head: Tree
    ) -> None:
        self._records = records
        self._members = members
        self._wanted = wanted
        self._signer = signer
        self._head = head
        self._revoking: frozenset[str] = frozenset()
        """Fingerprints of the contract's parties' documents that revoke keys."""

    def lines(self, contract: StoredContract) -> Iterator[bytes]:
        writer = BundleWriter()
        for line in self._lines(contract):
            yield writer.write(line)
        end = seal(end_bytes(writer.end()), PayloadType.EVIDENCE, [self._signer])
        yield writer.write(EndLine(envelope=_text(end)))

    def _lines(self, contract: StoredContract) -> Iterator[Line]:
        yield self._wanted.header
        parties = parse_proposal(contract.payload).parties
        for party in parties:
            for version in self._members.by_party.get(party, ()):
                yield MemberLine(envelope=_text(version.envelope))
        self._revoking = frozenset(
            item.fingerprint for party in parties for item in self._members.revoking(party)
        )
        yield ContractLine(envelope=_text(contract.envelope))
        for notice in self._records.contracts.notices(self._wanted.contract):
            yield NoticeLine(envelope=notice.envelope.decode())
        yield from self._tree()
        yield CheckpointLine(note=self._checkpoint())
        yield from self._witnessed(parties)

    def _tree(self) -> Iterator[Line]:
        """Give every entry of the ledger, shown or hidden, in order."""
        shown = self._shown()
        leaves = (item.leaf for item in self._stored())
        hidden = {item.start: item for item in prune(leaves, shown)}
        index = 0
        while index < self._head.size:
            if index in hidden:
                part = hidden[index]
                yield HiddenLine(start=part.start, size=part.size, root=part.root.hex())
                index += part.size
            else:
                yield from self._entry(self._records.ledger.stored(index))
                index += 1

    def _entry(self, stored: StoredEntry) -> Iterator[Line]:
        yield EntryLine(index=stored.index, salt=stored.salt.hex(), entry=stored.body.decode())
        body = parse_entry(stored.body, index=stored.index).body
        if isinstance(body, Opened | Refused):
            request = self._records.requests.by_digest(body.request)
            if request is not None and request.envelope:
                yield RequestLine(envelope=request.envelope.decode())
        elif isinstance(body, Closed):
            opened = self._records.ledger.get(body.ends).body
            digest = opened.request if isinstance(opened, Opened) else ""
            answered = self._records.requests.by_digest(digest)
            if answered is not None and answered.receipt is not None:
                # Ed25519 makes the signature that the consumer got, as long as the key is the same.
                sealed = seal(answered.receipt, PayloadType.RECEIPT, [self._signer])
                yield ReceiptLine(envelope=_text(sealed))

    def _shown(self) -> frozenset[int]:
        """Choose the entries that are shown: of each channel a part without gaps."""
        channels: dict[Channel, _Range] = {}
        shown: set[int] = set()
        for stored in self._stored():
            if stored.is_pruned:
                continue
            entry = parse_entry(stored.body, index=stored.index)
            if isinstance(entry.body, ContractEvent):
                if entry.body.contract == self._wanted.contract:
                    shown.add(entry.index)
            elif isinstance(entry.body, MemberEvent):
                if entry.body.fingerprint in self._revoking:
                    shown.add(entry.index)
            elif isinstance(entry.body, Recovered):
                shown.add(entry.index)
            elif entry.link is not None and self._is_wanted(entry.link.channel):
                found = channels.setdefault(entry.link.channel, _Range())
                if entry.at >= self._wanted.since or found.indexes:
                    found.take(entry, is_late=entry.at >= self._wanted.until)
        shown.update(index for found in channels.values() for index in found.shown)
        return frozenset(shown)

    def _is_wanted(self, channel: Channel) -> bool:
        if channel.contract != self._wanted.contract:
            return False
        other = self._wanted.counterparty
        return not other or other in {channel.provider, channel.consumer}

    def _stored(self) -> Iterator[StoredEntry]:
        return self._records.ledger.stored_entries(0, self._head.size)

    def _checkpoint(self) -> str:
        epoch = self._records.standing.epoch()
        signed = sign_checkpoint(
            self._head, party=self._wanted.party, epoch=epoch, signer=self._signer
        )
        return signed.note

    def _witnessed(self, parties: Collection[PartyId]) -> Iterator[Line]:
        """Give the contract's parties' cosignatures; of others nothing is told."""
        tree = self._records.tree
        for item in self._records.checkpoints.cosignatures():
            if item.party in parties and item.size <= self._head.size:
                proof = tree.consistency(item.size, self._head.size)
                yield WitnessedLine(note=item.note, proof=tuple(part.hex() for part in proof))


def _text(envelope: Envelope) -> str:
    return envelope_to_json(envelope).decode()
