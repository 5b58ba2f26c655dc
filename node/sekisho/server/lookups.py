"""Tables that consumers bring to this node: taken over, held to the rows, dropped at the end.

What can be told of a table without reading a row is told when it arrives, and a table that fails is
not kept. The rest is told before the first query that joins it is charged, and remembered for as
long as the data stays the same. A table is read for the queries of its contract and for nothing
else.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from sekisho.disclosure.lookups import CATEGORY, FIT, KEY, fitting_categories
from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import LookupTable, cell_text, check_lookup, parse_lookup
from sekisho.engine.engine import Table
from sekisho.errors import DocumentError, Refusal, RefusalReason
from sekisho.gate.lookups import DeclaredLookup, declared_lookups
from sekisho.ledger.entry import Channel
from sekisho.model.lifecycle import TERMINAL_STATES, state_at
from sekisho.model.lookups import lookup_type_of
from sekisho.model.names import ContractId, PartyId
from sekisho.model.plan import JoinedLookup
from sekisho.model.signed import SignedContract
from sekisho.server.bounds import Refusals
from sekisho.server.parts import Parts
from sekisho.server.plans import PlannedAnswer
from sekisho.server.protecting import Compute, Fit, JoinedTable
from sekisho.store.lookups import Content
from sekisho.store.requests import ReceivedRequest
from sekisho.store.transaction import Transaction

MAX_READ = 4
"""Tables that are kept as they were read; of 4 MB each takes some 60 MB."""
MAX_FITS = 500
"""Outcomes that are remembered of holding a table to the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """A table that a request names, once it is this node's to join."""

    digest: str
    table: LookupTable
    categories: tuple[int, ...]
    clause: str


