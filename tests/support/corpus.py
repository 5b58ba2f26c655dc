"""Worlds in which everything is granted in `rows`, for holding plans to the queries themselves.

Each world is a published schema in small: its tables with random rows, as `data.<table>` for plans
and as `<table>` for the query as it was written, in one engine.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import duckdb

from sekisho.errors import Refusal
from support.gate_cases import PARSER, PROVIDER, ask, dataset, signed_contract

FOLDER = Path(__file__).parents[1] / "vectors" / "corpus"
TPCH = {
    "region": "r_regionkey INTEGER, r_name VARCHAR, r_comment VARCHAR",
    "nation": "n_nationkey INTEGER, n_name VARCHAR, n_regionkey INTEGER, n_comment VARCHAR",
    "supplier": "s_suppkey BIGINT, s_name VARCHAR, s_address VARCHAR, s_nationkey INTEGER, "
    "s_phone VARCHAR, s_acctbal DECIMAL(15,2), s_comment VARCHAR",
    "customer": "c_custkey BIGINT, c_name VARCHAR, c_address VARCHAR, c_nationkey INTEGER, "
    "c_phone VARCHAR, c_acctbal DECIMAL(15,2), c_mktsegment VARCHAR, c_comment VARCHAR",
    "part": "p_partkey BIGINT, p_name VARCHAR, p_mfgr VARCHAR, p_brand VARCHAR, p_type VARCHAR, "
    "p_size INTEGER, p_container VARCHAR, p_retailprice DECIMAL(15,2), p_comment VARCHAR",
    "partsupp": "ps_partkey BIGINT, ps_suppkey BIGINT, ps_availqty BIGINT, "
    "ps_supplycost DECIMAL(15,2), ps_comment VARCHAR",
    "orders": "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR, "
    "o_totalprice DECIMAL(15,2), o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR, "
    "o_shippriority INTEGER, o_comment VARCHAR",
    "lineitem": "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, "
    "l_quantity DECIMAL(15,2), l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), "
    "l_tax DECIMAL(15,2), l_returnflag VARCHAR, l_linestatus VARCHAR, l_shipdate DATE, "
    "l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR, l_shipmode VARCHAR, "
    "l_comment VARCHAR",
}
SSB = {
    "days": "d_datekey INTEGER, d_year INTEGER, d_yearmonthnum INTEGER, d_yearmonth VARCHAR, "
    "d_weeknuminyear INTEGER",
    "customers": "c_custkey INTEGER, c_city VARCHAR, c_nation VARCHAR, c_region VARCHAR",
    "suppliers": "s_suppkey INTEGER, s_city VARCHAR, s_nation VARCHAR, s_region VARCHAR",
    "parts": "p_partkey INTEGER, p_mfgr VARCHAR, p_category VARCHAR, p_brand VARCHAR",
    "lineorder": "lo_orderkey BIGINT, lo_custkey INTEGER, lo_partkey INTEGER, lo_suppkey INTEGER, "
    "lo_orderdate INTEGER, lo_quantity INTEGER, lo_extendedprice INTEGER, lo_discount INTEGER, "
    "lo_revenue INTEGER, lo_supplycost INTEGER",
}
HITS = {
    "hits": "watchid BIGINT, userid BIGINT, counterid INTEGER, regionid INTEGER, "
    "advengineid SMALLINT, searchengineid SMALLINT, traficsourceid SMALLINT, isrefresh SMALLINT, "
    "resolutionwidth SMALLINT, clientip INTEGER, eventdate DATE, eventtime TIMESTAMP, "
    "searchphrase VARCHAR, phonemodel VARCHAR, url VARCHAR, title VARCHAR, referer VARCHAR",
}
ROWS = {"region": 5, "nation": 12, "supplier": 12, "customer": 18, "part": 16, "partsupp": 30,
        "orders": 60, "lineitem": 160, "days": 30, "customers": 16, "suppliers": 12, "parts": 24,
        "lineorder": 200, "hits": 120}  # fmt: skip
_WORDS = {
    "r_name": "ASIA EUROPE AMERICA AFRICA",
    "n_name": "FRANCE GERMANY BRAZIL JAPAN",
    "p_type": "PROMO_BRASS MEDIUM_POLISHED_STEEL LARGE_BRASS ECONOMY_STEEL",
    "p_name": "forest_green dim_green forest_lace red",
    "p_brand": "Brand#12 Brand#23 Brand#45 MFGR#2221 MFGR#2225",
    "p_container": "MED_BOX SM_CASE LG_PACK",
    "c_mktsegment": "BUILDING MACHINERY",
    "o_orderstatus": "F O P",
    "o_orderpriority": "1-URGENT 2-HIGH 3-MEDIUM",
    "o_comment": "special_requests x NULL some_special_wishes_requests",
    "l_returnflag": "R N A",
    "l_linestatus": "O F",
    "l_shipmode": "MAIL SHIP AIR REG_AIR",
    "l_shipinstruct": "DELIVER_IN_PERSON NONE",
    "s_comment": "Customer_did_Complaints good",
    "c_region": "ASIA AMERICA EUROPE",
    "s_region": "ASIA AMERICA EUROPE",
    "c_nation": "UNITED_STATES CHINA",
    "s_nation": "UNITED_STATES CHINA",
    "c_city": "UNITED_KI1 UNITED_KI5",
    "s_city": "UNITED_KI1 UNITED_KI5",
    "p_mfgr": "MFGR#1 MFGR#2 MFGR#3",
    "p_category": "MFGR#12 MFGR#14",
    "d_yearmonth": "Dec1997 Jan1993",
    "url": "http://www.google.com/x http://example.org/a/b google",
    "referer": "https://www.example.com/a/b http://a.b/c/d no-address",
    "title": "Google_search Home",
    "searchphrase": "sea weather EMPTY",
    "phonemodel": "A1 B2 EMPTY",
}
_NUMBERS = {
    "d_year": (1992, 1998),
    "lo_discount": (0, 9),
    "lo_quantity": (1, 45),
    "p_size": (1, 50),
    "l_quantity": (1, 50),
    "counterid": (61, 63),
    "isrefresh": (0, 1),
    "advengineid": (0, 3),
    "searchengineid": (0, 2),
    "o_totalprice": (1, 9000),
}


NULLS = 0.04
"""Share of cells, but for keys."""


@dataclass(frozen=True)
class Written:
    """One query of the corpus."""

    name: str
    sql: str


def load_corpus(name: str) -> list[Written]:
    """Read a file of queries, each after a line that names it."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- (.+)$", text, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [
        Written(f"{name} {head}", sql.strip().rstrip(";")) for head, sql in pairs if sql.strip()
    ]


