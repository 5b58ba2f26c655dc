"""What two companies' evidence of the same answers says differently."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sekisho.ledger.answered import Answer
from sekisho.ledger.evidence import Evidence


class DifferenceKind(StrEnum):
    """How two records of one answer differ."""

    NOT_ASKED = "not-asked"
    """The provider recorded a request that the consumer's ledger does not show."""
    NOT_RECORDED = "not-recorded"
    """The consumer recorded a question that the provider's ledger does not show."""
    OUTCOME = "outcome"
    """It ended one way here and another way there."""
    CONTENT = "content"
    """It left whole and arrived whole, and was not the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One answer of which two ledgers tell different things."""

    kind: DifferenceKind
    at: str
    request: str
    provider: str
    """What the provider's ledger says, in a few words; empty for nothing."""
    consumer: str
    """What the consumer's says."""


def differences(one: Evidence, other: Evidence) -> tuple[Difference, ...]:
    """Compare the evidence of two sides, answer by answer.

    What only one of them shows because its file begins or ends elsewhere is no difference: the
    periods of both are cut to what they have in common.

    Raises:
        ValueError: They are not of one contract, or of one party.
    """
    if one.header.contract != other.header.contract or one.header.party == other.header.party:
        message = "evidence is compared of two parties, about one contract"
        raise ValueError(message)
    since = max(one.header.since, other.header.since)
    until = min(one.header.until, other.header.until)
    parties = {one.header.party, other.header.party}
    sides = [
        [
            item
            for item in evidence.answers
            if {item.provider, item.consumer} == parties and since <= item.at < until
        ]
        for evidence in (one, other)
    ]
    together = [item for side in sides for item in side]
    asked = {item.request: item for item in together if item.side == "consumer"}
    given = {item.request: item for item in together if item.side == "provider"}
    found = list(_found(asked, given))
    return tuple(sorted(found, key=lambda item: (item.at, item.request)))


def _found(asked: dict[str, Answer], given: dict[str, Answer]) -> Iterator[Difference]:
    for request, answer in given.items():
        if request not in asked:
            yield _difference(DifferenceKind.NOT_ASKED, given=answer)
    for request, question in asked.items():
        answered = given.get(request)
        if answered is None:
            yield _difference(DifferenceKind.NOT_RECORDED, asked=question)
        elif (kind := _kind(question, answered)) is not None:
            yield _difference(kind, asked=question, given=answered)


def _kind(asked: Answer, given: Answer) -> DifferenceKind | None:
    if asked.state != given.state:
        # A consumer cannot tell why a stream broke off, nor a fallen node what became of it.
        broken = {"cut", "failed", "interrupted", "open"}
        return None if {asked.state, given.state} <= broken else DifferenceKind.OUTCOME
    said = [(item.rows, item.bytes, item.blake3) for item in (asked, given)]
    if asked.state == "answered" and said[0] != said[1]:
        return DifferenceKind.CONTENT
    return None


def _difference(
    kind: DifferenceKind, *, asked: Answer | None = None, given: Answer | None = None
) -> Difference:
    known = [item for item in (asked, given) if item is not None]
    return Difference(
        kind=kind,
        at=min(item.at for item in known),
        request=known[0].request,
        provider=_words([given]),
        consumer=_words([asked]),
    )


def _words(answers: Iterable[Answer | None]) -> str:
    return "".join(
        f"{item.state}, {item.rows} rows, {item.bytes} bytes" for item in answers if item
    )