class Lookups:
    """Takes tables over, and gives them to the queries that join them; safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._read = lru_cache(MAX_READ)(self._read_anew)
        self._refusals = Refusals(parts.monotonic)
        self._one_at_a_time = threading.Lock()
        self._lock = threading.Lock()
        self._fits: OrderedDict[object, frozenset[int] | None] = OrderedDict()

    def take(self, caller: PartyId, contract: ContractId, data: bytes) -> None:
        """Take over a table that a consumer brings; taking it again changes nothing.

        Raises:
            DocumentError: It is not a table.
            Refusal: As for a query where the contract is not in force; `LOOKUP_NOT_ALLOWED` when
                the contract names no such table, or another one, or another is fixed already.
        """
        now = self._parts.now()
        signed = self._parts.guard.in_force(contract, consumer=caller, now=now)
        self._refusals.check(caller)
        try:
            content, clause = self._checked(signed, data)
            self._keep(signed, content, by=caller, clause=clause, now=now)
        except (DocumentError, Refusal):
            self._refusals.count(caller)
            raise

    def _checked(self, signed: SignedContract, data: bytes) -> tuple[Content, str]:
        """Read a table and hold it to the contract, without reading a row of this node's.

        Returns:
            The table; the clause that allows it.
        """
        with self._one_at_a_time:  # a table takes many times its bytes while it is read
            table = parse_lookup(data)
            found = declared_lookups(
                signed, self._parts.party, self._parts.datasets.present(), name=table.name
            )
            if not found:
                raise _not_named(table.name)
            for declared in found:
                _check_declared(table, declared)
        content = Content(name=table.name, digest=digest_of(data), rows=len(table.rows), data=data)
        return content, found[0].clause

    def _keep(
        self, signed: SignedContract, content: Content, *, by: PartyId, clause: str, now: datetime
    ) -> None:
        """Keep a table, if none of its name is fixed yet, and record who brought it."""
        channel = Channel(provider=self._parts.party, consumer=by, contract=signed.id)
        lookups = self._parts.state.lookups

        def work(tx: Transaction) -> bool:
            stored, is_replaced = lookups.take(tx, content, channel=channel, now=now)
            if stored.digest != content.digest:
                raise _another_table(content.name, clause=clause)
            return is_replaced

        if self._parts.state.submit(work):
            # Each one leaves entries: a partner that replaces without end is held back.
            self._refusals.count(by)

    def joined(
        self, received: ReceivedRequest, planned: PlannedAnswer, *, compute: Compute
    ) -> tuple[Mapping[str, JoinedTable], ...]:
        """Give the tables that a plan joins, block by block, once they fit the rows.

        Args:
            received: Names their digests.
            planned: What is about to be charged.
            compute: Runs a job.

        Raises:
            Refusal: `LOOKUP_NOT_ALLOWED`; where it rests on rows, in words that are always the
                same.
            EngineError: The engine failed.
        """
        named = received.lookups or {}
        brought = {
            name: self._brought(received.channel.contract, name, named=named, planned=planned)
            for name in sorted(planned.plan.lookups)
        }
        for name in named:
            if name not in brought:
                message = f"the request names the table `{name}`, which the query does not join"
                raise _refusal(message, clause=_clause(planned, name))
        return tuple(
            {
                fit.lookup.name: self._fitted(
                    brought[fit.lookup.name], fit, received=received, compute=compute
                )
                for fit in protected.fits
            }
            for protected in planned.protected
        )

    def drop_ended(self) -> None:
        """Delete the content of tables whose contract has ended at this node."""
        now = self._parts.now()
        for contract in self._parts.state.lookups.contracts():
            state = self._parts.contracts.state_ever(contract, now, party=self._parts.party)
            signed = self._parts.contracts.signed(contract)
            if state in TERMINAL_STATES and signed is not None:
                self._parts.state.submit(partial(self._drop, signed=signed, now=now))

    def forget_read(self) -> None:
        """Keep no table in memory that another process may have dropped."""
        self._read.cache_clear()

    def drop_with(self, tx: Transaction, signed: SignedContract, *, now: datetime) -> None:
        """Delete the content of a contract's tables in the transaction that ends it."""
        facts = self._parts.state.contracts.facts(signed.id, tx=tx)
        state = state_at(facts, signed, now, party=self._parts.party) if facts else None
        if state in TERMINAL_STATES:
            self._drop(tx, signed=signed, now=now)

    def _drop(self, tx: Transaction, *, signed: SignedContract, now: datetime) -> None:
        self._read.cache_clear()
        provider = self._parts.party if self._parts.party in signed.providers else None
        self._parts.state.lookups.drop(tx, signed.id, provider=provider, now=now)

    def _brought(
        self,
        contract: ContractId,
        name: str,
        *,
        named: Mapping[str, str],
        planned: PlannedAnswer,
    ) -> _Brought:
        """Find the table that a request means."""
        clause = _clause(planned, name)
        stored = self._parts.state.lookups.find(contract, name)
        if name not in named:
            message = f"the query joins the table `{name}`, and the request does not name it"
            raise _refusal(message, clause=clause, hint="bring it through your own node")
        if stored is None or stored.dropped_at:
            raise _not_brought(name, clause=clause)
        if stored.digest != named[name]:
            raise _another_table(name, clause=clause)
        try:
            table = self._read(contract, name, stored.digest)
        except LookupError:
            raise _not_brought(name, clause=clause) from None
        return _Brought(
            digest=stored.digest, table=table, categories=table.categories(), clause=clause
        )

    def _read_anew(self, contract: ContractId, name: str, digest: str) -> LookupTable:
        data = self._parts.state.lookups.content(contract, name)
        if data is None or digest_of(data) != digest:
            raise LookupError(name)  # dropped or replaced since it was found
        return parse_lookup(data)

    def _fitted(
        self, brought: _Brought, fit: Fit, *, received: ReceivedRequest, compute: Compute
    ) -> JoinedTable:
        """Hold a table to the rows that it is joined to, and leave out what does not fit."""
        lookup = fit.lookup
        key_type = lookup_type_of(lookup.columns[0][1])
        if brought.table.key_type is not key_type:
            raise _wrong_key(brought.table, key_type, clause=brought.clause)
        categories = self._fitting(
            brought, fit, contract=received.channel.contract, compute=compute
        )
        if categories is None:
            raise _does_not_fit(lookup, clause=brought.clause)
        rows = zip(brought.table.rows, brought.categories, strict=True)
        return JoinedTable(
            digest=brought.digest,
            table=Table(
                name=lookup.relation,
                columns=lookup.columns,
                rows=tuple(
                    tuple(map(cell_text, row)) for row, category in rows if category in categories
                ),
            ),
        )

    def _fitting(
        self, brought: _Brought, fit: Fit, *, contract: ContractId, compute: Compute
    ) -> frozenset[int] | None:
        """Choose the categories that may be joined; remembered while the data stays the same."""
        stamp = self._parts.datasets.stamp()
        key = (contract, brought.clause, fit.lookup.dataset, brought.digest, stamp)
        with self._lock:
            if key in self._fits:
                self._fits.move_to_end(key)
                return self._fits[key]
        described = compute(fit.with_table(_categorized(brought, fit.lookup)))
        categories = fitting_categories(fit.lookup, described[FIT])
        with self._lock:
            if self._parts.datasets.stamp() == stamp:
                self._fits[key] = categories
            if len(self._fits) > MAX_FITS:
                self._fits.popitem(last=False)
        return categories


