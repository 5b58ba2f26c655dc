"""Attackers against answers that a test makes: exact ones, or those of a minimum group alone."""

from dataclasses import replace
from pathlib import Path

import duckdb

from sekisho.config import DatasetConfig, SourceConfig
from sekisho.disclosure.attacks.attack import Ask, Brief, Bring, By, Reply, Rules
from sekisho.disclosure.attacks.catalog import ATTACKS
from sekisho.disclosure.attacks.knowledge import (
    Asked,
    Cut,
    Knowledge,
    KnownColumn,
    Measured,
    Target,
)
from sekisho.disclosure.attacks.truth import Truth
from sekisho.documents.contract import parse_contract
from sekisho.engine.engine import EngineSettings
from sekisho.engine.pool import WorkerPool
from sekisho.model.contract import Access
from sekisho.model.names import DatasetId, PartyId
from sekisho.server.rehearsal import playing
from sekisho.server.rehearsal.ground import Ground, describe_offer
from sekisho.server.rehearsal.listeners import AtNode, Unprotected
from sekisho.server.rehearsal.playing import Outcome, Player
from sekisho.server.rehearsal.stage import Stage
from support.hospitals import DATA, statistics_text

Outcomes = dict[By, Outcome]
LAB = PartyId("lab.example")
RULES = Rules(
    minimum_units=10,
    round_counts_to=5,
    p_percent=10,
    functions=frozenset({"count", "sum", "avg", "stddev"}),
)
EXACT = replace(RULES, is_exact=True, round_counts_to=1)


class Table:
    """Rows of `(person, known…, secret)` in a DuckDB of the test's own."""

    def __init__(self, columns: tuple[str, ...], rows: list[tuple], *, secret: str) -> None:
        self.columns = columns
        self.secret = secret
        self.rows = rows
        self.db = duckdb.connect()
        names = ("person", *columns, secret)
        self.db.execute(
            f"CREATE TABLE everything AS SELECT * FROM (VALUES {', '.join(map(_row, rows))})"
            f" AS t({', '.join(names)})"
        )
        self.absent: frozenset[int] = frozenset()
        self.minimum = 1
        self.brought = ""

    def ask(self, move: Ask) -> Reply:
        """Answer exactly, but for cells of fewer people than the minimum."""
        away = ", ".join(map(str, self.absent)) or "-1"
        rows = f"SELECT * FROM everything WHERE person NOT IN ({away})"
        sql = move.sql
        if self.minimum > 1:
            sql += f" HAVING count(DISTINCT person) >= {self.minimum}"
        cursor = self.db.execute(f"WITH tests AS ({rows}){self.brought} {sql}")
        found = tuple(map(tuple, cursor.fetchall()))
        return Reply(rows=found)

    def bring(self, move: Bring) -> None:
        names = ", ".join((move.lookup.key, *move.lookup.columns))
        self.brought = (
            f", {move.lookup.name}({names}) AS (VALUES {', '.join(map(_row, move.rows))})"
        )

    def turn(self, absent: frozenset[int]) -> None:
        self.absent = absent

    def truth(self, *, value: object = None, rules: Rules = RULES) -> Truth:
        """Tell everything: of a secret that has a value, or of one that is measured."""
        known = Knowledge(
            relation="tests",
            columns=tuple(
                KnownColumn(name=name, is_grouped=True, is_filtered=True) for name in self.columns
            ),
            rows=tuple(row[1:-1] for row in self.rows),
            people=tuple(row[0] for row in self.rows),
        )
        found = [row[-1] for row in self.rows]
        if value is not None:
            secret = Asked(column=self.secret, value=value)
            values = tuple(float(item == value) for item in found)
        else:
            is_flag = set(found) <= {0, 1}
            usual = float(sorted(found)[len(found) // 2])
            secret = Measured(column=self.secret, is_flag=is_flag, usual=usual)
            values = tuple(map(float, found))
        return Truth(known=known, secret=secret, values=values, rules=rules)


def brief_of(truth: Truth, wanted, *, queries: int = 200, **changes) -> Brief:
    """Brief an attacker whose aims are drawn with the seed 1."""
    aims = truth.draw(wanted, 1, most=200)
    return Brief(
        known=truth.known,
        secret=truth.secret,
        rules=changes.pop("rules", truth.rules),
        queries=queries,
        targets=tuple(item for item in aims if isinstance(item, Target)),
        cells=tuple(item for item in aims if isinstance(item, Cut)),
        **changes,
    )


def scores(attack, truth: Truth, listener, *, rules: Rules, queries: int = 200, **changes):
    """Play an attack; gives the score of each reading by how it was read."""
    brief = brief_of(truth, attack.wants, queries=queries, rules=rules, **changes)
    readings = Player(brief, listener).play(attack)
    return {reading.by: truth.score(attack.wants, reading) for reading in readings}


def _row(row: tuple) -> str:
    return f"({', '.join(_value(item) for item in row)})"


def _value(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else str(value)


FINE = """
      age: {use: [group, filter], mask: {bucket: [0, 5, 12, 18, 40, 65]}}
      gender: {use: [group, filter]}
      pandemic_day: {use: [group, filter], mask: {bucket_width: 7}}
      patient_class: {use: [group, filter]}
      drive_through: {use: [group, filter]}
      result: {use: [group, filter]}
      positive: {from: {column: result, equals: positive}, use: [measure]}
      cycle_threshold: {use: [measure], clamp: [0, 45]}
"""
"""More than a careful contract grants: 131 of the patients are alone with all of it."""


class Hospital:
    """Hospital A's real tests under terms that a test chooses, and attackers of them."""

    def __init__(self, root: Path, columns: str = FINE, *, file: Path | None = None) -> None:
        self.engine = WorkerPool(EngineSettings(workers=2, max_workers=4, threads=1))
        self.authored = parse_contract(statistics_text(columns=columns).encode())
        self.stage = Stage(self.authored, root)
        source = SourceConfig(parquet=str(file or DATA / "covid_tests_a.parquet"))
        self.offer = describe_offer(
            PartyId("a.example"),
            {"tests": DatasetConfig(source=source)},
            root=root,
            engine=self.engine,
        )
        self.played = 0

    def ground(self, secret: str) -> Ground:
        (grant,) = self.authored.contract.grants
        dataset = DatasetId("a.example/tests")
        return Ground(
            self.stage, grant, dataset, offer=self.offer, engine=self.engine, secret=secret
        )

    def attack(self, name: str, secret: str, *, queries: int = 30, hidden: str = "") -> Outcomes:
        """Play an attack on a secret; columns named in `hidden` are kept from the attacker."""
        ground = self.ground(secret)
        (truth,) = ground.truths
        truth = without(truth, *hidden.split())
        (attack,) = (item for item in ATTACKS[Access.AGGREGATE] if item.name == name)
        brief = playing.brief_of(attack, truth, seed=1, queries=queries)
        self.played += 1
        with AtNode(ground, LAB, name=f"attack-{self.played}", seed=1) as node:
            found = playing.play_both(attack, truth, brief, (node, Unprotected(ground)))
        return {outcome.by: outcome for outcome in found}

    def close(self) -> None:
        self.engine.close()


def without(truth: Truth, *names: str) -> Truth:
    """Keep columns from an attacker."""
    known = truth.known
    kept = [at for at, column in enumerate(known.columns) if column.name not in names]
    rows = tuple(tuple(row[at] for at in kept) for row in known.rows)
    columns = tuple(known.columns[at] for at in kept)
    known = replace(known, columns=columns, rows=rows, _groups={}, _spreads={})
    return replace(truth, known=known)
