"""A company's own signature that does not come through its own command line.

expect: `agreeing` takes no signature or proposal of its people below its floors, whoever hands it
    in; one that another node brings is kept and not served (answering step 2, SUSPENDED)
effect: no entry for what was not taken; no byte for what was
source: DESIGN 8: not signed and not served; the node decides, not the command line
"""

import pytest

from sekisho.client.steward import connect_steward
from sekisho.documents.envelope import PayloadType, sign
from sekisho.errors import NodeError, RefusalReason
from support.border import offer, refused, unchanged
from support.flights import flights_section, write_flights
from support.guardrails import guard
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

BOTH = "grants[0].access: `access` is rows, and guardrails/floors.yaml:4 requires private"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A provider whose guardrail lets no rows out, and a consumer."""
    root = tmp_path_factory.mktemp("guarded")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet")
        guard(companies.found("ua", flights_section(path)), "require: {access: [private]}")
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


def _steward(company):
    folder = company.folder
    return connect_steward(
        company.config.listen.users,
        token=folder.token("operator"),
        ca=folder.certificate("anchor"),
    )


def test_a_signature_that_is_handed_straight_to_the_node_is_not_taken(guarded):
    payload = guarded.proposal(contract_text())
    envelope = guarded.signed_by(payload, "maker")
    offer(guarded, envelope, by="maker", to="ua")
    mine = sign(payload, PayloadType.CONTRACT, guarded["ua"].signer)
    with (
        unchanged(guarded["ua"]),
        _steward(guarded["ua"]) as steward,
        pytest.raises(NodeError) as failed,
    ):
        steward.sign(envelope.digest, mine)
    assert failed.value.message == f"contract: {BOTH}"
    assert "rule `r0`: It must be so." in failed.value.hint
    assert refused(guarded, envelope.digest) is RefusalReason.NOT_IN_FORCE


def test_a_proposal_that_is_handed_straight_to_the_node_is_not_taken(guarded):
    envelope = guarded.signed_by(guarded.proposal(contract_text()), "ua")
    with (
        unchanged(guarded["ua"]),
        _steward(guarded["ua"]) as steward,
        pytest.raises(NodeError, match="requires private"),
    ):
        steward.propose(envelope)


def test_a_signature_that_another_node_brings_makes_no_contract_that_is_served(guarded):
    envelope = guarded.signed_by(guarded.proposal(contract_text()), "ua", "maker")
    offer(guarded, envelope, by="maker", to="ua")
    assert refused(guarded, envelope.digest) is RefusalReason.SUSPENDED
    assert BOTH in guarded["ua"].run("status").out


def test_a_contract_below_the_compiled_in_floors_is_not_signed_by_a_consumer_either(guarded):
    columns = "{origin: {use: [group]}, departure_delay: {use: [measure]}}"
    text = contract_text(columns=columns).replace(
        "access: rows",
        "access: aggregate\n    privacy_units: [tail_number]\n    disclosure: {minimum_units: 2}",
    )
    envelope = guarded.signed_by(guarded.proposal(text), "maker")
    with (
        unchanged(guarded["maker"]),
        _steward(guarded["maker"]) as steward,
        pytest.raises(NodeError, match="every node's own floor is 3"),
    ):
        steward.propose(envelope)