def _categorized(brought: _Brought, lookup: JoinedLookup) -> Table:
    """Make the relation that is held to the rows: keys, and which of them belong together."""
    rows = zip(brought.table.rows, brought.categories, strict=True)
    return Table(
        name=lookup.relation,
        columns=((KEY, lookup.columns[0][1]), (CATEGORY, "INTEGER")),
        rows=tuple((cell_text(row[0]), str(category)) for row, category in rows),
    )


def _check_declared(table: LookupTable, declared: DeclaredLookup) -> None:
    """Hold a table to one grant, without reading a row.

    Raises:
        Refusal: `LOOKUP_NOT_ALLOWED`.
    """
    for finding in check_lookup(table, declared.lookup, minimum_keys=declared.minimum_keys):
        raise _refusal(finding.message, clause=f"{declared.clause}.{finding.path}")
    for kind in declared.key_types - {table.key_type}:
        raise _wrong_key(table, kind, clause=declared.clause)


def _clause(planned: PlannedAnswer, name: str) -> str:
    return f"grants.{planned.plan.grant}.lookups.{name}"


def _refusal(message: str, *, clause: str, hint: str = "") -> Refusal:
    return Refusal(RefusalReason.LOOKUP_NOT_ALLOWED, message, clause=clause, hint=hint)


def _not_named(name: str) -> Refusal:
    message = f"no grant lets its consumer bring a table `{name}`"
    return _refusal(message, clause="grants", hint="ask for an amendment with such a lookup")


def _not_brought(name: str, *, clause: str) -> Refusal:
    message = f"the table `{name}` has not been brought"
    return _refusal(message, clause=clause, hint="ask again: your node brings it before it asks")


def _another_table(name: str, *, clause: str) -> Refusal:
    message = f"another table `{name}` was brought first, and it is the contract's only one"
    hint = "bring that one; a changed table needs an amendment of the contract"
    return _refusal(message, clause=clause, hint=hint)


def _wrong_key(table: LookupTable, kind: object, *, clause: str) -> Refusal:
    message = f"the key of `{table.name}` is {table.key_type}, and the dataset's column is {kind}"
    return _refusal(message, clause=f"{clause}.key", hint="bring the key in the column's type")


def _does_not_fit(lookup: JoinedLookup, *, clause: str) -> Refusal:
    return _refusal(
        f"the table `{lookup.name}` does not fit the provider's rows",
        clause=clause,
        hint="every key must be found there, and every combination of its columns' values must "
        f"stand for at least {lookup.minimum_units} units; a changed table needs an amendment",
    )
