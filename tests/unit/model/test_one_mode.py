"""A dataset serves a consumer and its affiliates in one access mode, over all their contracts."""

import pytest

from sekisho.model.one_mode import Combination, ModeIndex, find_clashes, related
from support.guardrails import (
    DATASET,
    FIGURES,
    PROVIDER,
    STAYS,
    affiliates,
    contract,
    grant,
    rules,
    standing,
)

ROWS = grant("days: {}")
FIGURE = grant("days: {use: [measure]}", **FIGURES)
OTHERS = grant("days: {}", dataset="west.example/stays")


def _combination(*lines):
    return Combination(datasets={STAYS: DATASET}, guardrails=rules(*lines) if lines else ())


def _clashes(checked, *others, lines=()):
    beside = [standing(at, item).signed for at, item in enumerate(others)]
    return list(find_clashes(checked, beside, _combination(*lines), provider=PROVIDER))


def _held(*contracts, consumer="uni", live=None, lines=()):
    """List the positions of contracts, in the order of signing, that are not served."""
    standings = [standing(at, item) for at, item in enumerate(contracts)]
    index = ModeIndex(reversed(standings), _combination(*lines), provider=PROVIDER)
    alive = {standings[at].signed.id for at in (live or range(len(contracts)))}

    def is_live(signed, companies):
        return signed.id in alive and bool(companies & set(signed.consumers))

    return [
        at
        for at, item in enumerate(standings)
        if index.is_held_back(item.signed.id, STAYS, f"{consumer}.example", is_live=is_live)
    ]


def test_a_clash_names_both_grants_and_the_other_contract():
    (found,) = _clashes(contract(FIGURE), contract(ROWS, title="Rows of stays"))
    assert (found.grant.access, found.theirs.access) == ("aggregate", "rows")
    assert found.other.contract.title == "Rows of stays"
    assert found.dataset == STAYS
    assert found.never == ()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (contract(ROWS), contract(ROWS)),
        (contract(FIGURE), contract(OTHERS)),
        (contract(OTHERS), contract(FIGURE)),
        (contract(FIGURE), contract(ROWS, consumers=("lab",))),
        (contract(FIGURE), contract(ROWS, consumers=("lab",), extra=affiliates("branch"))),
    ],
)
def test_one_mode_other_datasets_and_other_companies_do_not_clash(ours, theirs):
    assert _clashes(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (contract(FIGURE, extra=affiliates("lab")), contract(ROWS, consumers=("lab",))),
        (contract(FIGURE), contract(ROWS, consumers=("lab",), extra=affiliates("uni"))),
        (
            contract(FIGURE, extra=affiliates("branch")),
            contract(ROWS, consumers=("lab",), extra=affiliates("branch")),
        ),
        (contract(FIGURE, consumers=("lab", "uni")), contract(ROWS)),
    ],
)
def test_affiliates_are_the_consumer(ours, theirs):
    assert len(_clashes(ours, theirs)) == 1
    assert len(_clashes(theirs, ours)) == 1


def test_a_third_contract_may_tell_that_two_companies_belong_together():
    link = contract(OTHERS, extra=affiliates("lab"))
    rows = contract(ROWS, consumers=("lab",))
    assert _clashes(contract(FIGURE), rows) == []
    assert len(_clashes(contract(FIGURE), rows, link)) == 1


def test_consumers_of_one_contract_are_not_related_by_that():
    first = related([contract(ROWS, consumers=("uni", "lab"))])
    assert first["uni.example"] != first["lab.example"]
    linked = related([contract(ROWS, consumers=("uni", "lab"), extra=affiliates("branch"))])
    assert len(set(linked.values())) == 1


ALLOWED = "when: {tag: [patients]}, require: {combine: allowed}"


@pytest.mark.parametrize(
    ("lines", "is_clash"),
    [
        ((), True),
        ((ALLOWED,), False),
        (("require: {minimum_units: 5}", ALLOWED), False),
        (("when: {access: [rows]}, require: {combine: allowed}",), True),
        (("when: {tag: [cars]}, require: {combine: allowed}",), True),
        ((ALLOWED, "when: {access: [rows]}, require: {combine: never}"), True),
        (("require: {combine: never}", ALLOWED), True),
    ],
)
def test_combining_needs_a_rule_for_each_grant_and_never_wins(lines, is_clash):
    assert bool(_clashes(contract(FIGURE), contract(ROWS), lines=lines)) is is_clash
    assert bool(_held(contract(ROWS), contract(FIGURE), lines=lines)) is is_clash


def test_a_clash_names_the_rules_that_say_never():
    lines = ("require: {combine: never}", "when: {access: [match]}, require: {combine: never}")
    (found,) = _clashes(contract(FIGURE), contract(ROWS), lines=lines)
    assert [item.line_of("combine") for item in found.never] == ["guardrails/floors.yaml:4"]


def test_the_contract_that_was_signed_first_sets_the_mode():
    assert _held(contract(ROWS), contract(FIGURE)) == [1]
    assert _held(contract(FIGURE), contract(ROWS)) == [1]
    assert _held(contract(ROWS), contract(ROWS)) == []


def test_what_is_not_served_itself_holds_nothing_back():
    assert _held(contract(ROWS), contract(FIGURE), contract(ROWS), contract(FIGURE)) == [1, 3]


def test_what_is_not_in_force_holds_nothing_back():
    assert _held(contract(ROWS), contract(FIGURE), live=[1]) == []


def test_each_consumer_has_its_own_order():
    both = contract(ROWS, consumers=("uni", "lab"))
    figures = contract(FIGURE, consumers=("lab",))
    assert _held(both, figures, consumer="lab") == [1]
    assert _held(both, figures, consumer="uni") == []
    assert _held(both, figures, consumer="stranger") == []


def test_an_affiliate_is_held_to_the_mode_of_the_consumer():
    rows = contract(ROWS, extra=affiliates("branch"))
    figures = contract(FIGURE, consumers=("branch",))
    assert _held(rows, figures, consumer="branch") == [1]
