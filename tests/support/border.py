"""What tests at a node's border look at: what a node refused, and that nothing changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sekisho.documents.envelope import Envelope
from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.ledger.bodies import Refused
from support.asking import fetch
from support.nodes import Companies, Company

SQL = "SELECT count(*) AS n FROM flights"


def offer(companies: Companies, envelope: Envelope, *, by: str, to: str) -> None:
    """Deliver a contract as one company's node does to another's."""
    peer = companies[by].peer_at(companies[to])
    try:
        peer.deliver_contract(envelope)
    finally:
        peer.close()


@contextmanager
def unchanged(company: Company) -> Iterator[None]:
    """The block leaves the company's ledger as it was."""
    with company.records() as records:
        before = records.ledger.head()
    yield
    with company.records() as records:
        assert records.ledger.head() == before


@contextmanager
def not_believed(company: Company) -> Iterator[None]:
    """The block ends in fixed words that say nothing, and changes nothing."""
    with unchanged(company), pytest.raises(SekishoError) as failed:
        yield
    assert failed.value.message in {
        "not believed; the reason is in this node's log",
        "the message or a document in it cannot be read",
    }
    assert not failed.value.hint


def refused(companies: Companies, contract: str, *, by: str = "maker") -> RefusalReason:
    """Ask the first provider, which must refuse and keep an entry of it; gives the reason."""
    ua = companies["ua"]
    with pytest.raises(Refusal) as failed:
        fetch(companies[by], ua, contract, SQL)
    with ua.records() as records:
        body = records.ledger.get(records.ledger.head().size - 1).body
    assert isinstance(body, Refused)
    assert body.reason == failed.value.reason
    return failed.value.reason
