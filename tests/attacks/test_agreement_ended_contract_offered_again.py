"""A terminated contract whose old envelope, with every signature, is offered again.

expect: `agreeing` refuses it (step contract.ended); answering step 2 refuses the query
effect: an old envelope never comes back, not even after a restart
source: DESIGN 4.2; docs/spec/lifecycle.md
"""

import pytest

from sekisho.errors import RefusalReason
from support.asking import fetch
from support.border import SQL, not_believed, offer, refused
from support.nodes import contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.mark.parametrize("by", ["ua", "maker"])
def test_a_terminated_contract_never_comes_back(three, by):
    contract = three.agree(contract_text())
    assert fetch(three["maker"], three["ua"], contract, SQL).num_rows == 1
    with three["maker"].records() as records:
        envelope = records.contracts.get(contract).envelope
    assert len(envelope.signatures) == 2
    ended = three[by].run("contract", "terminate", contract, "--reason", "enough")
    assert ended.code == 0, ended.err
    assert refused(three, contract) is RefusalReason.NOT_IN_FORCE
    with not_believed(three["ua"]):
        offer(three, envelope, by="maker", to="ua")
    resumed = three["ua"].run("contract", "resume", contract, "--reason", "again")
    signed = three["ua"].run("contract", "sign", contract)
    assert (resumed.code, signed.code) != (0, 0)
    assert refused(three, contract) is RefusalReason.NOT_IN_FORCE
    assert three["ua"].stop() == 0
    three["ua"].process.stdout.close()
    three["ua"].start().wait_ready()
    with not_believed(three["ua"]):
        offer(three, envelope, by="maker", to="ua")
    assert refused(three, contract) is RefusalReason.NOT_IN_FORCE


def test_a_rejected_proposal_never_comes_into_force(three):
    path = three.root / "rejected.contract.yaml"
    path.write_text(contract_text())
    contract = three["maker"].run("contract", "propose", str(path)).out.strip()
    assert three["ua"].run("contract", "reject", contract, "--reason", "no").code == 0
    with three["maker"].records() as records:
        payload = records.contracts.get(contract).payload
    with not_believed(three["ua"]):
        offer(three, three.signed_by(payload, "ua", "maker"), by="maker", to="ua")
    assert refused(three, contract) is RefusalReason.NOT_IN_FORCE
