"""Whom an attacker asks: a rehearsed node, or, to compare, exact figures of the same rows.

The second is no switch in the node: the attacker's own text runs over the rows as the grant shows
them, in a worker, and what it gives is the answer.
"""

from datetime import date
from functools import partial
from types import TracebackType
from typing import Protocol, Self, cast

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from sekisho.config import DatasetConfig, SourceConfig
from sekisho.disclosure.attacks.attack import Ask, Bring, Reply
from sekisho.disclosure.attacks.writing import literal, quoted
from sekisho.documents.lookup import Cell, LookupTable
from sekisho.gate.known import PERSON
from sekisho.model.contract import LookupType
from sekisho.model.guardrail import PlacedRule
from sekisho.model.names import PartyId
from sekisho.server.rehearsal.ground import Ground, read_table
from sekisho.server.rehearsal.rehearsed import RehearsedNode


class Listener(Protocol):
    """Whoever an attacker asks."""

    def ask(self, move: Ask) -> Reply:
        """Answer one query.

        Raises:
            Refusal: The contract does not allow it.
        """

    def bring(self, move: Bring) -> None:
        """Take a table over.

        Raises:
            Refusal: The contract does not allow it.
        """

    def turn(self, absent: frozenset[int]) -> None:
        """Let a day come on which the rows of some people are not in the data yet."""


class AtNode:
    """Asks a rehearsed node that was asked nothing before; a context manager."""

    def __init__(
        self,
        ground: Ground,
        consumer: PartyId,
        *,
        name: str,
        seed: int,
        rules: tuple[PlacedRule, ...] = (),
    ) -> None:
        """Ask as a consumer of the contract; the name tells this from other rehearsals."""
        self._ground = ground
        self._start = partial(
            RehearsedNode,
            ground.stage,
            provider=ground.offer.party,
            consumer=consumer,
            engine=ground.engine,
            name=name,
            seed=seed,
            rules=rules,
        )
        self._file = ground.stage.root / f"{name}.parquet"
        self._node: RehearsedNode | None = None
        self._raw: pa.Table | None = None
        self._absent: frozenset[int] | None = None

    def __enter__(self) -> Self:
        """Start the node when it is first needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the node."""
        if self._node is not None:
            self._node.close()

    def ask(self, move: Ask) -> Reply:
        """Answer one query."""
        return _reply(self._started().ask(move.sql, lookups=move.lookups))

    def bring(self, move: Bring) -> None:
        """Take a table over."""
        self._started().bring(_table(move))

    def turn(self, absent: frozenset[int]) -> None:
        """Put the data of another day in place."""
        if absent == self._absent:
            return
        self._absent = absent
        if self._raw is None:
            self._raw = self._ground.raw()
        *columns, who = self._raw.column_names
        names = pa.array([self._ground.names[number] for number in sorted(absent)], pa.string())
        is_there = pa.compute.invert(pa.compute.is_in(self._raw.column(who), names))
        beside = self._file.with_suffix(".new")
        pq.write_table(self._raw.select(columns).filter(is_there), beside)
        beside.replace(self._file)
        if self._node is None:
            self._node = self._start(self._moved())
        self._node.wait(days=1)

    def _started(self) -> RehearsedNode:
        if self._node is None:
            self._node = self._start(self._ground.offer.configs)
        return self._node

    def _moved(self) -> dict[str, DatasetConfig]:
        """Give the provider's datasets, the attacked one in the file that changes."""
        found = dict(self._ground.offer.configs)
        source = SourceConfig(parquet=str(self._file))
        config = found[self._ground.name]
        found[self._ground.name] = config.model_copy(update={"source": source})
        return found


class Unprotected:
    """Answers everything, exactly."""

    def __init__(self, ground: Ground) -> None:
        """Answer over the rows of a dataset as its grant shows them."""
        self._ground = ground
        self._absent: tuple[str, ...] = ()
        self._brought = ""

    def bring(self, move: Bring) -> None:
        """Have a table beside the rows."""
        lookup = move.lookup
        names = ", ".join(map(quoted, (lookup.key, *lookup.columns)))
        rows = ", ".join(f"({', '.join(map(literal, row))})" for row in move.rows)
        self._brought = f", {quoted(lookup.name)}({names}) AS (VALUES {rows})"

    def ask(self, move: Ask) -> Reply:
        """Answer one query."""
        known = self._ground.known
        columns = [f"c{at} AS {quoted(name)}" for at, name in enumerate(known.columns)]
        away = ", ".join(literal(name) for name in self._absent)
        where = f" WHERE {PERSON} NOT IN ({away})" if away else ""
        rows = f"SELECT {', '.join(columns)} FROM ({known.sql}){where}"  # noqa: S608  quoted
        text = f"WITH {quoted(self._ground.name)} AS ({rows}){self._brought} {move.sql}"
        return _reply(read_table(self._ground.engine, self._ground.job(text)))

    def turn(self, absent: frozenset[int]) -> None:
        """Leave the rows of some people out."""
        self._absent = tuple(self._ground.names[number] for number in sorted(absent))


def _table(move: Bring) -> LookupTable:
    lookup = move.lookup
    kinds = {str: LookupType.TEXT, int: LookupType.INTEGER, bool: LookupType.BOOLEAN}
    return LookupTable(
        name=lookup.name,
        key=lookup.key,
        key_type=kinds.get(type(move.rows[0][0]), LookupType.DATE),
        columns=lookup.columns,
        rows=tuple(tuple(map(_cell, row)) for row in move.rows),
    )


def _cell(value: object) -> Cell:
    return value.isoformat() if isinstance(value, date) else cast("Cell", value)


def _reply(table: pa.Table) -> Reply:
    columns = [column.to_pylist() for column in table.columns]
    return Reply(rows=tuple(zip(*columns, strict=True)))
