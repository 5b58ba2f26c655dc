"""Verify one file of evidence from the members' fingerprints alone: no node, no state, no clock.

The steps are those of `docs/spec/evidence.md`; each is a method whose docstring carries its number.
The first line that does not hold stops the check and is named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.documents.envelope import Envelope, PayloadType, parse_envelope_json
from sekisho.errors import DocumentError, EvidenceError, LedgerError, SekishoError, TrustError
from sekisho.ledger.answered import Answer
from sekisho.ledger.bodies import ContractEvent, MemberEvent, Recovered
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
from sekisho.ledger.differences import Difference
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.evidence_answers import SignedAnswers
from sekisho.ledger.evidence_head import Heads, Recovery, Witness
from sekisho.ledger.merkle import HASH_BYTES, SALT_BYTES, entry_hash
from sekisho.ledger.pruned import Hidden, PrunedTree
from sekisho.ledger.revocations import RevokedKey
from sekisho.ledger.vouching import Vouching
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
    revoked: tuple[RevokedKey, ...]
    """Keys that their owners revoked, and which of their signatures hold all the same."""
    vouched: tuple[PartyId, ...]
    """Parties whose fingerprint nobody gave; the signed contract names it."""


def verify_bundle(
    lines: Iterable[bytes],
    fingerprints: Mapping[PartyId, str],
    *,
    documents: tuple[Envelope, ...] = (),
) -> Evidence:
    """Check a bundle whole.

    Args:
        lines: Of the file, with their ends.
        fingerprints: Of parties' member documents, as people compared them; at least the ledger's
            keeper's and those of every company whose answers or questions are shown.
        documents: Newer member documents of companies, each after those that it follows: what they
            revoke is held against the file.

    Raises:
        EvidenceError: Naming the first line that does not hold.
        TrustError: A fingerprint is missing or is not the one in the file.
    """
    walk = _Walk(Vouching(fingerprints, documents))
    number = 0
    for read in read_bundle(lines):
        number = read.number
        try:
            walk.take(read)
        except EvidenceError:
            raise
        except (DocumentError, TrustError, LedgerError, ValueError) as error:
            message = f"line {number} does not hold: {error}"
            hint = error.hint if isinstance(error, SekishoError) else ""
            raise EvidenceError(message, line=number, hint=hint) from error
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
class _Walk:
    vouching: Vouching
    place: int = -1
    """Of the line before, among `_PLACES`."""
    header: Header | None = None
    tree: PrunedTree = field(default_factory=PrunedTree)
    shown: int = 0
    last_at: str = ""
    channels: dict[Channel, tuple[int, int, str]] = field(default_factory=dict)
    signed: SignedAnswers = field(init=False)
    heads: Heads | None = None
    is_ended: bool = False

    def __post_init__(self) -> None:
        self.signed = SignedAnswers(self.vouching)

    def take(self, read: ReadLine) -> None:
        """Check one line in the light of those before it."""
        self._in_order(read.line)
        if not isinstance(read.line, RequestLine | ReceiptLine):
            self.signed.check_complete()
        match read.line:
            case Header() as header:
                self._begin(header)
            case EntryLine() as line:
                self._entry(line, number=read.number)
            case HiddenLine() as line:
                root = _hex(line.root, HASH_BYTES)
                self.tree.hide(Hidden(start=line.start, size=line.size, root=root))
            case CheckpointLine(note=note):
                self._heads().checkpoint(note, self.tree)
            case WitnessedLine() as line:
                self._heads().witnessed(line)
            case EndLine(envelope=text):
                self._end(_envelope(text), read)
            case line:
                self._document(line, number=read.number)

    def _in_order(self, line: Line) -> None:
        """Hold the lines to their order: what a checkpoint does not cover stands in no file."""
        place = _PLACES[type(line)]
        if place < self.place or (place == self.place and type(line) in _ONCE):
            raise ValueError("it stands out of order, or a second time")
        self.place = place

    def _document(self, line: _Document, *, number: int) -> None:
        """Take a document that companies signed."""
        header, envelope = self._begun(), _envelope(line.envelope)
        match line:
            case MemberLine():
                self.vouching.member(envelope)
            case ContractLine():
                self.vouching.agree(envelope, header.contract, line=number)
            case NoticeLine():
                self.vouching.notice(envelope, line=number)
            case RequestLine():
                self.signed.request(envelope, line=number)
            case ReceiptLine():
                self.signed.receipt(envelope, line=number)

    def finish(self, lines: int) -> Evidence:
        """Step 9: the last line was there."""
        if not self.is_ended or self.header is None or self.heads is None:
            message = f"the file breaks off after line {lines}: its signed end is missing"
            raise EvidenceError(message, line=lines + 1)
        self._check_revoked(self.heads)
        confirmations = self.signed.confirmations
        return Evidence(
            header=self.header,
            contract=self.vouching.agreed(),
            notices=tuple(self.vouching.notices),
            entries=self.tree.size,
            shown=self.shown,
            root=self.tree.root().hex(),
            answers=self.signed.answers.all(),
            acknowledged=frozenset(confirmations.requests),
            differences=tuple(confirmations.differences),
            channels={channel: found[:2] for channel, found in self.channels.items()},
            witnesses=self.heads.witnesses,
            recoveries=tuple(self.heads.recoveries),
            revoked=tuple(self.vouching.revocations.report(self.heads.seen_before)),
            vouched=self.vouching.vouched(),
        )

    def _check_revoked(self, heads: Heads) -> None:
        """Section 4: no signature rests on a revoked key without its place being proven."""
        if (undated := self.vouching.undated()) is not None:
            party, line = undated
            message = (
                f"line {line} does not hold: `{party}` has revoked the key that signed it, and no"
                " entry says that it was recorded before"
            )
            raise EvidenceError(message, line=line)
        found = self.vouching.revocations.unproven(heads.seen_before)
        if found is not None:
            document, place = found
            message = (
                f"line {place.line} does not hold: version {document.member.version} of"
                f" `{document.party}` revokes the key that signed it, no entry records that"
                f" document, and nobody else had seen entry {place.index} before"
            )
            hint = "get a newer file from its keeper, whose node has recorded the document by then"
            raise EvidenceError(message, line=place.line, hint=hint)

    def _begin(self, header: Header) -> None:
        """Step 1: the first line says what follows, and no other does."""
        self.header = header
        self.heads = Heads(self.vouching, header.party)
        self.vouching.demand(header.party)

    def _entry(self, line: EntryLine, *, number: int) -> None:
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
            self.signed.take(entry, line=number)
        self.last_at = entry.at
        self.shown += 1
        self.tree.show(leaf)

    def _event(self, entry: Entry) -> None:
        """A step of the contract's life, a revocation or an epoch's beginning, and nothing else."""
        match entry.body:
            case Recovered() as body:
                self._heads().recovered(entry, body, self.tree)
                self.signed.confirmations.epoch = body.epoch
            case MemberEvent() as body if self.vouching.revocations.take(entry, body):
                pass
            case ContractEvent() as body if body.contract == self.vouching.agreed().id:
                self.vouching.date(entry, body)
            case _:
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

    def _end(self, envelope: Envelope, read: ReadLine) -> None:
        """Step 8: the keeper signed the sum of all lines."""
        header = self._begun()
        if self._heads().head is None:
            raise ValueError("there is no checkpoint before the end")
        signers = self.vouching.signers_now(envelope, PayloadType.EVIDENCE, Purpose.CHECKPOINT)
        if header.party not in signers or parse_end(envelope.payload) != read.before:
            raise ValueError("the end is not the keeper's, or signs other lines")
        self.is_ended = True

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
