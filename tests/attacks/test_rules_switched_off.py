"""Every rule, switched off by itself, lets something through that an attack notices.

expect: each line of the table below: with the rule the attack fails, without it it succeeds
effect: a rule that could be taken out and nobody would know
source: STYLE 14: if this line were deleted, which test would fail?
"""

from collections.abc import Callable

import pytest

from sekisho.disclosure.rules import RULES as DISCLOSURE_RULES
from sekisho.errors import Refusal
from sekisho.gate.governed import HASH_KEY
from sekisho.gate.rules import RULES as ROWS_RULES
from sekisho.gate.statistics import STATISTICS_RULES
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.plan import Plan
from support.gate_cases import ProviderData, ask
from support.statistics import COLUMNS, RIVAL, SECRETS, TESTS, agreed, one_test

CONTRACT = agreed(disclosure="")
CANARY = "HIV-canary"


def nothing(*_: object, **__: object) -> None:
    """Stand for a check that finds nothing wrong."""


def first(value: object, *_: object, **__: object) -> object:
    """Stand for a step that leaves things as they are."""
    return value


class Rows:
    """A provider's flights under a grant of rows, and what an attacker tries."""

    def __init__(self) -> None:
        self.data = ProviderData()
        self.data.connection.execute(
            "CREATE TABLE data.patients AS SELECT 'p' AS patient, 7 AS age"
        )

    def run(self, sql: str) -> list[tuple]:
        plan = ask(sql)
        assert isinstance(plan, Plan), f"{plan.reason}: {plan.message}"
        return self.data.run(plan)[1]

    def refused(self, sql: str, **changes: object) -> None:
        assert isinstance(ask(sql, **changes), Refusal), sql

    def names_hidden_things(self) -> None:
        for sql in ("SELECT remark FROM flights", "SELECT flights FROM flights",
                    "SELECT * FROM data.flights", "SELECT origin FROM nowhere"):  # fmt: skip
            self.refused(sql)

    def uses_what_is_not_granted(self) -> None:
        self.refused("SELECT flight_number FROM flights")
        self.refused("SELECT origin FROM flights WHERE arrival_delay = 3")

    def looks_for_a_hidden_row(self) -> None:
        for sql in ("SELECT origin FROM flights", "SELECT max(origin) FROM flights",
                    f"SELECT origin FROM flights WHERE origin = '{CANARY}'"):  # fmt: skip
            assert CANARY not in str(self.run(sql))

    def makes_a_hidden_row_fail(self) -> None:
        for sql in ("SELECT CAST(origin AS INTEGER) FROM flights WHERE distance < 0",
                    "SELECT 1 // (distance - 1) FROM flights",
                    "SELECT origin FROM flights WHERE CAST(origin AS DATE) IS NULL"):  # fmt: skip
            self.run(sql)

    def asks_for_few(self) -> None:
        assert self.run("SELECT age FROM patients") == []
        self.refused("SELECT age FROM patients WHERE age IN (SELECT age FROM patients)")

    def sees_what_a_mask_hides(self) -> None:
        days = {row[0] for row in self.run("SELECT flight_date FROM flights")}
        assert {getattr(day, "day", None) for day in days} <= {1, None}

    def sends_a_literal(self) -> None:
        plan = ask("SELECT origin FROM flights WHERE origin = 'x'' OR true --'")
        assert "OR true" not in plan.sql

    def asks_as_another(self) -> None:
        self.refused("SELECT origin FROM flights", consumer="else.example")

    def asks_for_another_purpose(self) -> None:
        self.refused("SELECT origin FROM flights", purpose="anything")

    def calls_and_forms_that_are_not_listed(self) -> None:
        for sql in ("SELECT getenv('HOME') FROM flights", "SELECT [origin] FROM flights",
                    "SELECT date_trunc(origin, departed) FROM flights",
                    "SELECT quantile_cont(distance, 2) FROM flights"):  # fmt: skip
            self.refused(sql)

    def writes_what_two_parsers_read_differently(self) -> None:
        self.refused("SELECT origin FROM flights WHERE regexp_matches(origin, 'a') IS 'x'")
        for sql in ("SHOW TABLES", "SELECT jaro_winkler_similarity(origin, 'x') FROM flights",
                    "SELECT DATE '2026-01-01'::TIMESTAMP_MS FROM flights",
                    "SELECT origin ~ 'a' FROM flights"):  # fmt: skip
            self.refused(sql)

    def hides_letters(self) -> None:
        self.refused("SELECT origin\u202e FROM flights")
        self.refused("SELECT '\u200b' FROM flights")

    def sends_too_much(self) -> None:
        self.refused("SELECT origin FROM flights WHERE distance IN (" + "1," * 25000 + "1)")


