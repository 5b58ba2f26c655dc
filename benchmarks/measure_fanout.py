"""fanout_64: one query over 64 providers' nodes, against the slowest single one of them, ms.

The same query is asked of all of them as a union, and of each by its own schema, through the
consumer's node. `PROVIDERS=16` measures with fewer nodes, which is then said on stderr: the figure
keeps its name.
"""

import os
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from figures import Figure, figure
from measure_tpch import contract_of

from sekisho.client.node import Node
from sekisho.documents.proposal import parse_proposal
from sekisho.model.names import PartyId
from sekisho.store.contracts import NewContract
from sekisho.store.state import State, open_state
from sekisho.store.transaction import Transaction
from support.nodes import Companies, Company

ROWS = 20_000
ROUNDS = 5
SQL = "SELECT origin, count(*) AS n, sum(delay) AS s FROM {} GROUP BY origin ORDER BY origin"


def measure(root: Path) -> list[Figure]:
    """Give the medians of some rounds, the slowest single one of each round."""
    count = int(os.environ.get("PROVIDERS", "64"))
    names = tuple(f"p{number}" for number in range(count))
    path = root / "flights.parquet"
    duckdb.execute(
        "COPY (SELECT ['A', 'B', 'C'][range % 3 + 1] AS origin, (range % 180)::SMALLINT AS delay"
        f" FROM range({ROWS})) TO '{path}'"
    )
    with Companies(root) as companies:
        for name in names:
            provider = companies.found(name, f'  flights:\n    source: {{parquet: "{path}"}}\n')
            _make_small(provider)
        companies.found("analyst")
        companies.introduce()
        datasets = ", ".join(f"{name}.example/flights" for name in names)
        grants = (
            f"  - {{grant: flights, datasets: [{datasets}], access: rows,"
            " columns: {origin: {}, delay: {}}}"
        )
        contract = _agree(companies, contract_of(names, "analyst", grants))
        for name in (*names, "analyst"):
            companies.start(name)
        with companies["analyst"].node() as node:
            for schema in ("shared", *names):
                _ask(node, contract, schema)
            together = [_ask(node, contract, "shared") for _ in range(ROUNDS)]
            single = [max(_ask(node, contract, name) for name in names) for _ in range(ROUNDS)]
    print(f"  {count} providers", file=sys.stderr)
    ours, peer = (statistics.median(item) * 1e3 for item in (together, single))
    return [figure("fanout_64", ours, peer=peer, unit="ms", aim="<= 1.5")]


def _make_small(company: Company) -> None:
    """Let a node do with one worker, so that many of them fit on one machine."""
    text = company.folder.config.read_text()
    small = text.replace("threads: 2, workers: 2", "threads: 1, workers: 1")
    company.folder.config.write_text(small)


def _agree(companies: Companies, text: str) -> str:
    """Hand every node, before it starts, the contract with all signatures; gives its id."""
    payload = companies.proposal(text)
    signed = parse_proposal(payload)
    names = [party.split(".")[0] for party in signed.parties]
    envelope = companies.signed_by(payload, *names)
    now = datetime.now(UTC)
    new = NewContract(
        id=signed.id,
        title=signed.contract.title,
        envelope=envelope,
        amends=None,
        by=signed.parties[0],
    )
    for company in companies.by_name.values():
        with open_state(company.folder.state_file(), now=now) as state:
            state.submit(lambda tx, state=state: _record(state, tx, new, signed.parties, now))
    return signed.id


def _record(  # noqa: PLR0917  a transaction and all that goes into it
    state: State, tx: Transaction, new: NewContract, parties: tuple[PartyId, ...], now: datetime
) -> None:
    state.contracts.add(tx, new, now=now)
    for party, signature in zip(parties, new.envelope.signatures, strict=True):
        state.contracts.sign(tx, new.id, party, signature=signature, now=now)


def _ask(node: Node, contract: str, schema: str) -> float:
    started = time.perf_counter()
    answer = node.query(SQL.format(f"{schema}.flights"), contract=contract).to_arrow()
    assert answer.num_rows == 3
    return time.perf_counter() - started
