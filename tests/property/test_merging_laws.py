"""Statistics of several providers are what one would publish of all their rows together.

Without what is withheld: a cell that a provider withholds counts as though its rows were not there.
"""

import math
import random
from datetime import date
from functools import cache
from itertools import count

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from sekisho.errors import Refusal
from support.several import ALIASES, Hospitals, in_full, signed_contract

SIGNED = signed_contract()
FIGURES = {
    "count(*)": 0.0,
    "count(ct)": 0.0,
    "sum(ct)": 1e-9,
    "avg(ct)": 1e-9,
    "avg(late)": 1e-9,
    "stddev(ct)": 1e-6,
}
KEYS = ("age", "sex")
CONDITIONS = ("age >= 5", "age IN (0, 12)", "sex = 'f'", "day < DATE '2026-02-02'", "age > 100")


@cache
def hospitals(seed: int) -> Hospitals:
    """Rows at random; one hospital in four has none, and some keys are NULL.

    Wherever there are rows there are two values at least, as a threshold would ask for.
    """
    chance = random.Random(seed)
    return Hospitals({alias: tuple(_rows(chance)) for alias in ALIASES}, SIGNED)


def _rows(chance):
    patients = count()
    for _ in range(0 if chance.random() < 0.25 else chance.randrange(1, 9)):
        age, sex = chance.choice([None, 0, 5, 12]), chance.choice([None, "f", "m"])
        day = date(2026, chance.randrange(1, 4), chance.randrange(1, 4))
        for number in range(chance.randrange(3, 6)):
            ct = round(chance.uniform(10, 45), 2) if number < 2 or chance.random() < 0.7 else None
            late = number % 2 if number < 2 else chance.choice([None, 0, 1])
            yield age, day, sex, ct, late, "x", next(patients)


@st.composite
def questions(draw):
    """Draw keys, figures and conditions."""
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True))
    figures = draw(st.lists(st.sampled_from(list(FIGURES)), min_size=1, max_size=4, unique=True))
    conditions = draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True))
    return keys, figures, conditions


def written(keys, figures, conditions, *, more=""):
    listed = ", ".join([*keys, *(f"{item} AS n{at}" for at, item in enumerate(figures))])
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {listed} FROM tests{where}{grouped}{more}"


class Published:
    """Publishes as disclosure control does: no zeros, nothing of some cells, one row at the least.

    Which cells are withheld is drawn once, and is the same for every figure.
    """

    def __init__(self, seed, keys):
        chance = random.Random(seed)
        self._share = 0.3 if seed else 0.0
        self._gone = {}
        for alias in ALIASES:
            for age in (None, 0, 5, 12):
                for sex in (None, "f", "m"):
                    self._gone[alias, age, sex] = chance.random() < self._share
            self._gone[alias] = chance.random() < self._share
        self._keys = keys

    def withholds(self, alias, age, sex):
        """Whether the cell of a row is withheld."""
        if not self._keys:
            return self._gone[alias]
        return self._gone[
            alias, age if "age" in self._keys else None, sex if "sex" in self._keys else None
        ]

    def __call__(self, fragment, _columns, rows):
        width = len(self._keys)
        for row in rows:
            values = dict(zip(self._keys, row, strict=False))
            is_gone = self.withholds(fragment.party[0], values.get("age"), values.get("sex"))
            figures = [None if is_gone else _told(item) for item in row[width:]]
            if not width or any(item is not None for item in figures):
                yield (*row[:width], *figures)


def _told(figure):
    """A count of nothing is not published."""
    return None if isinstance(figure, int) and figure == 0 else figure


def seen(rows, figures):
    """Show what was computed in the open as what is published of it is shown."""
    width = len(rows[0]) - len(figures) if rows else 0
    shown = [(*row[:width], *map(_told, row[width:])) for row in rows]
    return [row for row in shown if not width or any(item is not None for item in row[width:])]