class OpenWorld:
    """Tables of which everything is granted, under one grant of `rows`."""

    def __init__(self, tables: dict[str, str], seed: int = 7) -> None:
        self._random = Random(seed)
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA data")
        columns = {name: _columns(written) for name, written in tables.items()}
        for name, kinds in columns.items():
            self.connection.execute(f"CREATE TABLE data.{name} ({tables[name]})")
            rows = [self._row(name, number, kinds) for number in range(ROWS[name])]
            self.connection.execute(f"INSERT INTO data.{name} VALUES {', '.join(rows)}")
            self.connection.execute(f"CREATE VIEW {name} AS FROM data.{name}")
        self.datasets = {item.id: item for item in map(dataset, columns, columns.values())}
        granted = dict.fromkeys(column for kinds in columns.values() for column in kinds)
        self.signed = signed_contract(_contract(tables, granted))
        self.columns = columns

    def decide(self, sql: str):
        """Ask the gate."""
        return ask(sql, signed=self.signed, datasets=self.datasets)

    def run(self, plan):
        """Run a plan; give its types and rows."""
        return self._outcome(plan.sql, dict(plan.parameters) or None)

    def run_plain(self, sql: str):
        """Run a query as it was written."""
        return self._outcome(sql, None)

    def _outcome(self, sql, parameters):
        relation = self.connection.sql(sql, params=parameters)
        return [str(item) for item in relation.types], relation.fetchall()

    def _row(self, table: str, number: int, kinds: dict[str, str]) -> str:
        first = next(iter(kinds))
        values = [
            str(number + 1)
            if column == first and table not in {"partsupp", "lineitem"}
            else self._value(column, kind)
            for column, kind in kinds.items()
        ]
        return f"({', '.join(values)})"

    def _value(self, column: str, kind: str) -> str:
        random = self._random
        if random.random() < NULLS and not column.endswith("key"):
            return "NULL"
        if column in _WORDS:
            word = random.choice(_WORDS[column].split()).replace("_", " ")
            return f"'{'' if word == 'EMPTY' else word}'"
        low, high = _NUMBERS.get(column, (1, 14))
        number = random.randrange(low, high + 1)
        if column in {"l_discount", "l_tax"}:
            return f"0.0{number % 10}"
        return _WRITTEN[kind.partition("(")[0]](random, number)


