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
    MemberEvent,
    Opened,
    Received,
    Recovered,
    Refused,
)
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.entry import Channel, Entry, Link
from sekisho.ledger.fitting import check_receipt, check_request
from sekisho.ledger.note import parse_note
from sekisho.ledger.receipt import parse_receipt
from sekisho.ledger.recounting import Recount
from sekisho.ledger.request import parse_request
from sekisho.ledger.revocations import Place, Revocations, RevokedKey
from sekisho.ledger.verify import LedgerReport
from sekisho.ledger.witnessing import believe_checkpoint, believe_cosignature
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.store.checkpoints import Cosignature, kept_checkpoint
from sekisho.store.state import Records
from sekisho.trust.keyring import Members, TrustedMember

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
    revoked: tuple[RevokedKey, ...]
    """Keys that their owners revoked, and how many of their signatures hold all the same."""
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
        revoked=check.revoked(),
        doubted=doubted,
        cosignatures=_check_cosignatures(records, check.revocations, party=party, size=report.size),
    )


def _check_cosignatures(
    records: Records, revocations: Revocations, *, party: PartyId, size: int
) -> int:
    """Every neighbour's cosignature holds, and is of a checkpoint from which the ledger grew."""
    found = records.checkpoints.cosignatures()
    for item in found:
        try:
            _check_cosignature(item, revocations, party=party)
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


def _check_cosignature(item: Cosignature, revocations: Revocations, *, party: PartyId) -> None:
    # The node's own key may be revoked since: the root is compared with its own ledger's.
    keys = revocations.members.keys_with_revoked(party, Purpose.CHECKPOINT)
    own = believe_checkpoint(item.note, party=party, keys=keys)
    if (own.size, own.epoch) != (item.size, item.epoch):
        raise TrustError("it is of another checkpoint", step="checkpoint.size")
    keys = revocations.members.keys_with_revoked(item.party, Purpose.CHECKPOINT)
    ahead = (public for public in keys if revocations.is_ahead(public, item.size))
    lines = item.note.removeprefix(f"{parse_note(item.note).text}\n")
    believe_cosignature(own, lines, party=item.party, keys=ahead)


class _Check:
    def __init__(self, records: Records, members: Members, recount: Recount) -> None:
        self._records = records
        self._recount = recount
        self.revocations = Revocations(members)
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

    def revoked(self) -> tuple[RevokedKey, ...]:
        """Name the revoked keys, once no signature rests on one whose revocation is not recorded.

        Raises:
            LedgerError: One does: the ledger does not show that it was recorded before.
        """
        found = self.revocations.unproven(_nothing)
        if found is not None:
            document, place = found
            raise LedgerError(
                f"entry {place.index} rests on a key that version {document.member.version} of"
                f" `{document.party}` revokes, and no entry records that document",
                index=place.index,
            )
        return tuple(self.revocations.report(_nothing))

    def _event(self, entry: Entry) -> None:
        if isinstance(entry.body, Recovered):
            self.confirmations.epoch = entry.body.epoch
        elif isinstance(entry.body, MemberEvent):
            self.revocations.take(entry, entry.body)

    def _entry(self, entry: Entry) -> bool:
        body, link = entry.body, entry.link
        if link is None:
            self._event(entry)
            return False
        if self._is_of_pruned(body):
            return False
        match body:
            case Asked():
                self._asked[entry.index] = body.request
            case Received():
                request = self._asked.pop(body.ends, "")
                if not body.verified:
                    return True
                self._receipt(body.receipt, entry, request=request)
            case Denied(receipt=text) if text:
                self._receipt(text, entry, request=self._asked.pop(body.ends, ""))
            case Opened() | Refused():
                self._request(body, link.channel, entry)
                self._opened[entry.index] = body.request
            case Closed():
                self._own_receipt(self._opened.pop(body.ends, ""), entry)
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

    def _receipt(self, text: str, entry: Entry, *, request: str) -> None:
        """A receipt that came is the provider's, and about what was asked."""
        link = entry.link
        assert link is not None  # noqa: S101  ends stand in channels
        envelope = parse_envelope_json(text.encode(), name="receipt")
        self._signed(envelope, PayloadType.RECEIPT, entry, by=link.channel.provider)
        check_receipt(parse_receipt(envelope.payload), entry, request=request)
        self.receipts += 1

    def _request(self, body: Opened | Refused, channel: Channel, entry: Entry) -> None:
        """A request that was answered or refused is the consumer's, where contracts ask for it."""
        stored = self._records.requests.by_digest(body.request)
        if stored is None:
            raise TrustError("its request is missing", step="request.missing")
        if not stored.envelope:
            return
        envelope = parse_envelope_json(stored.envelope, name="request")
        if envelope.digest != body.request:
            raise TrustError("its request was altered", step="request.digest")
        self._signed(envelope, PayloadType.REQUEST, entry, by=channel.consumer)
        check_request(parse_request(envelope.payload), body, channel)
        self.requests += 1

    def _acknowledged(self, text: str, entry: Entry, *, by: PartyId) -> None:
        """What a consumer says of its answers is its own, and follows what it said before."""
        envelope = parse_envelope_json(text.encode(), name="acknowledgement")
        self._signed(envelope, PayloadType.ACKNOWLEDGEMENT, entry, by=by)
        self.confirmations.take(entry, envelope, signers=(by,))

    def _own_receipt(self, request: str, entry: Entry) -> None:
        """The receipt that is given again, should the request come again, says the same."""
        stored = self._records.requests.by_digest(request)
        if stored is None or stored.receipt is None:
            raise TrustError("its receipt is missing", step="receipt.missing")
        check_receipt(parse_receipt(stored.receipt), entry, request=request)

    def _signed(self, envelope: Envelope, kind: PayloadType, entry: Entry, *, by: PartyId) -> None:
        signers = self.revocations.signers(
            envelope, kind, _PURPOSES[kind], place=Place(index=entry.index, at=entry.at)
        )
        if by not in signers:
            raise TrustError(f"`{by}` did not sign it", step="signature.party")


def _nothing(_document: TrustedMember) -> int:
    """A node's own ledger is its own word: what others saw of it is looked at by itself."""
    return 0
