"""What a provider signs about its answer, held to that provider's keys."""

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import PeerError, SekishoError
from sekisho.ledger.receipt import Opening, Receipt, parse_opening, parse_receipt
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server.parts import Parts
from sekisho.trust.keys import public_of_id
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


def is_good_still(envelope: Envelope, parts: Parts) -> bool:
    """Tell of a statement that was verified whether its key has been revoked meanwhile.

    What a node records behind the revocation must not rest on it.
    """
    members = parts.members()
    return not any(members.is_revoked(public_of_id(item.key_id)) for item in envelope.signatures)
