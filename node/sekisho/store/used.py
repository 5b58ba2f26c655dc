"""Reads what was used under a contract out of a node's state, from both of its sides."""

from collections.abc import Iterator

from sekisho.documents.envelope import parse_envelope_json
from sekisho.ledger.bodies import Denied, Failed, Interrupted, Received
from sekisho.ledger.entry import Channel, Entry
from sekisho.ledger.receipt import Outcome, parse_receipt
from sekisho.ledger.usage import Used
from sekisho.model.names import ContractId, PartyId
from sekisho.store.state import Records


def used_under(records: Records, contract: ContractId, *, party: PartyId) -> Iterator[Used]:
    """Give every answer and refusal that has ended, given or got.

    Args:
        records: The node's.
        contract: Which.
        party: The node's own: what it got is in its entries, what it gave in its receipts.

    Raises:
        LedgerError: An entry cannot be read.
    """
    for receipt in records.requests.receipts(contract):
        yield Used.from_receipt(parse_receipt(receipt))
    for entry in records.ledger.entries():
        channel = entry.link.channel if entry.link else None
        if channel is not None and (channel.contract, channel.consumer) == (contract, party):
            yield from _got(entry, channel)


def _got(entry: Entry, channel: Channel) -> Iterator[Used]:
    match entry.body:
        case Received(receipt=text) | Denied(receipt=text) if text:
            envelope = parse_envelope_json(text.encode(), name="receipt")
            yield Used.from_receipt(parse_receipt(envelope.payload))
        case Failed() | Interrupted():
            yield Used(channel=channel, at=entry.at, outcome=Outcome.CUT)
        case _:
            pass