_WRITTEN = {
    "INTEGER": lambda _, number: str(number),
    "BIGINT": lambda _, number: str(number),
    "SMALLINT": lambda _, number: str(number),
    "DECIMAL": lambda _, number: f"{number}.{number % 90:02}",
    "DATE": lambda r, n: f"'{r.randrange(1992, 1999)}-{r.randrange(1, 13):02}-{1 + n % 28:02}'",
    "TIMESTAMP": lambda r, n: f"'2013-07-{1 + n % 28:02} 10:{r.randrange(60):02}:00'",
    "VARCHAR": lambda r, n: f"'{r.choice('13 31 Customer'.split())}-{n % 9:03}'",
}


@dataclass
class Tally:
    """How queries of a corpus came out."""

    same: int = 0
    differ: list[str] = field(default_factory=list)
    """Queries whose plan gives something else: there must be none."""
    nulls: list[str] = field(default_factory=list)
    """Queries that fail as they were written, where their plans give NULL."""
    fails: list[str] = field(default_factory=list)
    """Queries that run as they were written, and whose plans fail: there must be none."""
    refused: Counter = field(default_factory=Counter)
    invalid: int = 0
    """Queries that neither runs."""

    def table(self) -> str:
        """Write the outcome for people."""
        lines = [f"{'same':>6} {self.same}", f"{'null':>6} {len(self.nulls)}",
                 f"{'differ':>6} {len(self.differ)}", f"{'fail':>6} {len(self.fails)}",
                 f"{'both':>6} {self.invalid}"]  # fmt: skip
        lines += [f"{count:>6} refused: {reason}" for reason, count in self.refused.most_common()]
        return "\n".join(lines)


def compare(world, sql: str, tally: Tally) -> None:
    """Hold one query's plan to the query itself, and count the outcome."""
    plan = world.decide(sql)
    try:
        expected = world.run_plain(sql)
    except duckdb.Error:
        expected = None
    if isinstance(plan, Refusal):
        words = re.sub(r"`[^`]*`|\d+", "…", plan.message)
        valid = "" if expected is not None else " (invalid)"
        tally.refused[f"{plan.reason.value} {words}{valid}"] += 1
        return
    try:
        found = world.run(plan)
    except duckdb.Error as error:
        if expected is None:
            tally.invalid += 1
        else:
            tally.fails.append(f"{sql}\n  {plan.sql}\n  {error}")
        return
    if expected is None:
        tally.nulls.append(sql)
    elif _comparable(found) != _comparable(expected):
        tally.differ.append(f"{sql}\n  {plan.sql}\n  {found}\n  {expected}")
    else:
        tally.same += 1


def _comparable(outcome):
    """Compare rows in any order, and floats as far as the order of a sum leaves them alone."""
    kinds, rows = outcome
    plain = (
        [f"{cell:.9g}" if isinstance(cell, float) else repr(cell) for cell in row] for row in rows
    )
    return kinds, sorted(plain)


def _columns(written: str) -> dict[str, str]:
    pairs = re.findall(r"(\w+) ((?:\w+)(?:\(\d+,\d+\))?)", written)
    return dict(pairs)


def _contract(tables, granted) -> str:
    names = ", ".join(f"{PROVIDER}/{name}" for name in tables)
    columns = ", ".join(f"{name}: {{}}" for name in granted)
    return f"""
format: sekisho.contract/v1
title: Everything
parties:
  - {{party: {PROVIDER}, role: provider, alias: ua}}
  - {{party: maker.example, role: consumer}}
purposes:
  - {{purpose: reliability, means: "Anything"}}
term: {{starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}}
grants:
  - grant: all
    datasets: [{names}]
    access: rows
    columns: {{{columns}}}
"""


__all__ = ["HITS", "PARSER", "SSB", "TPCH", "OpenWorld", "Tally", "compare", "load_corpus"]
