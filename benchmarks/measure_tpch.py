"""tpch: the 22 queries over three companies' nodes, against one DuckDB over all the data, seconds.

The tables are split by table: who ships holds lines and parts, who sells orders and customers, who
makes suppliers and their stock. An analyst asks through the users' face of their own node; between
the nodes is mutual TLS, and every answer has its verified receipt. Rows and their order are held
to those of the peer. `SCALE=0.1` measures less; times of each query go to stderr.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from figures import Figure, figure

from support.nodes import Companies, Company, around_today
from support.tpch import TABLES, grants_of, read_queries

HOLDERS = {
    "shipper": ("lineitem", "part"),
    "seller": ("orders", "customer", "nation"),
    "maker": ("supplier", "partsupp", "region"),
}
ROUNDS = 3
WORKERS = 6


Ask = Callable[[str], pa.Table]


def measure(root: Path) -> list[Figure]:
    """Give the sums over the queries of the better of some rounds, taken in turn."""
    files = generated(root)
    whole = duckdb.connect(str(root / "whole.db"), config={"threads": os.cpu_count() or 1})
    for name, path in files.items():
        whole.execute(f"CREATE TABLE {name} AS FROM '{path}'")

    def peer(sql: str) -> pa.Table:
        return whole.sql(sql).to_arrow_table()

    with nodes(root, files) as ours:
        times = [_both(sql, ours, peer) for sql in read_queries()]
    own, other = told(times)
    return [figure("tpch", own, peer=other, unit="s", aim="<= 2")]


def generated(root: Path) -> dict[str, Path]:
    """Generate the eight tables as Parquet, by `tpchgen-cli` of the dev extra."""
    generator = Path(sys.executable).with_name("tpchgen-cli")
    scale = os.environ.get("SCALE", "1")
    folder = root / "generated"
    command = [str(generator), "parquet", "-s", scale, f"--output-dir={folder}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {name: folder / f"{name}.parquet" for name in TABLES}


@contextmanager
def nodes(root: Path, files: Mapping[str, Path]) -> Iterator[Ask]:
    """Run three companies' nodes over the tables, and an analyst's; gives what asks them."""
    empty = duckdb.connect()
    for name, path in files.items():
        empty.execute(f"CREATE VIEW {name} AS FROM '{path}'")
    with Companies(root) as companies:
        for name, tables in HOLDERS.items():
            sources = (f'  {item}:\n    source: {{parquet: "{files[item]}"}}\n' for item in tables)
            companies.found(name, "".join(sources))
            _keep_workers(companies[name])
        companies.found("analyst")
        companies.introduce()
        companies.start()
        grants = grants_of(HOLDERS, empty)
        contract = companies.agree(contract_of(tuple(HOLDERS), "analyst", grants))
        with companies["analyst"].node() as node:
            yield lambda sql: node.query(sql, contract=contract).to_arrow()


def told(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Say each query's times; give their sums."""
    for number, (own, other) in enumerate(times, 1):
        print(f"  q{number:02}: {own:.3f} s, peer {other:.3f} s", file=sys.stderr)
    own, other = (sum(column) for column in zip(*times, strict=True))
    return own, other


def _keep_workers(company: Company) -> None:
    """Keep a worker for each fragment that a query asks of one provider."""
    config = company.folder.config
    config.write_text(config.read_text().replace("workers: 1", f"workers: {WORKERS}"))


def _both(sql: str, ours: Ask, peer: Ask) -> tuple[float, float]:
    """Give the best time of each."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        found = ours(sql)
        between = time.perf_counter()
        expected = peer(sql)
        times.append((between - started, time.perf_counter() - between))
        assert _rows(found) == _rows(expected), sql
    return min(own for own, _ in times), min(other for _, other in times)


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def contract_of(providers: tuple[str, ...], consumer: str, grants: str) -> str:
    """Write a contract of several providers and one consumer."""
    parties = "\n".join(f"  - {{party: {name}.example, role: provider}}" for name in providers)
    return f"""
format: sekisho.contract/v1
title: For measuring
parties:
{parties}
  - {{party: {consumer}.example, role: consumer}}
purposes:
  - {{purpose: measuring, means: "Measuring"}}
{around_today()}
grants:
{grants}
"""
