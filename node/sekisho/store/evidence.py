"""Checks a node's evidence whole: its ledger, and every signature that the ledger speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.documents.envelope import Envelope, PayloadType, parse_envelope_json
from sekisho.errors import DocumentError, LedgerError, TrustError
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Asked,
    Body,
    Closed,
    Denied,
    Opened,
    Received,
    Recovered,
    Refused,
)
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.entry import Channel, Entry, Link
from sekisho.ledger.note import parse_note
from sekisho.ledger.receipt import Outcome, Receipt, parse_receipt
from sekisho.ledger.recounting import Recount
from sekisho.ledger.verify import LedgerReport
from sekisho.ledger.witnessing import believe_checkpoint, believe_cosignature
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.store.checkpoints import Cosignature, kept_checkpoint
from sekisho.store.state import Records
from sekisho.trust.keyring import Members
from sekisho.trust.verify import verify_recorded

_PURPOSES = {
    PayloadType.RECEIPT: Purpose.RECEIPT,
    PayloadType.REQUEST: Purpose.REQUEST,
    PayloadType.ACKNOWLEDGEMENT: Purpose.RECEIPT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReport:
    """What evidence that holds was found to contain."""

    ledger: LedgerReport
    receipts: int
    """Of other companies' nodes, refusals among them, whose signatures hold."""
    requests: int
    """Of other companies' nodes, whose signatures hold."""
    acknowledgements: int
    """Sent and taken over, whose signatures hold, without a gap that was not named."""
    cosignatures: int
    """Of neighbours that saw this ledger grow."""
    doubted: tuple[int, ...]
    """Entries that say themselves that their receipt did not verify when it came."""


def verify_evidence(records: Records, members: Members, *, party: PartyId) -> EvidenceReport:
    """Check every entry, request, receipt and cosignature, and what limits have counted.

    The node may go on meanwhile, and prune.

    Args:
        records: The node's state.
        members: The companies that the node knows, itself among them.
        party: This node's.

    Raises:
        LedgerError: With the index of the first entry that does not hold, or whose request or
            receipt is missing, altered, or signed by nobody who may; without one where a counter
            does not follow from the entries.
    """
    # Before the entries are read: all that it is to follow from is among them.
    recount = records.recount()
    report = records.ledger.verify()
    check = _Check(records, members, recount)
    doubted = tuple(check.all(report.size))
    recount.check()
    return EvidenceReport(
        ledger=report,
        receipts=check.receipts,
        requests=check.requests,
        acknowledgements=check.confirmations.count,
        doubted=doubted,
        cosignatures=_check_cosignatures(records, members, party=party, size=report.size),
    )


def _check_cosignatures(records: Records, members: Members, *, party: PartyId, size: int) -> int:
    """Every neighbour's cosignature holds, and is of a checkpoint from which the ledger grew."""
    found = records.checkpoints.cosignatures()
    for item in found:
        try:
            _check_cosignature(item, members, party=party)
        except (TrustError, DocumentError) as error:
            raise LedgerError(
                f"a cosignature of `{item.party}` does not hold: {error.message}"
            ) from error
        root = kept_checkpoint(item.note, party).checkpoint.root
        # One that came in after the ledger was read is of a larger ledger.
        if item.size <= size and records.tree.root(item.size) != root:
            raise LedgerError(
                f"`{item.party}` cosigned a ledger of {item.size} entries that this one does not"
                " begin with",
                hint="keep the state folder as it is; see docs/guide/recovering.md",
            )
    return len(found)


def _check_cosignature(item: Cosignature, members: Members, *, party: PartyId) -> None:
    keys = members.keys_ever(party, Purpose.CHECKPOINT)
    own = believe_checkpoint(item.note, party=party, keys=keys)
    if (own.size, own.epoch) != (item.size, item.epoch):
        raise TrustError("it is of another checkpoint", step="checkpoint.size")
    keys = members.keys_ever(item.party, Purpose.CHECKPOINT)
    lines = item.note.removeprefix(f"{parse_note(item.note).text}\n")
    believe_cosignature(own, lines, party=item.party, keys=keys)


