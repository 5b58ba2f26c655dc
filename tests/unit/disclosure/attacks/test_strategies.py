"""What each attack recovers from exact figures, and from figures of large enough groups alone."""

import random
from dataclasses import replace

import pytest

from sekisho.disclosure.attacks.attack import By, Wanted
from sekisho.disclosure.attacks.catalog import ATTACKS
from sekisho.disclosure.attacks.knowledge import KnownLookup
from sekisho.model.contract import Access, Lookup, LookupType
from support.attackers import EXACT, RULES, Table, scores

BY_NAME = {attack.name: attack for attacks in ATTACKS.values() for attack in attacks}


def town(*, people: int = 1500, share: float = 0.3, flag: bool = False) -> Table:
    """People of a town, each tested once or twice; some are alone with age, day and sex."""
    drawn = random.Random(7)
    rows = []
    for person in range(people):
        secret = drawn.random() < share
        for _ in range(drawn.choice((1, 1, 1, 2))):
            known = (drawn.randrange(30), drawn.randrange(60), drawn.choice(("f", "m")))
            rows.append((person, *known, int(secret) if flag else "yes" if secret else "no"))
    return Table(("age", "day", "sex"), rows, secret="ill")


@pytest.fixture(scope="module")
def named():
    return town()


@pytest.fixture(scope="module")
def measured():
    return town(flag=True)


@pytest.mark.parametrize("name", ["differencing", "insertion", "tracker", "reconstruction"])
def test_exact_figures_give_everybody_away(named, measured, name):
    for table, value in ((named, "yes"), (measured, None)):
        table.turn(frozenset())
        found = scores(BY_NAME[name], table.truth(value=value), table, rules=EXACT)[By.FIGURES]
        assert found.of >= 10
        assert found.recovered >= 0.99 * found.of
        assert found.chance == pytest.approx(found.of / 2, rel=0.2)
        assert found.is_beyond_chance


@pytest.mark.parametrize("name", ["differencing", "tracker"])
def test_minimum_group_alone_does_not_help(measured, name):
    measured.minimum = 10
    try:
        found = scores(BY_NAME[name], measured.truth(), measured, rules=RULES)[By.FIGURES]
    finally:
        measured.minimum = 1
    assert found.stated >= 10
    assert found.recovered >= 0.99 * found.stated


def test_exact_counts_are_what_averaging_is_after(named):
    found = scores(BY_NAME["averaging"], named.truth(value="yes"), named, rules=EXACT)[By.FIGURES]
    assert found.recovered == found.of > 10
    assert found.chance == found.of / 5


def test_presence_tells_small_cells_from_empty_ones(named):
    found = scores(BY_NAME["presence"], named.truth(value="yes"), named, rules=EXACT)[By.FIGURES]
    assert found.recovered == found.of > 10


def test_walk_finds_the_person_with_whom_a_set_shows_up():
    people = 40
    rows = [(person, "f", person, "yes" if person % 2 else "no") for person in range(people)]
    table = Table(("sex", "day"), rows, secret="ill")
    table.minimum = 10
    found = scores(BY_NAME["presence"], table.truth(value="yes"), table, rules=RULES)[By.WITHHELD]
    # The tenth ill person came on day 19, and is alone on that day.
    assert (found.stated, found.recovered, found.of) == (1, 1, people)
    assert found.chance == pytest.approx(0.5)


def test_dominance_takes_a_total_for_its_largest_part():
    rows = [(person, person // 10, 100 if person % 10 else 50_000) for person in range(100)]
    table = Table(("site",), rows, secret="sales")
    found = scores(BY_NAME["dominance"], table.truth(), table, rules=EXACT)[By.FIGURES]
    assert (found.recovered, found.of, found.chance) == (10, 10, 0.0)


def test_singling_out_reads_the_rest_of_a_row(named, measured):
    for table, value in ((named, "yes"), (measured, None)):
        found = scores(BY_NAME["singling out"], table.truth(value=value), table, rules=RULES)
        assert found[By.FIGURES].recovered == found[By.FIGURES].of > 100


def test_labels_of_ones_own_make_people_alone():
    drawn = random.Random(3)
    rows = []
    for plane in range(200):
        late = int(drawn.random() < 0.4)
        rows += [(plane, plane, drawn.randrange(40), late) for _ in range(3)]
    table = Table(("tail", "day"), rows, secret="late")
    truth = table.truth()
    known = replace(
        truth.known, columns=truth.known.columns[1:], rows=tuple((row[2],) for row in rows)
    )
    truth = replace(truth, known=known)
    lookup = Lookup(
        name="planes",
        key="tail",
        columns={"family": LookupType.TEXT},
        max_rows=1000,
        provider_may="nothing-else",
    )
    brought = KnownLookup(lookup=lookup, keys=tuple(row[1] for row in rows))
    attack = BY_NAME["lookup labelling"]
    found = scores(attack, truth, table, rules=EXACT, lookup=brought)[By.FIGURES]
    assert found.recovered == found.of > 10


def test_every_attack_says_what_helps_and_what_it_does():
    for attack in BY_NAME.values():
        assert attack.explains
        assert attack.helps[By.FIGURES]
    assert {attack.wants for attack in ATTACKS[Access.AGGREGATE]} == set(Wanted)