class Statistics:
    """A hospital under a grant of statistics, and what an attacker tries."""

    def __init__(self, node) -> None:
        self.node = node

    def ask(self, sql: str, contract=CONTRACT, **named: object) -> list[tuple]:
        return self.node.ask(sql, contract, **named)

    def refused(self, sql: str, contract=CONTRACT) -> None:
        assert isinstance(self.node.decide(sql, contract), Refusal), sql

    def asks_for_few(self) -> None:
        self.node.tests(
            *(one_test(i, day=0) for i in range(4)), *(one_test(i) for i in range(9, 60))
        )
        assert self.ask("SELECT count(*) FROM tests WHERE day = 0") == [(None,)]

    def asks_for_everybody_else(self) -> None:
        assert self.ask("SELECT count(*) FROM tests WHERE day < 58") == [(None,)]

    def asks_for_what_is_mostly_ones(self) -> None:
        self.node.tests(*(one_test(i, ct=5000.0 if i == 3 else 1.0) for i in range(60)))
        assert self.ask("SELECT avg(ct) FROM tests") == [(None,)]

    def takes_one_away(self) -> None:
        assert self.ask("SELECT count(*) FROM tests WHERE day < 30") == [(30,)]
        assert self.ask("SELECT count(*) FROM tests WHERE day < 29") == [(None,)]

    def takes_away_fewer_than_lists_tell_apart(self) -> None:
        """Sixty units, and the twenty of them that no list of the sixty names."""
        strict = agreed(disclosure="minimum_units: 60", number=5)
        ranked = self.node.db.execute(
            "SELECT i FROM range(120) AS t(i) ORDER BY hash(?, i::INTEGER)", [SECRETS[HASH_KEY]]
        ).fetchall()
        self.node.tests(*(one_test(i, day=day) for day, (i,) in enumerate(ranked)))
        assert self.ask("SELECT count(*) FROM tests WHERE day < 60", strict) == [(60,)]
        assert self.ask("SELECT count(*) FROM tests WHERE day BETWEEN 40 AND 59") == [(None,)]

    def waits_for_one_to_come(self) -> None:
        before = self.ask("SELECT count(*), avg(ct) FROM tests")
        self.node.run("INSERT INTO data.tests VALUES (900, 20, 1, 'f', 'negative', 49.0, 3, '')")
        assert self.ask("SELECT count(*), avg(ct) FROM tests") == before

    def asks_for_too_many_cells(self) -> None:
        most = DEFAULT_LIMITS.max_cells_per_day
        day = self.node.now.date().isoformat()
        statement = "INSERT INTO published_cells VALUES ('a.example/tests', ?, ?)"
        self.node.state.submit(lambda tx: tx.db.execute(statement, (day, most)))
        with pytest.raises(Refusal):
            self.ask("SELECT count(*) FROM tests")

    def compares_other_units(self) -> None:
        assert self.ask("SELECT count(*) FROM tests WHERE day < 30") == [(30,)]
        rows = [one_test(i) for i in range(60)]
        self.node.offer("tests", TESTS | {"patient": "VARCHAR"}, rows)
        with pytest.raises(Refusal):
            self.ask("SELECT count(*) FROM tests WHERE day < 29")

    def reads_figures_exactly(self) -> None:
        self.node.tests(*(one_test(i, ct=1 / (3 + i)) for i in range(58)))
        ((count, mean),) = self.ask("SELECT count(*), avg(ct) FROM tests")
        assert count == 60
        assert len(str(mean).lstrip("0.")) <= 4

    def asks_when_all_are_alike(self) -> None:
        self.node.tests(*(one_test(i, ct=7.0) for i in range(60)))
        assert self.ask("SELECT avg(ct) FROM tests") == [(None,)]

    def passes_a_clamp(self) -> None:
        columns = COLUMNS.replace("ct: {use: [measure]}", "ct: {use: [measure], clamp: [0, 21]}")
        ((mean,),) = self.ask("SELECT avg(ct) FROM tests", agreed(disclosure="", columns=columns))
        assert mean <= 21

    def looks_behind_the_row_filter(self) -> None:
        contract = agreed(disclosure="", where="day < 20")
        assert self.ask("SELECT count(*) FROM tests", contract) == [(20,)]

    def multiplies_by_a_join(self) -> None:
        contract = agreed(disclosure="", datasets="a.example/tests, a.example/visits")
        visits = [(i % 20,) for i in range(40)]
        self.node.offer("visits", {"patient": "INTEGER"}, visits, units=())
        sql = "SELECT count(*) FROM tests JOIN visits ON tests.patient = visits.patient"
        assert self.ask(sql, contract) == [(None,)]

    def sees_what_a_mask_hides(self) -> None:
        plain, masked = (
            "age: {use: [group, filter]}",
            "age: {use: [group], mask: {bucket: [0, 35]}}",
        )
        columns = COLUMNS.replace(plain, masked)
        contract = agreed(disclosure="", columns=columns)
        found = self.ask("SELECT age, count(*) FROM tests GROUP BY age", contract)
        assert {row[0] for row in found} == {0, 35}

    def sees_that_a_cell_is_there(self) -> None:
        self.node.tests(*(one_test(i, sex="x" if i < 40 else "y", ct=7.0) for i in range(60)))
        assert self.ask("SELECT sex, avg(ct) FROM tests GROUP BY sex") == []

    def joins_a_dataset_to_itself(self) -> None:
        self.refused("SELECT count(*) FROM tests a JOIN tests b ON a.patient = b.patient")

    def groups_by_the_unit(self) -> None:
        self.refused("SELECT patient, count(*) FROM tests GROUP BY patient")
        self.refused("SELECT count(*) FROM tests WHERE ct > 3")

    def returns_rows(self) -> None:
        self.refused("SELECT sex, day, count(*) FROM tests GROUP BY sex")
        self.refused("SELECT sex FROM tests")

    def joins_on_what_is_not_granted(self) -> None:
        contract = agreed(disclosure="", datasets="a.example/tests, a.example/visits")
        self.node.offer("visits", {"patient": "INTEGER", "sex": "VARCHAR"}, [], units=())
        self.refused("SELECT count(*) FROM tests JOIN visits ON tests.sex = visits.sex", contract)

    def calls_what_is_not_granted(self) -> None:
        self.refused("SELECT min(ct) FROM tests")
        self.refused("SELECT count(DISTINCT day) FROM tests")

    def joins_figures_to_rows(self) -> None:
        self.refused("SELECT count(*) FROM tests JOIN (SELECT 20 AS age) x ON tests.age = x.age")

    def looks_at_rows_from_inside(self) -> None:
        self.refused("SELECT sex, (SELECT t.day) FROM tests t GROUP BY sex")
        self.refused("SELECT sex, (SELECT t.sex) FROM tests t GROUP BY sex")

    def names_hidden_things(self) -> None:
        self.refused("SELECT count(remark) FROM tests")
        self.refused("SELECT count(*) FROM data.tests")

    def sends_a_literal(self) -> None:
        sql = "SELECT count(*) || 'x'' OR true' AS n FROM (SELECT count(*) FROM tests)"
        plan = self.node.decide(sql, CONTRACT)
        assert "OR true" not in plan.sql
        assert self.ask(sql)

    def asks_as_another(self) -> None:
        decided = self.node.decide("SELECT count(*) FROM tests", CONTRACT, "else.example")
        assert isinstance(decided, Refusal)
        assert not isinstance(
            self.node.decide("SELECT count(*) FROM tests", CONTRACT, RIVAL), Refusal
        )