def same(left, right, figures):
    """Compare rows by their keys, figures as near as each can be."""
    width = len(left[0]) - len(figures) if left else 0
    by_key = {row[:width]: row[width:] for row in right}
    assert {row[:width] for row in left} == set(by_key)
    assert len(left) == len(right)
    for row in left:
        for value, wanted, name in zip(row[width:], by_key[row[:width]], figures, strict=True):
            assert (value is None) == (wanted is None), (row, by_key[row[:width]])
            if value is not None:
                near = FIGURES[name]
                assert math.isclose(value, wanted, rel_tol=near, abs_tol=near), (name, value)


@settings(max_examples=80)
@given(seed=st.integers(0, 40), hidden=st.integers(0, 30), question=questions())
def test_merged_figures_are_those_over_all_rows_but_the_withheld(seed, hidden, question):
    keys, figures, _ = question
    place = hospitals(seed)
    published = Published(hidden, keys)
    sql = written(*question)
    note(sql)
    left_out = [
        (alias, *row)
        for alias, own in place.rows.items()
        for row in own
        if published.withholds(alias, row[0], row[2])
    ]
    found, _, _ = place.ask(sql, published)
    same(found, seen(place.in_one_place(sql, left_out), figures), figures)


@settings(max_examples=30)
@given(seed=st.integers(0, 40), question=questions())
def test_three_providers_answer_as_one_with_all_their_rows(seed, question):
    keys, figures, _ = question
    place = hospitals(seed)
    together = tuple(row for own in place.rows.values() for row in own)
    alone = Hospitals({"a": together, "b": (), "c": ()}, SIGNED)
    sql = written(*question)
    note(sql)
    published = Published(0, keys)
    found, gaps, types = place.ask(sql, published)
    one, _, one_types = alone.ask(sql.replace("FROM tests", "FROM a.tests"), published)
    same(found, one, figures)
    assert types == one_types
    assert set(gaps) <= {f"{alias}.example" for alias in ALIASES}


@settings(max_examples=30)
@given(seed=st.integers(0, 40), hidden=st.integers(0, 30), question=questions())
def test_figures_of_four_digits_are_merged_as_near_as_they_are(seed, hidden, question):
    keys, _, _ = question
    published = Published(hidden, keys)

    def cut(fragment, columns, rows):
        for row in published(fragment, columns, rows):
            yield tuple(float(f"{item:.4g}") if isinstance(item, float) else item for item in row)

    place = hospitals(seed)
    sql = written(*question)
    exact, _, _ = place.ask(sql, published)
    found, _, _ = place.ask(sql, cut)
    width = len(keys)
    by_key = {row[:width]: row[width:] for row in exact}
    for row in found:
        for value, wanted in zip(row[width:], by_key[row[:width]], strict=True):
            assert value is wanted is None or value == pytest.approx(wanted, rel=2e-3)


@settings(max_examples=50)
@given(seed=st.integers(0, 40), hidden=st.integers(1, 30), question=questions())
def test_gaps_tell_in_how_many_cells_a_provider_gives_less_than_another(seed, hidden, question):
    keys, figures, conditions = question
    place = hospitals(seed)
    published = Published(hidden, keys)
    _, gaps, _ = place.ask(written(*question), published)
    by_provider = written(["provider", *keys], figures, conditions)
    apart, told, _ = place.ask(by_provider, published)
    given_by = {alias: {} for alias in ALIASES}
    for alias, *rest in apart:
        given_by[alias][tuple(rest[: len(keys)])] = rest[len(keys) :]
    cells = {cell for own in given_by.values() for cell in own}
    nothing = [None] * len(figures)
    expected = {
        f"{alias}.example": sum(
            any(
                own.get(cell, nothing)[at] is None
                and any(other.get(cell, nothing)[at] is not None for other in given_by.values())
                for at in range(len(figures))
            )
            for cell in cells
        )
        for alias, own in given_by.items()
    }
    assert gaps == told == {party: count for party, count in expected.items() if count}


