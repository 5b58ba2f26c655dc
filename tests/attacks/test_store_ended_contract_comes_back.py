"""A contract that has ended is offered again after its document was removed.

expect: step contract.ended
effect: a terminated contract serves data once more
source: DESIGN 4.2
"""

import pytest

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import TrustError
from sekisho.model.lifecycle import ContractState
from sekisho.store.contracts import NewContract
from support.state import CONSUMER, CONTRACT, NOW, opened

OFFERED = NewContract(
    id=CONTRACT,
    title="Delays",
    envelope=Envelope(payload=b"{}", payload_type=PayloadType.CONTRACT, signatures=()),
    amends=None,
    by=CONSUMER,
)


def test_an_ended_contract_never_comes_back(tmp_path):
    with opened(tmp_path / "node.db") as state:
        contracts = state.contracts
        state.submit(lambda tx: contracts.add(tx, OFFERED, now=NOW))
        ended = ContractState.TERMINATED
        state.submit(lambda tx: contracts.remember_end(tx, CONTRACT, ended, now=NOW))
        state.submit(lambda tx: tx.db.execute("DELETE FROM contracts").rowcount)
        with pytest.raises(TrustError, match="has ended: terminated") as caught:
            state.submit(lambda tx: contracts.add(tx, OFFERED, now=NOW))
        assert caught.value.step == "contract.ended"
        facts = contracts.facts(CONTRACT)
        assert facts is not None
        assert facts.remembered is ended
        assert state.ledger.verify().size == 1
