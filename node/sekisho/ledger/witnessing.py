"""What a neighbour makes of a checkpoint that it is shown: cosign it, or say why not.

A neighbour holds the last checkpoint that it cosigned of each ledger and epoch. It cosigns another
only when a proof shows that the one grew into the other, so that whoever compares neighbours finds
every ledger that was cut short, changed, or told to different companies in different ways.

Source: C2SP tlog-witness; `docs/spec/ledger.md`, section 8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sekisho.documents.envelope import Signer
from sekisho.errors import DocumentError, Finding, TrustError
from sekisho.ledger.checkpoint import (
    Checkpoint,
    checkpoint_of,
    checkpoint_text,
    epoch_of,
    origin_of,
    parse_checkpoint,
)
from sekisho.ledger.merkle import HASH_BYTES, Tree
from sekisho.ledger.note import (
    Note,
    NoteKey,
    NoteSignature,
    SignatureType,
    cosign_note,
    cosigned_at,
    is_signed,
    note_text,
    parse_note,
    sign_note,
)
from sekisho.ledger.proofs import MAX_PROOF, is_consistent
from sekisho.ledger.vouching import holds_by
from sekisho.model.names import PartyId
from sekisho.trust.keys import public_of_id

MAX_CHECKPOINT_BYTES = 4_096
"""A checkpoint on its way to be cosigned: three lines and a signature take 300."""
MAX_EPOCHS = 32
"""Epochs of one party that a neighbour follows; each was a restored backup."""


class Verdict(StrEnum):
    """What is made of a checkpoint."""

    COSIGNED = "cosigned"
    """It grew from what is held."""
    STALE = "stale"
    """The sender does not know what is held; it may ask again."""
    SHORTER = "shorter"
    """It is smaller than what is held, or of an epoch that has ended."""
    FORKED = "forked"
    """It has the size of what is held, and another root: both cannot be of one ledger."""
    UNPROVEN = "unproven"
    """No proof shows that it grew from what is held."""
    SPLIT = "split"
    """Another neighbour holds it, and its keeper's own proof does not connect the two."""


