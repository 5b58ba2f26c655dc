"""Whether a request or a receipt says of an answer what the ledger's entry says."""

from sekisho.errors import TrustError
from sekisho.ledger.bodies import Closed, Denied, Opened, Received, Refused
from sekisho.ledger.entry import Channel, Entry
from sekisho.ledger.receipt import Outcome, Receipt
from sekisho.ledger.request import Request


def check_request(request: Request, body: Opened | Refused, channel: Channel) -> None:
    """Hold a request to the entry that answers or refuses it.

    Raises:
        TrustError: It asks something else.
    """
    asked = (request.channel, request.nonce, request.purpose, request.sql)
    if asked != (channel, body.nonce, body.purpose, body.sql):
        raise TrustError(
            "the request asks something else than the entry says", step="request.asked"
        )


def check_receipt(receipt: Receipt, entry: Entry, *, request: str) -> None:
    """Hold a receipt to the entry that ends the answer.

    Args:
        receipt: Signed by whoever may.
        entry: Of the provider's ledger or the consumer's.
        request: Digest of what was asked; empty where the entry that says so is not at hand.

    Raises:
        TrustError: It is about another answer, or says something else of this one.
    """
    body, link = entry.body, entry.link
    if link is None or not isinstance(body, Closed | Received | Denied):
        message = "only what ends an answer has a receipt"
        raise ValueError(message)
    if receipt.channel != link.channel or (request and receipt.request != request):
        raise TrustError("the receipt is about another request", step="receipt.request")
    expected = (0, 0, "", Outcome.REFUSED)
    if not isinstance(body, Denied):
        expected = (body.rows, body.bytes, body.blake3, Outcome.ANSWERED)
    if (receipt.rows, receipt.bytes, receipt.blake3, receipt.outcome) != expected:
        raise TrustError("the receipt says something else than the entry", step="receipt.counts")
    if isinstance(body, Closed) and receipt.ledger.index != entry.index:
        raise TrustError("the receipt names another entry", step="receipt.entry")