def without(rules: tuple, rule: Callable) -> tuple:
    return tuple(item for item in rules if item is not rule)


GATE = "sekisho.gate.decide."
PUBLISHED = "sekisho.store.published."
OFF = [
    *((GATE + "RULES", without(ROWS_RULES, rule), f"Rows {rule.__name__}") for rule in ROWS_RULES),
    *(
        (GATE + "STATISTICS_RULES", without(STATISTICS_RULES, rule), f"Statistics {rule.__name__}")
        for rule in STATISTICS_RULES
    ),
    *(
        ("sekisho.disclosure.rules.RULES", without(DISCLOSURE_RULES, rule),
         f"Statistics {rule.__name__}")
        for rule in DISCLOSURE_RULES
    ),
    (GATE + "_check_parties", nothing, "Rows asks_as_another"),
    (GATE + "_check_parties", nothing, "Statistics asks_as_another"),
    (GATE + "_check_purpose", nothing, "Rows asks_for_another_purpose"),
    ("sekisho.gate.rules.check_use", nothing, "Rows uses_what_is_not_granted"),
    ("sekisho.gate.views.row_condition", nothing, "Rows looks_for_a_hidden_row"),
    ("sekisho.gate.views.masked", lambda value, *_, **__: value(), "Rows sees_what_a_mask_hides"),
    ("sekisho.gate.holding.is_held", lambda _: False, "Rows asks_for_few"),
    ("sekisho.sql.read.check_bounds", nothing, "Rows hides_letters"),
    ("sekisho.sql.read._check_size", nothing, "Rows sends_too_much"),
    ("sekisho.sql.read.check_syntax", nothing, "Rows calls_and_forms_that_are_not_listed"),
    ("sekisho.sql.read._agree", nothing, "Rows writes_what_two_parsers_read_differently"),
    ("sekisho.sql.block_uses._check_relations", nothing, "Statistics joins_a_dataset_to_itself"),
    ("sekisho.sql.block_uses._check_use", nothing, "Statistics groups_by_the_unit"),
    ("sekisho.sql.block_uses._check_pairs", nothing, "Statistics joins_on_what_is_not_granted"),
    ("sekisho.sql.block_uses._check_call", nothing, "Statistics calls_what_is_not_granted"),
    ("sekisho.sql.blocks._Reader._check_shape", nothing, "Statistics joins_figures_to_rows"),
    ("sekisho.sql.blocks._Reader._check_correlation", nothing,
     "Statistics looks_at_rows_from_inside"),
    ("sekisho.gate.statistics.check_block", nothing, "Statistics returns_rows"),
    ("sekisho.gate.governed.row_condition", nothing, "Statistics looks_behind_the_row_filter"),
    ("sekisho.gate.governed.masked", lambda value, *_, **__: value(),
     "Statistics sees_what_a_mask_hides"),
    ("sekisho.gate.governed._clamped", first, "Statistics passes_a_clamp"),
    ("sekisho.gate.block_rows.keep_unique", first, "Statistics multiplies_by_a_join"),
    ("sekisho.gate.block_rows.unit_type", lambda *_: "", "Statistics compares_other_units"),
    (PUBLISHED + "is_earlier", lambda *_: False, "Statistics waits_for_one_to_come"),
    ("sekisho.disclosure.release.differing", lambda *_: 10**9, "Statistics takes_one_away"),
    (PUBLISHED + "_near", lambda _tx, _scope, found, **_: [[] for _ in found],
     "Statistics takes_one_away"),
    (PUBLISHED + "_listed", lambda *_: (), "Statistics takes_one_away"),
    (PUBLISHED + "_unlisted", lambda *_: [], "Statistics takes_away_fewer_than_lists_tell_apart"),
    (PUBLISHED + "_keep", nothing, "Statistics takes_one_away"),
    ("sekisho.server.protecting._count", nothing, "Statistics asks_for_too_many_cells"),
    ("sekisho.disclosure.figures.round_count", first, "Statistics reads_figures_exactly"),
    ("sekisho.disclosure.figures._cut", first, "Statistics reads_figures_exactly"),
    ("sekisho.disclosure.figures.mean", lambda totals: totals.sum / totals.count,
     "Statistics asks_when_all_are_alike"),
    ("sekisho.disclosure.cells.Cells._is_seen", lambda *_: True,
     "Statistics sees_that_a_cell_is_there"),
]  # fmt: skip


