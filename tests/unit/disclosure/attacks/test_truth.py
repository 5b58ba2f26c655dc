"""Aims are drawn evenly and alike for the same seed, and guesses are held to the truth."""

from sekisho.disclosure.attacks.attack import By, Reading, Wanted
from sekisho.disclosure.attacks.truth import FEW
from support.attackers import Table


def table(ill: int, people: int = 60) -> Table:
    rows = [(person, person, int(person < ill)) for person in range(people)]
    return Table(("day",), rows, secret="ill")


def secrets(truth, aims):
    return [truth._of(aim) for aim in aims]


def test_as_many_are_drawn_with_the_secret_as_without():
    truth = table(ill=20).truth()
    aims = truth.draw(Wanted.SECRETS, 1, most=30)
    assert len(set(aims)) == 30
    assert sum(secrets(truth, aims)) == 15
    assert aims == truth.draw(Wanted.SECRETS, 1, most=30)
    assert aims != truth.draw(Wanted.SECRETS, 2, most=30)


def test_where_few_have_it_some_others_are_drawn_besides():
    truth = table(ill=2).truth()
    aims = truth.draw(Wanted.SECRETS, 1, most=200)
    assert len(aims) == FEW
    assert sum(secrets(truth, aims)) == 2


def test_chance_is_what_the_same_guesses_are_worth_of_anybody():
    truth = table(ill=20).truth()
    aims = truth.draw(Wanted.SECRETS, 1, most=40)
    nobody = Reading(by=By.FIGURES, guesses=dict.fromkeys(aims, 0.0), tried=aims)
    score = truth.score(Wanted.SECRETS, nobody)
    assert (score.stated, score.recovered, score.of, score.chance) == (40, 20, 40, 20.0)
    assert not score.is_beyond_chance

    known = {aim: truth._of(aim) for aim in aims[:12]}
    score = truth.score(Wanted.SECRETS, Reading(by=By.WITHHELD, guesses=known, tried=aims))
    assert (score.stated, score.recovered, score.chance) == (12, 12, 6.0)
    assert score.is_beyond_chance


def test_nothing_stated_is_nothing_recovered():
    truth = table(ill=20).truth()
    score = truth.score(Wanted.SECRETS, Reading(by=By.WITHHELD, guesses={}, tried=()))
    assert (score.stated, score.recovered, score.chance) == (0, 0, 0.0)
    assert not score.is_beyond_chance


def test_number_is_right_within_the_contracts_percent():
    rows = [(person, person, 100 + person) for person in range(40)]
    truth = Table(("day",), rows, secret="cost").truth()
    aims = truth.draw(Wanted.SECRETS, 1, most=40)
    near = {aim: truth._of(aim) * 1.09 for aim in aims}
    far = {aim: truth._of(aim) * 1.11 for aim in aims}
    assert truth.score(Wanted.SECRETS, _by(near, aims)).recovered == len(aims)
    assert truth.score(Wanted.SECRETS, _by(far, aims)).recovered == 0


def _by(guesses, aims):
    return Reading(by=By.FIGURES, guesses=guesses, tried=aims)
