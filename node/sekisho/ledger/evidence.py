"""Verify one file of evidence from the members' fingerprints alone: no node, no state, no clock.

The steps are those of `docs/spec/evidence.md`; each is a method whose docstring carries its number.
The first line that does not hold stops the check and is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.documents.envelope import Envelope, PayloadType, parse_envelope_json
from sekisho.errors import DocumentError, EvidenceError, LedgerError, TrustError
from sekisho.ledger.answered import Answer, Answers
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Closed,
    ContractEvent,
    Denied,
    Opened,
    Received,
    Recovered,
    Refused,
)
from sekisho.ledger.bundle import (
    CheckpointLine,
    ContractLine,
    EndLine,
    EntryLine,
    Header,
    HiddenLine,
    Line,
    MemberLine,
    NoticeLine,
    ReadLine,
    ReceiptLine,
    RequestLine,
    WitnessedLine,
    parse_end,
    read_bundle,
)
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.differences import Difference
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.evidence_head import Heads, Recovery, Witness
from sekisho.ledger.merkle import HASH_BYTES, SALT_BYTES, entry_hash
from sekisho.ledger.pruned import Hidden, PrunedTree
from sekisho.ledger.receipt import Outcome, Receipt, parse_receipt
from sekisho.ledger.request import Request, parse_request
from sekisho.ledger.vouching import Vouching
from sekisho.model.contract import RequestEvidence
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.model.notices import Notice
from sekisho.model.signed import SignedContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a file that holds proves."""

    header: Header
    contract: SignedContract
    notices: tuple[Notice, ...]
    """In the order in which the keeper recorded them: ends, suspensions, certified deletions."""
    entries: int
    """Of the whole ledger."""
    shown: int
    root: str
    """Of the ledger, in hex; two files of one ledger and size must agree."""
    answers: tuple[Answer, ...]
    """In the ledger's order, refusals among them."""
    acknowledged: frozenset[str]
    """Requests of those whose end their consumer has signed."""
    differences: tuple[Difference, ...]
    """Between the consumers' acknowledgements and the ledger, as its keeper recorded them."""
    channels: Mapping[Channel, tuple[int, int]]
    """First and last sequence number that is shown, without a gap between."""
    witnesses: Mapping[PartyId, Witness]
    """Parties that saw the ledger grow, up to which size, and when."""
    recoveries: tuple[Recovery, ...]
    """Epochs that began because the ledger was shorter than a checkpoint of it."""
    vouched: tuple[PartyId, ...]
    """Parties whose fingerprint nobody gave; the signed contract names it."""


def verify_bundle(lines: Iterable[bytes], fingerprints: Mapping[PartyId, str]) -> Evidence:
    """Check a bundle whole.

    Args:
        lines: Of the file, with their ends.
        fingerprints: Of parties' member documents, as people compared them; at least the ledger's
            keeper's and those of every company whose answers or questions are shown.

    Raises:
        EvidenceError: Naming the first line that does not hold.
        TrustError: A fingerprint is missing or is not the one in the file.
    """
    walk = _Walk(Vouching(fingerprints))
    number = 0
    for read in read_bundle(lines):
        number = read.number
        try:
            walk.take(read)
        except EvidenceError:
            raise
        except (DocumentError, TrustError, LedgerError, ValueError) as error:
            raise EvidenceError(f"line {number} does not hold: {error}", line=number) from error
    return walk.finish(number)


_Document = MemberLine | ContractLine | NoticeLine | RequestLine | ReceiptLine
_ORDER: tuple[tuple[type[Line], ...], ...] = (
    (Header,),
    (MemberLine,),
    (ContractLine,),
    (NoticeLine,),
    (EntryLine, HiddenLine, RequestLine, ReceiptLine),
    (CheckpointLine,),
    (WitnessedLine,),
    (EndLine,),
)
_PLACES = {kind: place for place, kinds in enumerate(_ORDER) for kind in kinds}
_ONCE = frozenset({Header, ContractLine, CheckpointLine, EndLine})


@dataclass(slots=True)
class _Awaited:
    """What must follow an entry before the next one."""

    entry: Entry
    is_request: bool = False
    is_receipt: bool = False


