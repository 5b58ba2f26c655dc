"""What two companies' evidence of the same answers says differently."""

from collections.abc import Iterator

from sekisho.ledger.answered import Answer
from sekisho.ledger.differences import Difference, DifferenceKind, differs, words
from sekisho.ledger.evidence import Evidence


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
        elif (kind := differs(question, answered)) is not None:
            yield _difference(kind, asked=question, given=answered)


def _difference(
    kind: DifferenceKind, *, asked: Answer | None = None, given: Answer | None = None
) -> Difference:
    known = [item for item in (asked, given) if item is not None]
    return Difference(
        kind=kind,
        at=min(item.at for item in known),
        request=known[0].request,
        provider=words(given),
        consumer=words(asked),
    )