class _Check:
    def __init__(self, records: Records, members: Members, recount: Recount) -> None:
        self._records = records
        self._recount = recount
        self._members = members
        self._asked: dict[int, str] = {}
        """Digests of requests by the entry that asked, until that is ended."""
        self._opened: dict[int, str] = {}
        self.confirmations = Confirmations()
        self.receipts = 0
        self.requests = 0

    def all(self, size: int) -> Iterator[int]:
        """Check the entries' signatures; give those that say that theirs did not verify."""
        for entry in self._records.ledger.entries(0, size):
            self._recount.take(entry)
            try:
                is_doubted = self._entry(entry)
            except (TrustError, DocumentError) as error:
                if self._is_pruned_since(size, entry.link):
                    continue
                message = f"entry {entry.index} has evidence that does not hold: {error.message}"
                raise LedgerError(message, index=entry.index) from error
            if is_doubted:
                yield entry.index
        for entry in self._records.ledger.entries(size):
            self._recount.take(entry)

    def _is_pruned_since(self, size: int, link: Link | None) -> bool:
        """Whether what an entry names may have been deleted after the entries were checked."""
        return link is not None and link.channel.contract in self._records.pruning.contracts(size)

    def _entry(self, entry: Entry) -> bool:
        body, link = entry.body, entry.link
        if isinstance(body, Recovered):
            self.confirmations.epoch = body.epoch
        if link is None or self._is_of_pruned(body):
            return False
        match body:
            case Asked():
                self._asked[entry.index] = body.request
            case Received():
                request = self._asked.pop(body.ends, "")
                if not body.verified:
                    return True
                receipt = self._receipt(body.receipt, link.channel, request)
                _compare(receipt, (body.rows, body.bytes, body.blake3), Outcome.ANSWERED)
            case Denied(receipt=text) if text:
                receipt = self._receipt(text, link.channel, self._asked.pop(body.ends, ""))
                _compare(receipt, (0, 0, ""), Outcome.REFUSED)
            case Opened() | Refused():
                self._request(body, link.channel)
                self._opened[entry.index] = body.request
            case Closed():
                self._own_receipt(self._opened.pop(body.ends, ""), body)
            case AcknowledgementSent(document=text) | AcknowledgementCompared(document=text):
                self._acknowledged(text, entry, by=link.channel.consumer)
            case _:
                self._forget(getattr(body, "ends", -1))
        return False

    def _is_of_pruned(self, body: Body) -> bool:
        """Whether an end's start was pruned: the ledger holds, so nothing else can be behind it."""
        ends = getattr(body, "ends", None)
        return ends is not None and ends not in self._asked and ends not in self._opened

    def _forget(self, index: int) -> None:
        self._asked.pop(index, None)
        self._opened.pop(index, None)

    def _receipt(self, text: str, channel: Channel, request: str) -> Receipt:
        """A receipt that came is the provider's, and about what was asked."""
        envelope = parse_envelope_json(text.encode(), name="receipt")
        self._signed(envelope, PayloadType.RECEIPT, by=channel.provider)
        receipt = parse_receipt(envelope.payload)
        if receipt.channel != channel or receipt.request != request:
            raise TrustError("the receipt is about another request", step="receipt.request")
        self.receipts += 1
        return receipt

    def _request(self, body: Opened | Refused, channel: Channel) -> None:
        """A request that was answered or refused is the consumer's, where contracts ask for it."""
        stored = self._records.requests.by_digest(body.request)
        if stored is None:
            raise TrustError("its request is missing", step="request.missing")
        if not stored.envelope:
            return
        envelope = parse_envelope_json(stored.envelope, name="request")
        if envelope.digest != body.request:
            raise TrustError("its request was altered", step="request.digest")
        self._signed(envelope, PayloadType.REQUEST, by=channel.consumer)
        self.requests += 1

    def _acknowledged(self, text: str, entry: Entry, *, by: PartyId) -> None:
        """What a consumer says of its answers is its own, and follows what it said before."""
        envelope = parse_envelope_json(text.encode(), name="acknowledgement")
        self._signed(envelope, PayloadType.ACKNOWLEDGEMENT, by=by)
        self.confirmations.take(entry, envelope, signers=(by,))

    def _own_receipt(self, request: str, body: Closed) -> None:
        """The receipt that is given again, should the request come again, says the same."""
        stored = self._records.requests.by_digest(request)
        if stored is None or stored.receipt is None:
            raise TrustError("its receipt is missing", step="receipt.missing")
        receipt = parse_receipt(stored.receipt)
        _compare(receipt, (body.rows, body.bytes, body.blake3), Outcome.ANSWERED)

    def _signed(self, envelope: Envelope, kind: PayloadType, *, by: PartyId) -> None:
        signers = verify_recorded(
            envelope, payload_type=kind, purpose=_PURPOSES[kind], members=self._members
        )
        if by not in signers:
            raise TrustError(f"`{by}` did not sign it", step="signature.party")


def _compare(receipt: Receipt, counted: tuple[int, int, str], outcome: Outcome) -> None:
    said = (receipt.rows, receipt.bytes, receipt.blake3)
    if said != counted or receipt.outcome is not outcome:
        raise TrustError("its receipt says something else", step="receipt.counts")