def attacks(world, name: str) -> list[Callable[[], None]]:
    """The attack of a name, or all of them where a whole rule of a pipeline is off."""
    if hasattr(world, name):
        return [getattr(world, name)]
    known = [item for item in vars(type(world)) if "_" in item and item[0] != "_"]
    return [getattr(world, item) for item in known]


def succeeds(attack: Callable[[], None]) -> bool:
    """Tell whether an attack gets through, or something fails that did not fail before."""
    try:
        attack()
    except (AssertionError, pytest.fail.Exception):
        return True
    except Exception:  # noqa: BLE001  a pipeline that breaks is noticed too
        return True
    return False


@pytest.fixture
def worlds(hospital):
    return {"Rows": Rows(), "Statistics": Statistics(hospital)}


@pytest.mark.parametrize(
    ("target", "stand_in", "name"), OFF, ids=[f"{name}-{target}" for target, _, name in OFF]
)
def test_a_rule_that_is_switched_off_is_missed(worlds, monkeypatch, target, stand_in, name):
    world, _, attack = name.partition(" ")
    monkeypatch.setattr(target, stand_in)
    assert any(map(succeeds, attacks(worlds[world], attack)))


ATTACKS = [
    (kind.__name__, name)
    for kind in (Rows, Statistics)
    for name in vars(kind)
    if "_" in name and name[0] != "_"
]


@pytest.mark.parametrize(("world", "attack"), ATTACKS)
def test_with_every_rule_in_place_no_attack_succeeds(worlds, world, attack):
    getattr(worlds[world], attack)()


def test_the_table_names_attacks_and_rules_that_there_are():
    named = {name.partition(" ")[2] for _, _, name in OFF}
    rules = {item.__name__ for item in (*ROWS_RULES, *STATISTICS_RULES, *DISCLOSURE_RULES)}
    assert named <= rules | {attack for _, attack in ATTACKS}