@settings(max_examples=30)
@given(seed=st.integers(0, 40), least=st.integers(1, 12), question=questions())
def test_having_order_and_limit_act_on_merged_cells(seed, least, question):
    keys, figures, conditions = question
    place = hospitals(seed)
    names = [*keys, *(f"n{at}" for at in range(len(figures)))]
    inner = written(keys, figures, conditions)
    order = ", ".join(f"{name} NULLS FIRST" for name in names)
    sql = written(keys, figures, conditions, more=f" HAVING count(*) > {least}")
    outer = f"SELECT * FROM ({sql}) AS w ORDER BY {order} LIMIT 3"
    note(inner)
    found, _, _ = place.ask(outer, in_full)
    expected = place.in_one_place(outer)
    assert len(found) == len(expected)
    same(sorted(found, key=repr), sorted(expected, key=repr), figures)


@settings(max_examples=30)
@given(seed=st.integers(0, 40), alias=st.sampled_from(ALIASES), question=questions())
def test_one_provider_is_asked_alone_by_its_schema_or_by_its_name(seed, alias, question):
    keys, figures, conditions = question
    place = hospitals(seed)
    own = written(keys, figures, conditions).replace("FROM tests", f"FROM {alias}.tests")
    named = written(keys, figures, [*conditions, f"provider = '{alias}'"])
    first, second = place.plan(own), place.plan(named)
    assert [item.sql for item in first.fragments] == [item.sql for item in second.fragments]
    assert [item.party for item in first.fragments] == [f"{alias}.example"]
    assert sorted(place.ask(own)[0], key=repr) == sorted(place.ask(named)[0], key=repr)


STRAY = (
    "SELECT age FROM a.tests",
    "SELECT * FROM a.tests",
    "SELECT patient, count(*) FROM a.tests GROUP BY patient",
    "SELECT age, min(ct) FROM a.tests GROUP BY age",
    "SELECT day, count(*) FROM a.tests GROUP BY day",
    "SELECT age, count(*) FROM a.tests WHERE ct > 3 GROUP BY age",
    "SELECT age, count(*) FROM a.tests WHERE age = 3 OR age = 4 GROUP BY age",
    "SELECT age + 1, count(*) FROM a.tests GROUP BY age + 1",
    "SELECT age, sum(ct + 1) FROM a.tests GROUP BY age",
    "SELECT age, sum(note) FROM a.tests GROUP BY age",
    "SELECT age, avg(age) FROM a.tests GROUP BY age",
    "SELECT age, count(DISTINCT sex) FROM a.tests GROUP BY age",
    "SELECT age, sum(DISTINCT ct) FROM a.tests GROUP BY age",
    "SELECT age, count(*) FILTER (WHERE sex = 'f') FROM a.tests GROUP BY age",
    "SELECT age, count(*) FROM a.tests, (SELECT 1) AS x GROUP BY age",
    "SELECT x.age, count(*) FROM a.tests AS x JOIN a.tests AS y ON x.sex = y.sex GROUP BY x.age",
    "SELECT x.age, count(*) FROM a.tests AS x LEFT JOIN a.tests AS y ON x.sex = y.sex GROUP BY 1",
    "SELECT count(*) FROM a.tests WHERE patient IN (3, 4)",
    "SELECT age, ct, count(*) FROM a.tests GROUP BY age",
    "SELECT age, count(*) FROM a.tests GROUP BY age HAVING ct > 3",
    "SELECT age, count(*) FROM a.tests GROUP BY age ORDER BY ct",
    "SELECT age, (SELECT count(*) FROM a.tests AS y WHERE y.age = x.age) FROM a.tests AS x",
)


@pytest.mark.parametrize("sql", STRAY)
def test_what_the_gate_would_refuse_is_refused_here_in_its_words(sql):
    place = hospitals(0)
    decision = place.decide(sql, "a")
    assert isinstance(decision, Refusal)
    with pytest.raises(Refusal) as refused:
        place.plan(sql)
    here = refused.value
    assert (here.reason, here.message, here.hint) == (
        decision.reason,
        decision.message,
        decision.hint,
    )
    assert (here.line, here.column, here.allowed) == (
        decision.line,
        decision.column,
        decision.allowed,
    )
    assert here.clause == decision.clause