CONFLICTS = frozenset({Verdict.SHORTER, Verdict.FORKED, Verdict.UNPROVEN, Verdict.SPLIT})
"""What is kept as evidence, and told to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint that its ledger's keeper signed."""

    party: PartyId
    epoch: int
    checkpoint: Checkpoint
    note: str
    """With the keeper's own signature alone."""

    @property
    def size(self) -> int:
        """Entries of the ledger."""
        return self.checkpoint.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a sender claims about a checkpoint."""

    old_size: int
    """Of the one that the neighbour cosigned last, as far as the sender knows."""
    proof: tuple[bytes, ...] = ()


def believe_checkpoint(text: str, *, party: PartyId, keys: Iterable[str]) -> SignedCheckpoint:
    """Believe that a note is a checkpoint of a party's ledger, and signed by its keeper.

    Args:
        text: As it was received.
        party: Whose ledger it must be of.
        keys: The party's `checkpoint` keys that count, in hex.

    Raises:
        DocumentError: It is not a checkpoint, or of another ledger.
        TrustError: None of the keys signed it.
    """
    note = parse_note(text)
    checkpoint = parse_checkpoint(note.text)
    epoch = epoch_of(checkpoint.origin, party)
    for public in keys:
        key = NoteKey(name=checkpoint.origin, public=bytes.fromhex(public))
        try:
            is_keepers = is_signed(note, key, holds_by(key.public))
        except DocumentError as error:
            raise TrustError(error.message, step="checkpoint.signature") from error
        if is_keepers:
            own = tuple(item for item in note.signatures if _is_by(item, key))[:1]
            return SignedCheckpoint(
                party=party,
                epoch=epoch,
                checkpoint=checkpoint,
                note=note_text(Note(text=note.text, signatures=own)),
            )
    raise TrustError(
        f"no `checkpoint` key of `{party}` signed the checkpoint",
        step="checkpoint.signature",
        hint="the keeper signs with a key of its newest member document",
    )


def sign_checkpoint(tree: Tree, *, party: PartyId, epoch: int, signer: Signer) -> SignedCheckpoint:
    """Sign the head of this party's own ledger.

    Args:
        tree: The ledger's.
        party: Its keeper.
        epoch: Under which it goes on.
        signer: A `checkpoint` key of the keeper.
    """
    checkpoint = checkpoint_of(tree, origin=origin_of(party, epoch))
    text = checkpoint_text(checkpoint)
    key = NoteKey(name=checkpoint.origin, public=_public(signer))
    note = note_text(Note(text=text, signatures=(sign_note(text, key, signer.sign),)))
    return SignedCheckpoint(party=party, epoch=epoch, checkpoint=checkpoint, note=note)


def cosign_checkpoint(
    shown: SignedCheckpoint, *, party: PartyId, signer: Signer, now: datetime
) -> str:
    """Give the line with which a neighbour says that it has seen a ledger grow."""
    key = cosigner_key(party, _public(signer).hex())
    text = parse_note(shown.note).text
    line = cosign_note(text, key, signer.sign, seconds=int(now.timestamp()))
    return note_text(Note(text=text, signatures=(line,))).removeprefix(f"{text}\n")


def believe_cosignature(
    own: SignedCheckpoint, line: str, *, party: PartyId, keys: Iterable[str]
) -> str:
    """Believe a neighbour's cosignature of this node's checkpoint.

    Args:
        own: What it was asked to cosign.
        line: As it was received.
        party: The neighbour.
        keys: Its `checkpoint` keys that count, in hex.

    Returns:
        The note with both signatures.

    Raises:
        DocumentError: It is no line of a signed note.
        TrustError: None of the keys made it.
    """
    if len(line.encode("utf-8", "replace")) > MAX_CHECKPOINT_BYTES:
        raise _unreadable(f"a cosignature has at most {MAX_CHECKPOINT_BYTES} bytes")
    kept = parse_note(own.note)
    cosigned = parse_note(f"{kept.text}\n{line}")
    for public in keys:
        key = cosigner_key(party, public)
        try:
            seconds = cosigned_at(cosigned, key, holds_by(key.public))
        except DocumentError as error:
            raise TrustError(error.message, step="checkpoint.cosignature") from error
        if seconds is not None:
            lines = tuple(item for item in cosigned.signatures if _is_by(item, key))
            return note_text(Note(text=kept.text, signatures=(*kept.signatures, *lines[:1])))
    raise TrustError(f"`{party}` did not cosign the checkpoint", step="checkpoint.cosignature")


def check_growth(growth: Growth, shown: SignedCheckpoint) -> None:
    """Refuse a claim that is none.

    Raises:
        DocumentError: The old size is past the checkpoint, or the proof has too many hashes or
            hashes that are none.
    """
    if not 0 <= growth.old_size <= shown.size:
        raise _unreadable("the old size is past the checkpoint")
    if len(growth.proof) > MAX_PROOF or any(len(item) != HASH_BYTES for item in growth.proof):
        raise _unreadable(f"a proof is at most {MAX_PROOF} hashes of {HASH_BYTES} bytes")


def judge(
    shown: SignedCheckpoint, growth: Growth, *, held: Sequence[SignedCheckpoint]
) -> tuple[Verdict, SignedCheckpoint | None]:
    """Decide about a checkpoint.

    Args:
        shown: Believed to be the keeper's.
        growth: What its sender claims.
        held: The newest of each of the party's epochs that this neighbour cosigned.

    Returns:
        The verdict, and the checkpoint against which it was reached.

    Raises:
        DocumentError: The party has opened more epochs than anybody follows.
    """
    newest = max(held, key=lambda item: item.epoch, default=None)
    if newest is None or newest.epoch < shown.epoch:
        if len(held) >= MAX_EPOCHS:
            raise _unreadable(f"at most {MAX_EPOCHS} epochs of one ledger are followed")
        return (Verdict.STALE if growth.old_size else Verdict.COSIGNED), None
    if shown.epoch < newest.epoch or shown.size < newest.size:
        return Verdict.SHORTER, newest
    old, new = newest.checkpoint, shown.checkpoint
    if old.size == new.size:
        return (Verdict.COSIGNED if old.root == new.root else Verdict.FORKED), newest
    if growth.old_size != old.size:
        return Verdict.STALE, newest
    grew = is_consistent(
        growth.proof, old=old.size, new=new.size, old_root=old.root, new_root=new.root
    )
    return (Verdict.COSIGNED if grew else Verdict.UNPROVEN), newest


def are_of_one_ledger(
    one: SignedCheckpoint, other: SignedCheckpoint, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof connects two checkpoints of one epoch, whichever is the smaller."""
    old, new = sorted((one.checkpoint, other.checkpoint), key=lambda item: item.size)
    return is_consistent(proof, old=old.size, new=new.size, old_root=old.root, new_root=new.root)


def cosigner_key(party: PartyId, public: str) -> NoteKey:
    """Name a neighbour's key as the lines of its cosignatures do."""
    return NoteKey(name=party, public=bytes.fromhex(public), type=SignatureType.COSIGNATURE)


def _public(signer: Signer) -> bytes:
    return bytes.fromhex(public_of_id(signer.key_id))


def _is_by(item: NoteSignature, key: NoteKey) -> bool:
    return (item.name, item.key_id) == (key.name, key.key_id)


def _unreadable(message: str) -> DocumentError:
    return DocumentError((Finding(message=message),), name="checkpoint")
