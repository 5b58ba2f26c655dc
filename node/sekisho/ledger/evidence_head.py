"""What a file of evidence says about the ledger as a whole: its head, its epochs, who saw it grow.

Step 7 of `docs/spec/evidence.md`; `evidence` walks the lines and asks here about these.
"""

from dataclasses import dataclass, field

from sekisho.errors import TrustError
from sekisho.ledger.bodies import Recovered
from sekisho.ledger.bundle import WitnessedLine
from sekisho.ledger.checkpoint import Checkpoint
from sekisho.ledger.entry import Entry
from sekisho.ledger.merkle import HASH_BYTES
from sekisho.ledger.note import cosigned_at, parse_note
from sekisho.ledger.proofs import is_consistent
from sekisho.ledger.pruned import PrunedTree
from sekisho.ledger.vouching import Vouching, holds_by
from sekisho.ledger.witnessing import SignedCheckpoint, believe_checkpoint, cosigner_key
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.trust.keyring import TrustedMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A party's word that it has seen the ledger grow to a size."""

    seconds: int
    """POSIX time of the look."""
    size: int
    is_revoked: bool = False
    """Whether the key that says so was revoked later: it binds nobody who may have the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The ledger was shorter once than a checkpoint that its keeper had signed."""

    index: int
    """Of the entry that says so."""
    at: str
    epoch: int
    """From here on."""
    size: int
    """Entries that went on."""
    held_size: int
    """Entries of the checkpoint that was held against the ledger."""


@dataclass(slots=True)
class Heads:
    """The checkpoints of a file, believed one after the other."""

    vouching: Vouching
    party: PartyId
    """Whose ledger it is."""
    recoveries: list[Recovery] = field(default_factory=list)
    witnesses: dict[PartyId, Witness] = field(default_factory=dict)
    _seen: list[Witness] = field(default_factory=list)
    """Every cosignature by a key of another party that is not revoked."""
    head: Checkpoint | None = None

    @property
    def epoch(self) -> int:
        """The ledger's, by the entries shown so far."""
        return self.recoveries[-1].epoch if self.recoveries else 0

    def recovered(self, entry: Entry, body: Recovered, tree: PrunedTree) -> None:
        """An epoch begins after what was found, against a checkpoint that the keeper signed."""
        # Kept by the party against itself: it stands whatever became of the key since.
        keys = self.vouching.members.keys_with_revoked(self.party, Purpose.CHECKPOINT)
        held = believe_checkpoint(body.held, party=self.party, keys=keys)
        if body.epoch <= max(self.epoch, held.epoch):
            raise ValueError("the epoch does not follow the one before it")
        if (body.size, body.root) != (tree.size, tree.root().hex()) or entry.index != body.size:
            raise ValueError("it says another size or root than the entries before it lead to")
        self.recoveries.append(
            Recovery(
                index=entry.index,
                at=entry.at,
                epoch=body.epoch,
                size=body.size,
                held_size=held.size,
            )
        )

    def checkpoint(self, text: str, tree: PrunedTree) -> None:
        """The keeper signed the head to which shown and hidden entries lead."""
        shown = self._of_head(text)
        if shown.epoch != self.epoch:
            raise ValueError(f"it is of epoch {shown.epoch}, and the entries of {self.epoch}")
        if (shown.size, shown.checkpoint.root) != (tree.size, tree.root()):
            raise ValueError("the entries do not lead to the checkpoint")
        self.head = shown.checkpoint
        self._cosignatures(text, shown)

    def witnessed(self, line: WitnessedLine) -> None:
        """An earlier checkpoint that others cosigned is one from which the head grew."""
        if self.head is None:
            raise ValueError("the checkpoint is missing before it")
        # The head, which grew from it, makes it the keeper's whatever became of the key since.
        keys = self.vouching.members.keys_with_revoked(self.party, Purpose.CHECKPOINT)
        shown = believe_checkpoint(line.note, party=self.party, keys=keys)
        proof = tuple(map(_hash, line.proof))
        if shown.epoch > self.epoch or not is_consistent(
            proof,
            old=shown.size,
            new=self.head.size,
            old_root=shown.checkpoint.root,
            new_root=self.head.root,
        ):
            raise ValueError("the ledger's head did not grow from what was cosigned")
        if not self._cosignatures(line.note, shown):
            raise ValueError("no party of the file cosigned it")

    def seen_before(self, document: TrustedMember) -> int:
        """Tell how many entries others had seen when a member document began to hold.

        A look after it proves nothing of what was made before: whoever had the key by then could
        have shown what they had forged.
        """
        since = document.member.valid.starts_at.timestamp()
        return max((item.size for item in self._seen if item.seconds <= since), default=0)

    def _of_head(self, text: str) -> SignedCheckpoint:
        members = self.vouching.members
        keys = members.keys_ever(self.party, Purpose.CHECKPOINT)
        try:
            return believe_checkpoint(text, party=self.party, keys=keys)
        except TrustError:
            revoked = members.keys_with_revoked(self.party, Purpose.CHECKPOINT)
            believe_checkpoint(text, party=self.party, keys=revoked)
        message = f"`{self.party}` has revoked the key of the checkpoint; get a newer file from it"
        raise TrustError(message, step="signature.revoked")

    def _cosignatures(self, text: str, shown: SignedCheckpoint) -> bool:
        """Take the cosignatures of other parties in the file; tell whether there is one."""
        note, found = parse_note(text), False
        members = self.vouching.members
        for party in self.vouching.parties:
            if party == self.party:
                continue
            for public in members.keys_with_revoked(party, Purpose.CHECKPOINT):
                key = cosigner_key(party, public)
                seconds = cosigned_at(note, key, holds_by(key.public))
                if seconds is None:
                    continue
                found = True
                if self.vouching.revocations.is_ahead(public, shown.size):
                    is_revoked = members.is_revoked(public)
                    seen = Witness(seconds=seconds, size=shown.size, is_revoked=is_revoked)
                    self._keep(party, seen)
        return found

    def _keep(self, party: PartyId, seen: Witness) -> None:
        if not seen.is_revoked:
            self._seen.append(seen)
        known = self.witnesses.get(party, seen)
        self.witnesses[party] = max(known, seen, key=_weight)


def _weight(seen: Witness) -> tuple[bool, int, int]:
    return (not seen.is_revoked, seen.size, seen.seconds)


def _hash(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != HASH_BYTES or value.hex() != text:
        message = f"not {HASH_BYTES} bytes in lower-case hex"
        raise ValueError(message)
    return value
