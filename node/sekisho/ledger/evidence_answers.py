"""What companies signed about the answers in a file of evidence: it follows the entries, and fits.

Step 6 of `docs/spec/evidence.md`; `evidence` walks the lines and asks here about these.
"""

from dataclasses import dataclass, field

from sekisho.documents.envelope import Envelope, PayloadType, parse_envelope_json
from sekisho.ledger.answered import Answers
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Closed,
    Denied,
    Opened,
    Received,
    Refused,
)
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.entry import Entry
from sekisho.ledger.fitting import check_receipt, check_request
from sekisho.ledger.receipt import parse_receipt
from sekisho.ledger.request import parse_request
from sekisho.ledger.revocations import Place
from sekisho.ledger.vouching import Vouching
from sekisho.model.contract import RequestEvidence
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId


@dataclass(slots=True)
class _Awaited:
    """What must follow an entry before the next one."""

    entry: Entry
    is_request: bool = False
    is_receipt: bool = False


@dataclass(slots=True)
class SignedAnswers:
    """Requests, receipts and acknowledgements, entry by entry."""

    vouching: Vouching
    answers: Answers = field(default_factory=Answers)
    confirmations: Confirmations = field(default_factory=Confirmations)
    _awaited: _Awaited | None = None

    def take(self, entry: Entry, *, line: int) -> None:
        """Take the next entry of a channel, and what it holds itself."""
        self.answers.take(entry)
        awaited = _Awaited(entry)
        match entry.body:
            case Opened(evidence=evidence) | Refused(evidence=evidence):
                awaited.is_request = evidence is RequestEvidence.SIGNED
                self._check_unsigned(entry.body)
            case Closed():
                awaited.is_receipt = True
            case Received(verified=True, receipt=text) | Denied(receipt=text) if text:
                self._hold_receipt(parse_envelope_json(text.encode()), entry, line=line)
            case AcknowledgementSent(document=text) | AcknowledgementCompared(document=text):
                self._acknowledged(parse_envelope_json(text.encode()), entry, line=line)
            case _:
                pass
        self._awaited = awaited

    def request(self, envelope: Envelope, *, line: int) -> None:
        """The request behind an answer or refusal is the consumer's, and asks for just that."""
        awaited = self._awaited
        if awaited is None or not awaited.is_request:
            raise ValueError("no request is due here")
        entry, awaited.is_request = awaited.entry, False
        body, link = entry.body, entry.link
        assert isinstance(body, Opened | Refused) and link is not None  # noqa: S101, PT018  step 6
        signers = self._signers(envelope, PayloadType.REQUEST, entry, line=line)
        if envelope.digest != body.request or link.channel.consumer not in signers:
            raise ValueError("the request is another, or the consumer did not sign it")
        check_request(parse_request(envelope.payload), body, link.channel)

    def receipt(self, envelope: Envelope, *, line: int) -> None:
        """The receipt behind a whole answer, which its provider has sealed for the file."""
        awaited = self._awaited
        if awaited is None or not awaited.is_receipt:
            raise ValueError("no receipt is due here")
        awaited.is_receipt = False
        self._hold_receipt(envelope, awaited.entry, line=line)

    def check_complete(self) -> None:
        """Refuse to go on while something is missing."""
        awaited = self._awaited
        if awaited is not None and (awaited.is_request or awaited.is_receipt):
            missing = "request" if awaited.is_request else "receipt"
            raise ValueError(f"the {missing} behind entry {awaited.entry.index} is missing")

    def _check_unsigned(self, body: Opened | Refused) -> None:
        """Only a contract that takes the connection for it is answered without a signed request."""
        agreed = self.vouching.agreed().contract.evidence.requests
        is_unsigned = body.evidence is not RequestEvidence.SIGNED
        if isinstance(body, Opened) and is_unsigned and agreed is not RequestEvidence.TLS:
            raise ValueError("the contract is answered to signed requests only")

    def _hold_receipt(self, envelope: Envelope, entry: Entry, *, line: int) -> None:
        """A receipt is the provider's, and says of the answer what the entry says."""
        link = entry.link
        assert link is not None  # noqa: S101  only entries of channels have receipts
        signers = self._signers(envelope, PayloadType.RECEIPT, entry, line=line)
        if link.channel.provider not in signers:
            raise ValueError("the receipt is not the provider's")
        receipt = parse_receipt(envelope.payload)
        check_receipt(receipt, entry, request=self.answers.request_of(entry))

    def _acknowledged(self, envelope: Envelope, entry: Entry, *, line: int) -> None:
        """What the consumer says of its answers is its own, in order, and about what is shown."""
        signers = self._signers(envelope, PayloadType.ACKNOWLEDGEMENT, entry, line=line)
        self.confirmations.take(entry, envelope, signers=signers, answers=self.answers)

    def _signers(
        self, envelope: Envelope, kind: PayloadType, entry: Entry, *, line: int
    ) -> frozenset[PartyId]:
        purpose = Purpose.REQUEST if kind is PayloadType.REQUEST else Purpose.RECEIPT
        return self.vouching.revocations.signers(
            envelope,
            kind,
            purpose,
            place=Place(index=entry.index, at=entry.at, line=line),
            is_sealed_anew=isinstance(entry.body, Closed),
        )