@dataclass(slots=True)
class _Walk:
    vouching: Vouching
    place: int = -1
    """Of the line before, among `_PLACES`."""
    header: Header | None = None
    tree: PrunedTree = field(default_factory=PrunedTree)
    shown: int = 0
    last_at: str = ""
    channels: dict[Channel, tuple[int, int, str]] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    confirmations: Confirmations = field(default_factory=Confirmations)
    awaited: _Awaited | None = None
    heads: Heads | None = None
    is_ended: bool = False

    def take(self, read: ReadLine) -> None:
        """Check one line in the light of those before it."""
        self._in_order(read.line)
        if not isinstance(read.line, RequestLine | ReceiptLine):
            self._nothing_is_awaited()
        match read.line:
            case Header() as header:
                self._begin(header)
            case EntryLine() | HiddenLine() as line:
                self._grow(line)
            case CheckpointLine(note=note):
                self._heads().checkpoint(note, self.tree)
            case WitnessedLine() as line:
                self._heads().witnessed(line)
            case EndLine(envelope=text):
                self._end(_envelope(text), read)
            case line:
                self._document(line)

    def _in_order(self, line: Line) -> None:
        """Hold the lines to their order: what a checkpoint does not cover stands in no file."""
        place = _PLACES[type(line)]
        if place < self.place or (place == self.place and type(line) in _ONCE):
            raise ValueError("it stands out of order, or a second time")
        self.place = place

    def _document(self, line: _Document) -> None:
        """Take a document that companies signed."""
        header, envelope = self._begun(), _envelope(line.envelope)
        match line:
            case MemberLine():
                self.vouching.member(envelope)
            case ContractLine():
                self.vouching.agree(envelope, header.contract)
            case NoticeLine():
                self.vouching.notice(envelope)
            case RequestLine():
                self._request(envelope)
            case ReceiptLine():
                self._receipt(envelope)

    def _grow(self, line: EntryLine | HiddenLine) -> None:
        if isinstance(line, EntryLine):
            self._entry(line)
        else:
            root = _hex(line.root, HASH_BYTES)
            self.tree.hide(Hidden(start=line.start, size=line.size, root=root))

    def finish(self, lines: int) -> Evidence:
        """Step 9: the last line was there."""
        if not self.is_ended or self.header is None or self.heads is None:
            message = f"the file breaks off after line {lines}: its signed end is missing"
            raise EvidenceError(message, line=lines + 1)
        return Evidence(
            header=self.header,
            contract=self.vouching.agreed(),
            notices=tuple(self.vouching.notices),
            entries=self.tree.size,
            shown=self.shown,
            root=self.tree.root().hex(),
            answers=self.answers.all(),
            acknowledged=frozenset(self.confirmations.requests),
            differences=tuple(self.confirmations.differences),
            channels={channel: found[:2] for channel, found in self.channels.items()},
            witnesses=self.heads.witnesses,
            recoveries=tuple(self.heads.recoveries),
            vouched=self.vouching.vouched(),
        )

    def _begin(self, header: Header) -> None:
        """Step 1: the first line says what follows, and no other does."""
        self.header = header
        self.heads = Heads(self.vouching, header.party)
        self.vouching.demand(header.party)

    def _entry(self, line: EntryLine) -> None:
        """Step 5: an entry stands at its index, in time, and continues its channel."""
        if line.index != self.tree.size:
            raise ValueError(f"entry {line.index} stands where {self.tree.size} is due")
        leaf = entry_hash(_hex(line.salt, SALT_BYTES), line.entry.encode())
        entry = parse_entry(line.entry.encode(), index=line.index)
        if entry.index != line.index or entry.at < self.last_at:
            raise ValueError("the entry says another index, or is from before the one ahead of it")
        if entry.link is None:
            self._event(entry)
        else:
            self._channel(entry, leaf)
        self.last_at = entry.at
        self.shown += 1
        self.tree.show(leaf)

    def _event(self, entry: Entry) -> None:
        """A step of the contract's life is shown or an epoch's beginning, and nothing of others."""
        if isinstance(entry.body, Recovered):
            self._heads().recovered(entry, entry.body, self.tree)
            self.confirmations.epoch = entry.body.epoch
        elif (
            not isinstance(entry.body, ContractEvent)
            or entry.body.contract != self.vouching.agreed().id
        ):
            raise ValueError("the entry is about something else than the contract")

    def _channel(self, entry: Entry, leaf: bytes) -> None:
        agreed, header = self.vouching.agreed(), self._begun()
        link = entry.link
        assert link is not None  # noqa: S101  the caller has looked
        channel = link.channel
        sides = {channel.provider, channel.consumer}
        if channel.contract != agreed.id or header.party not in sides:
            raise ValueError("the entry is of another contract, or of others' answers")
        for party in sides - {header.party}:
            if header.counterparty not in {"", party}:
                raise ValueError(f"the entry is about `{party}`, whom the header does not name")
            self.vouching.demand(party)
        before = self.channels.get(channel)
        if before is not None and (link.seq, link.previous) != (before[1] + 1, before[2]):
            raise ValueError("entries of its channel are missing before it")
        first = before[0] if before is not None else link.seq
        self.channels[channel] = (first, link.seq, leaf.hex())
        self.answers.take(entry)
        self._await(entry)

    def _await(self, entry: Entry) -> None:
        """Step 6: what is signed about an entry follows it."""
        awaited = _Awaited(entry)
        match entry.body:
            case Opened(evidence=evidence) | Refused(evidence=evidence):
                awaited.is_request = evidence is RequestEvidence.SIGNED
                self._check_unsigned(entry.body)
            case Closed():
                awaited.is_receipt = True
            case Received(verified=True, receipt=text) | Denied(receipt=text) if text:
                self._hold_receipt(_envelope(text), entry)
            case AcknowledgementSent(document=text) | AcknowledgementCompared(document=text):
                self._acknowledged(_envelope(text), entry)
            case _:
                pass
        self.awaited = awaited

    def _check_unsigned(self, body: Opened | Refused) -> None:
        """Only a contract that takes the connection for it is answered without a signed request."""
        agreed = self.vouching.agreed().contract.evidence.requests
        is_unsigned = body.evidence is not RequestEvidence.SIGNED
        if isinstance(body, Opened) and is_unsigned and agreed is not RequestEvidence.TLS:
            raise ValueError("the contract is answered to signed requests only")

    def _request(self, envelope: Envelope) -> None:
        """The request behind an answer or refusal is the consumer's, and asks for just that."""
        awaited = self.awaited
        if awaited is None or not awaited.is_request:
            raise ValueError("no request is due here")
        entry, awaited.is_request = awaited.entry, False
        body, link = entry.body, entry.link
        assert isinstance(body, Opened | Refused) and link is not None  # noqa: S101, PT018  step 6
        signers = self.vouching.signers(envelope, PayloadType.REQUEST, Purpose.REQUEST)
        if envelope.digest != body.request or link.channel.consumer not in signers:
            raise ValueError("the request is another, or the consumer did not sign it")
        _compare_request(parse_request(envelope.payload), body, link.channel)

    def _receipt(self, envelope: Envelope) -> None:
        awaited = self.awaited
        if awaited is None or not awaited.is_receipt:
            raise ValueError("no receipt is due here")
        awaited.is_receipt = False
        self._hold_receipt(envelope, awaited.entry)

    def _hold_receipt(self, envelope: Envelope, entry: Entry) -> None:
        """A receipt is the provider's, and says of the answer what the entry says."""
        link = entry.link
        assert link is not None  # noqa: S101  only entries of channels have receipts
        signers = self.vouching.signers(envelope, PayloadType.RECEIPT, Purpose.RECEIPT)
        receipt = parse_receipt(envelope.payload)
        if receipt.channel != link.channel or link.channel.provider not in signers:
            raise ValueError("the receipt is about another channel, or not the provider's")
        started = self.answers.request_of(entry)
        if started and receipt.request != started:
            raise ValueError("the receipt is about another request")
        _compare_receipt(receipt, entry)

    def _acknowledged(self, envelope: Envelope, entry: Entry) -> None:
        """What the consumer says of its answers is its own, in order, and about what is shown."""
        signers = self.vouching.signers(envelope, PayloadType.ACKNOWLEDGEMENT, Purpose.RECEIPT)
        self.confirmations.take(entry, envelope, signers=signers, answers=self.answers)

    def _end(self, envelope: Envelope, read: ReadLine) -> None:
        """Step 8: the keeper signed the sum of all lines."""
        header = self._begun()
        if self._heads().head is None:
            raise ValueError("there is no checkpoint before the end")
        signers = self.vouching.signers(envelope, PayloadType.EVIDENCE, Purpose.CHECKPOINT)
        if header.party not in signers or parse_end(envelope.payload) != read.before:
            raise ValueError("the end is not the keeper's, or signs other lines")
        self.is_ended = True

    def _nothing_is_awaited(self) -> None:
        awaited = self.awaited
        if awaited is not None and (awaited.is_request or awaited.is_receipt):
            missing = "request" if awaited.is_request else "receipt"
            raise ValueError(f"the {missing} behind entry {awaited.entry.index} is missing")

    def _heads(self) -> Heads:
        self._begun()
        assert self.heads is not None  # noqa: S101  it is made with the header
        return self.heads

    def _begun(self) -> Header:
        if self.header is None:
            raise ValueError("the header is missing before it")
        return self.header


def _envelope(text: str) -> Envelope:
    return parse_envelope_json(text.encode())


def _hex(text: str, size: int) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != size or value.hex() != text:
        message = f"not {size} bytes in lower-case hex"
        raise ValueError(message)
    return value


def _compare_request(request: Request, body: Opened | Refused, channel: Channel) -> None:
    asked = (request.channel, request.nonce, request.purpose, request.sql)
    if asked != (channel, body.nonce, body.purpose, body.sql):
        raise ValueError("the request asks something else than the entry says")


def _compare_receipt(receipt: Receipt, entry: Entry) -> None:
    body = entry.body
    if isinstance(body, Denied):
        expected = (0, 0, "", Outcome.REFUSED)
    else:
        assert isinstance(body, Closed | Received)  # noqa: S101  no other has a receipt
        expected = (body.rows, body.bytes, body.blake3, Outcome.ANSWERED)
    if (receipt.rows, receipt.bytes, receipt.blake3, receipt.outcome) != expected:
        raise ValueError("the receipt says something else than the entry")
    if isinstance(body, Closed) and receipt.ledger.index != entry.index:
        raise ValueError("the receipt names another entry")
