"""What a provider signs about its answer, held to that provider's keys."""

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import PeerError, SekishoError
from sekisho.ledger.receipt import Opening, Receipt, parse_opening, parse_receipt
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server.parts import Parts
from sekisho.trust.verify import verify_signatures


class AnswerVerifier:
    """Holds statements to one provider's `receipt` keys."""

    def __init__(self, parts: Parts, provider: PartyId) -> None:
        """Believe one provider."""
        self._parts = parts
        self._provider = provider

    def __call__(self, envelope: Envelope) -> Opening | Receipt:
        """Verify and parse an opening or a receipt.

        Raises:
            PeerError: It is not the provider's.
        """
        is_opening = envelope.payload_type == PayloadType.OPENING
        try:
            signers = verify_signatures(
                envelope,
                payload_type=PayloadType.OPENING if is_opening else PayloadType.RECEIPT,
                purpose=Purpose.RECEIPT,
                members=self._parts.members(),
                now=self._parts.now(),
            )
            statement = (
                parse_opening(envelope.payload) if is_opening else parse_receipt(envelope.payload)
            )
        except SekishoError as error:
            raise self._unbelieved(error.message) from error
        if self._provider not in signers:
            raise self._unbelieved("another party signed it")
        return statement

    def _unbelieved(self, why: str) -> PeerError:
        return PeerError(
            f"an opening or receipt of `{self._provider}` does not hold: {why}",
            party=self._provider,
            hint="ask its operator for the newest member document",
        )
