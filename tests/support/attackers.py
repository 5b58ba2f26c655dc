"""Attackers against answers that a test makes: exact ones, or those of a minimum group alone."""

from dataclasses import replace

import duckdb

from sekisho.disclosure.attacks.attack import Ask, Brief, Bring, Reply, Rules
from sekisho.disclosure.attacks.knowledge import (
    Asked,
    Cut,
    Knowledge,
    KnownColumn,
    Measured,
    Target,
)
from sekisho.disclosure.attacks.truth import Truth
from sekisho.server.rehearsal.playing import Player

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
