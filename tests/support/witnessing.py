"""A node that watches over a company's ledger, and that company's key to say anything about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.documents.envelope import Signer
from sekisho.ledger.checkpoint import Checkpoint, checkpoint_text, origin_of
from sekisho.ledger.merkle import leaf_hash
from sekisho.ledger.note import Note, NoteKey, note_text, sign_note
from sekisho.ledger.proofs import consistency_proof, tree_root
from sekisho.model.names import PartyId
from sekisho.server.node import RunningNode
from sekisho.server.witness import Circle, Witness
from sekisho.trust.keys import load_signer
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from support.nodes import Companies, Company, contract_text

UA, MAKER, DL = map(PartyId, ("ua.example", "maker.example", "dl.example"))


def leaves(count: int, *, word: str = "", since: int = 0) -> list[bytes]:
    """Make the leaves of a history; another word makes another history from some entry on."""
    return [
        leaf_hash(f"{number}{word if number >= since else ''}".encode()) for number in range(count)
    ]


@dataclass
class Watched:
    """`maker.example`'s node, which watches over the ledger of `ua.example`."""

    node: RunningNode
    keeper: Company
    others: Companies
    moment: float = 0.0
    witness: Witness = field(init=False)

    def __post_init__(self) -> None:
        self.witness = Witness(self.node.parts, Circle(self.node.parts))

    @property
    def signer(self) -> Signer:
        """The keeper's `checkpoint` key."""
        return load_signer(self.keeper.folder.key("request").read_bytes())

    def note(
        self,
        history: list[bytes],
        *,
        signer: Signer | None = None,
        origin: str = "",
        epoch: int = 0,
    ) -> str:
        """Sign the head of a history."""
        signer = signer or self.signer
        checkpoint = Checkpoint(
            origin=origin or origin_of(UA, epoch), size=len(history), root=tree_root(history)
        )
        text = checkpoint_text(checkpoint)
        public = bytes.fromhex(signer.key_id.partition(":")[2])
        key = NoteKey(name=checkpoint.origin, public=public)
        return note_text(Note(text=text, signatures=(sign_note(text, key, signer.sign),)))

    def show(
        self,
        note: str,
        *,
        old: int = 0,
        proof: tuple[bytes, ...] = (),
        caller: PartyId = UA,
    ) -> ledger.CosignCheckpointResponse:
        """Show a checkpoint as the caller's node would."""
        message = ledger.CosignCheckpointRequest(checkpoint=note, old_size=old, proof=proof)
        return self.witness.cosign(caller, message)

    def grow(
        self, history: list[bytes], *, old: int = 0, epoch: int = 0
    ) -> ledger.CosignCheckpointResponse:
        """Show the head of a history with the proof that it grew."""
        proof = consistency_proof(old, history) if 0 < old < len(history) else ()
        return self.show(self.note(history, epoch=epoch), old=old, proof=proof)

    def held(self) -> dict[int, int]:
        """Give the sizes that the node holds of the keeper's ledger, by epoch."""
        found = self.node.parts.state.checkpoints.witnessed(UA)
        return {item.held.epoch: item.held.size for item in found}

    def conflicts(self) -> list[tuple[str, bool]]:
        """Give what did not fit, and whether it is resolved."""
        found = self.node.parts.state.checkpoints.conflicts()
        return [(str(item.verdict), item.is_resolved) for item in found]


@contextmanager
def watched(root: Path) -> Iterator[Watched]:
    """Found three companies, two of which have a contract; one node is open and serves nobody."""
    with Companies(root) as companies:
        for name in ("ua", "maker", "dl"):
            companies.found(name)
        companies.introduce()
        node = RunningNode(companies["maker"].folder.root)
        try:
            payload = companies.proposal(contract_text())
            node._agreeing.receive_contract(UA, companies.signed_by(payload, "ua", "maker"))
            yield Watched(node, companies["ua"], companies)
        finally:
            node._watching.stop()
            node._close()
