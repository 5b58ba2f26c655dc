"""Step 6 at a provider, for statistics: describe the cells, decide what is published, remember it.

What an engine says of the cells stays in this process. What is published of them is decided and
remembered in one durable transaction, and only then do they become the relation that the rest of
the query reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sekisho.disclosure.cells import Cells, Keys, populations_of
from sekisho.disclosure.figures import type_of
from sekisho.disclosure.lookups import FIT, fit_of
from sekisho.disclosure.release import Population, Question, questions_of
from sekisho.disclosure.steps import EARLIER, outputs_of, steps_of
from sekisho.engine.engine import Job, Source, Table
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.names import DatasetId
from sekisho.model.plan import JoinedLookup, ProtectedBlock
from sekisho.sql.parameters import PREFIX
from sekisho.store.published import count_published
from sekisho.store.state import State
from sekisho.store.transaction import Transaction

Compute = Callable[[Job], Mapping[str, Mapping[str, Any]]]
"""Runs a job with small answers, for as long as the stream may run."""
Charge = Callable[[Transaction, int], None]
"""Charges cells that are published for the first time, or raises `LIMIT_REACHED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedTable:
    """A table that a consumer brought, as a block joins it."""

    digest: str
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a table that a consumer brings is held to the rows that a block joins it to."""

    lookup: JoinedLookup
    job: Job
    """All but the table itself."""

    def with_table(self, table: Table) -> Job:
        """Give the job that holds one table to the rows."""
        return replace(self.job, tables=(table,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedJob:
    """One block of a plan with what its engine needs, bound once."""

    block: ProtectedBlock
    job: Job
    """All but the tables: what was published earlier, and what the consumer brought."""
    fits: tuple[Fit, ...] = ()
    """One for each table that the block joins."""


def protected_job(
    block: ProtectedBlock,
    *,
    secrets: Mapping[str, str],
    sources: tuple[Source, ...],
    seconds: float,
) -> ProtectedJob:
    """Bind a block to the data that it reads.

    Args:
        block: What is to be described.
        secrets: The node's, by parameter; only those that the block names are handed on.
        sources: Of the block's datasets.
        seconds: What the engine may take.
    """

    def parameters(of: ProtectedBlock | JoinedLookup) -> dict[str, str]:
        return dict(of.parameters) | {name: secrets[name] for name in of.secrets}

    plain = Job(sql="", sources=sources, seconds=seconds)
    job = replace(
        plain,
        parameters=parameters(block),
        steps=tuple((step.name, step.sql) for step in steps_of(block)),
        outputs=tuple((step.name, step.sql) for step in outputs_of(block)),
    )
    fits = tuple(
        Fit(
            lookup=item,
            job=replace(plain, parameters=parameters(item), outputs=((FIT, fit_of(item)),)),
        )
        for item in block.lookups
    )
    return ProtectedJob(block=block, job=job, fits=fits)


def cells_table(block: ProtectedBlock, rows: tuple[tuple[str | None, ...], ...] = ()) -> Table:
    """Make the relation that a block's cells become."""
    keys = tuple((f"k{at}", key.type) for at, key in enumerate(block.keys))
    figures = tuple((f"f{at}", type_of(item)) for at, item in enumerate(block.figures))
    return Table(name=block.name, columns=(*keys, *figures), rows=rows)


class Protecting:
    """Turns the blocks of a plan into what may be seen of them."""

    def __init__(self, state: State, now: Callable[[], datetime]) -> None:
        """Remember what is published in a node's state."""
        self._state = state
        self._now = now

    def cells(
        self,
        protected: ProtectedJob,
        joined: Mapping[str, JoinedTable],
        *,
        answer: int,
        compute: Compute,
        charge: Charge,
    ) -> Table:
        """Describe a block's cells, decide about each figure, and remember what is published.

        Args:
            protected: The block.
            joined: The tables that it joins, by name.
            answer: Index of the answer's `opened`.
            compute: Runs a job.
            charge: Charges the contract's limit of cells.

        Raises:
            Refusal: `LIMIT_REACHED` when no more cells may be published now; `SCHEMA_CHANGED`
                when what was published before cannot be compared.
            EngineError: The engine failed.
        """
        block = protected.block
        parameters = protected.job.parameters
        values = {name: parameters[PREFIX + name] for name in block.bound}
        digests = {name: item.digest for name, item in joined.items()}
        questions = questions_of(block, digests, values)
        tables = (self._earlier(block, questions), *(item.table for item in joined.values()))
        described = compute(replace(protected.job, tables=tables))
        # Where no cell is there to decide about, the same is done: a refusal tells nothing of them.
        found = tuple((item, tuple(populations_of(described, block, item))) for item in questions)
        hashes = str(described["hashes"]["hashes"][0])

        def decide(tx: Transaction) -> Cells:
            cells, fresh = self._decide(tx, block, found, hashes=hashes, answer=answer)
            charge(tx, fresh)
            return cells

        return cells_table(block, self._state.submit(decide).rows())

    def _earlier(self, block: ProtectedBlock, questions: Sequence[Question]) -> Table:
        """Have cells described too that were published before and may have too few units now."""
        keys = self._state.published.keys_of([item.digest for item in questions])
        names = [f"k{at}" for at in range(len(block.keys))]
        columns = (*((name, "VARCHAR") for name in names), ("n", "INTEGER"))
        return Table(name=EARLIER, columns=columns, rows=tuple((*item, "1") for item in keys))

    def _decide(
        self,
        tx: Transaction,
        block: ProtectedBlock,
        found: Sequence[tuple[Question, tuple[Population, ...]]],
        *,
        hashes: str,
        answer: int,
    ) -> tuple[Cells, int]:
        """Decide about every figure; gives what is seen, and how many cells are so at last."""
        now = self._now()
        cells = Cells(block)
        fresh: set[Keys] = set()
        for question, populations in found:
            decided = self._state.published.decide(
                tx,
                question,
                populations,
                terms=block.terms,
                hashes=hashes,
                answer=answer,
                now=now,
            )
            for keys, totals in (decided.earlier | decided.fresh).items():
                cells.publish(keys, question, totals)
            fresh |= decided.fresh.keys()
        for dataset in dict.fromkeys(unit.dataset for unit in block.units):
            _count(tx, dataset, len(fresh), now=now)
        return cells, len(fresh)


def _count(tx: Transaction, dataset: DatasetId, cells: int, *, now: datetime) -> None:
    if cells:
        count_published(tx, dataset, cells, most=DEFAULT_LIMITS.max_cells_per_day, now=now)
