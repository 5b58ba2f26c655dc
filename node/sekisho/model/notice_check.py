"""What a contract lets each of its parties say about it."""

from collections.abc import Iterator

from sekisho.errors import Finding
from sekisho.model.instants import instant_text
from sekisho.model.lifecycle import may_terminate, termination_effective_at
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract


def check_notice(notice: Notice, signed: SignedContract) -> tuple[Finding, ...]:
    """Find what a contract does not let a party say."""
    if notice.contract != signed.id:
        return (Finding(path="contract", message="the notice is about another contract"),)
    if notice.party not in signed.parties:
        return (
            Finding(
                path="party",
                message=f"`{notice.party}` is not a party of this contract",
                hint="only a party may speak about its contract",
            ),
        )
    return tuple(_check_right(notice, signed))


def _check_right(notice: Notice, signed: SignedContract) -> Iterator[Finding]:
    match notice.kind:
        case NoticeKind.SUSPENSION | NoticeKind.RESUMPTION:
            if notice.party not in signed.providers:
                yield Finding(
                    path="party",
                    message=f"`{notice.party}` provides nothing that could be suspended",
                    hint="suspending and resuming are a provider's own switch",
                )
        case NoticeKind.TERMINATION:
            yield from _check_termination(notice, signed)
        case NoticeKind.DELETION:
            if notice.party not in signed.consumers:
                yield Finding(
                    path="party",
                    message=f"`{notice.party}` receives nothing that could be deleted",
                    hint="a deletion is certified by a consumer",
                )
        case NoticeKind.REJECTION:
            return


def _check_termination(notice: Notice, signed: SignedContract) -> Iterator[Finding]:
    clause = "for_breach" if notice.for_breach else "for_convenience"
    if not may_terminate(signed, notice.party, for_breach=notice.for_breach):
        yield Finding(
            path="party",
            message=f"the contract's `termination.{clause}` does not let `{notice.party}` end it",
            hint="read `termination` in the contract's review",
        )
    earliest = termination_effective_at(signed, notice.issued_at, for_breach=notice.for_breach)
    if notice.effective_at < earliest:
        yield Finding(
            path="effective_at",
            message="the notice takes effect before the days of notice are over",
            hint=f"it may take effect from {instant_text(earliest)} on",
        )
