"""Two sides' records of the same answers: what agrees, and each way in which they differ."""

from types import SimpleNamespace

import pytest

from sekisho.ledger.answered import Answer
from sekisho.ledger.differences import DifferenceKind
from sekisho.ledger.reconciling import differences

AT = "2026-12-01T05:00:00.000Z"


def answer(
    side, request="r", state="answered", *, at=AT, rows=3, digest="b", provider="ua.example"
):
    return Answer(
        index=0,
        at=at,
        side=side,
        provider=provider,
        consumer="maker.example",
        request=request,
        purpose="p",
        sql="SELECT 1",
        state=state,
        rows=rows,
        bytes=9,
        blake3=digest if state == "answered" else "",
    )


def evidence(party, *answers, since="2026-01-01", until="2027-01-01", contract="c"):
    header = SimpleNamespace(party=party, contract=contract, since=since, until=until)
    return SimpleNamespace(header=header, answers=answers)


def kinds(given, asked):
    found = differences(evidence("ua.example", *given), evidence("maker.example", *asked))
    return [item.kind for item in found]


def test_what_both_say_is_no_difference():
    assert kinds([answer("provider")], [answer("consumer")]) == []


@pytest.mark.parametrize(
    ("given", "asked", "kind"),
    [
        ([answer("provider")], [], DifferenceKind.NOT_ASKED),
        ([], [answer("consumer")], DifferenceKind.NOT_RECORDED),
        ([answer("provider")], [answer("consumer", rows=2)], DifferenceKind.CONTENT),
        ([answer("provider")], [answer("consumer", digest="x")], DifferenceKind.CONTENT),
        ([answer("provider")], [answer("consumer", state="failed")], DifferenceKind.NOT_ARRIVED),
        ([answer("provider")], [answer("consumer", state="refused")], DifferenceKind.OUTCOME),
        (
            [answer("provider", state="refused")],
            [answer("consumer", state="failed")],
            DifferenceKind.NOT_ARRIVED,
        ),
        ([answer("provider", state="refused")], [answer("consumer")], DifferenceKind.OUTCOME),
    ],
)
def test_each_way_to_differ_has_a_name(given, asked, kind):
    assert kinds(given, asked) == [kind]


@pytest.mark.parametrize("given", ["cut", "interrupted", "open"])
@pytest.mark.parametrize("asked", ["failed", "interrupted", "open"])
def test_a_stream_that_broke_off_is_told_differently_by_both_and_alike_in_the_end(given, asked):
    assert kinds([answer("provider", state=given)], [answer("consumer", state=asked)]) == []


def test_other_companies_answers_and_other_days_are_left_out():
    early = answer("provider", "early", at="2025-12-31T00:00:00.000Z")
    elsewhere = answer("consumer", "else", provider="dl.example")
    assert kinds([answer("provider"), early], [answer("consumer"), elsewhere]) == []


@pytest.mark.parametrize(
    ("party", "contract"), [("ua.example", "c"), ("maker.example", "d")], ids=["party", "contract"]
)
def test_only_two_sides_of_one_contract_are_compared(party, contract):
    with pytest.raises(ValueError, match="two parties"):
        differences(evidence("ua.example"), evidence(party, contract=contract))
