"""A question on its way: what each provider has been asked, and how far its answer has come."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sekisho.client.notes import Gap, Progress
from sekisho.client.notes import Receipt as ReceiptNote
from sekisho.client.peer import Asking
from sekisho.engine.engine import Run
from sekisho.errors import PeerError, Refusal
from sekisho.federation.plan import Fragment
from sekisho.model.signed import SignedContract
from sekisho.store.answers import Sent


@dataclass(slots=True, kw_only=True)
class Pending:
    """One provider's part while it runs."""

    fragment: Fragment
    signed: SignedContract
    asked_at: datetime
    entry: int
    """Index of `asked` in this node's ledger."""
    asking: Asking
    is_ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def claim_end(self) -> bool:
        """Let one caller, of those in several threads, record how it ended."""
        with self.lock:
            was_ended, self.is_ended = self.is_ended, True
        return not was_ended


@dataclass(slots=True, kw_only=True)
class RunningQuestion:
    """A question on its way: its frames, and how far each provider has come."""

    run: Run
    pending: tuple[Pending, ...]
    receipts: list[ReceiptNote] = field(default_factory=list)

    def progress(self) -> tuple[Progress, ...]:
        """Tell how far each provider has come."""
        return tuple(_progress(item) for item in self.pending)

    def gaps(self) -> tuple[Gap, ...]:
        """Tell of which providers cells may be missing, once the residual is done."""
        cells: Counter[str] = Counter()
        for found in self.run.beside.values():
            cells.update(dict(zip(found["provider"], found["cells"], strict=True)))
        parties = dict.fromkeys(item.asking.party for item in self.pending)
        return tuple(Gap(provider=item, cells=cells[item]) for item in parties if cells[item])

    def cancel(self) -> None:
        """Stop the work here and at every provider, from any thread."""
        self.run.cancel()
        for item in self.pending:
            item.asking.cancel()


def of_provider(error: PeerError, pending: Sequence[Pending]) -> PeerError | None:
    """Name the provider whose Arrow an engine did not believe, by the input's name."""
    for item in pending:
        text = f"the input `{item.fragment.name}` "
        if error.message.startswith(text):
            party = item.asking.party
            why = error.message.removeprefix(text)
            return PeerError(f"the answer of `{party}` does not hold: it {why}", party=party)
    return None


def sent_by(item: Pending, *, whole: bool) -> Sent:
    """Give what arrived of an answer; its hash where all of it did."""
    tally = item.asking.tally
    digest = tally.hasher.hexdigest() if whole else ""
    return Sent(rows=tally.rows, bytes=tally.bytes, blake3=digest)


def _progress(item: Pending) -> Progress:
    asking = item.asking
    state = "asked"
    if asking.error is not None:
        state = "refused" if isinstance(asking.error, Refusal) else "failed"
    elif asking.receipt is not None:
        state = "answered"
    elif asking.tally.bytes:
        state = "answering"
    return Progress(
        party=asking.party, state=state, rows=asking.tally.rows, bytes=asking.tally.bytes
    )


def note_of(item: Pending) -> ReceiptNote:
    """Tell an analyst of a provider's receipt.

    Raises:
        PeerError: There is none.
    """
    receipt = item.asking.receipt
    if receipt is None:
        msg = f"`{item.asking.party}` gave no receipt"
        raise PeerError(msg, party=item.asking.party)
    return ReceiptNote(
        provider=receipt.provider,
        rows=receipt.rows,
        bytes=receipt.bytes,
        request=receipt.request,
        ledger_index=receipt.ledger.index,
    )
