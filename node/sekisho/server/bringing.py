"""Tables that this company brings: made of its own dataset once, handed over before it asks.

The first content of a name under a contract is kept here, so that every provider is brought the
same: each of them takes one, and no other until the contract is amended. What can be told of a
table alone is told to this company's people before anything is sent.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import Cell, LookupTable, Row, build_lookup, check_lookup
from sekisho.documents.models import document_error
from sekisho.engine.engine import Job
from sekisho.errors import Finding, Refusal, RefusalReason
from sekisho.federation.plan import Fragment, LookupUse
from sekisho.ledger.entry import Channel
from sekisho.model.contract import Lookup, LookupType
from sekisho.model.dataset import Column
from sekisho.model.lookups import lookup_type_of
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.store.lookups import Content, StoredLookup
from sekisho.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a contract lets this company bring under one name."""

    lookup: Lookup
    minimum_keys: int


class Bringing:
    """Brings tables to providers; safe from any thread."""

    def __init__(self, parts: Parts, neighbours: Neighbours) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._neighbours = neighbours
        self._lock = threading.Lock()
        self._brought: set[tuple[ContractId, str, PartyId]] = set()

    def bring(self, signed: SignedContract, fragment: Fragment) -> Mapping[str, str] | None:
        """Have a provider hold every table that its fragment joins.

        A table is handed over once while this node runs, which changes nothing at a provider that
        has it already.

        Returns:
            The tables' digests by name, for the request; None where the fragment joins none.

        Raises:
            DocumentError: The company's own dataset is no table that the contract lets it bring.
            Refusal: The provider does not take it.
            PeerError: The provider's node is away.
        """
        found = {
            use.name: self._have_held(signed, fragment.party, use).digest
            for use in fragment.lookups
        }
        return found or None

    def forget(self, fragment: Fragment) -> None:
        """Bring a fragment's tables again before the next question: its provider refused one."""
        names = {use.name for use in fragment.lookups}
        with self._lock:
            self._brought = {
                (contract, name, party)
                for contract, name, party in self._brought
                if party != fragment.party or name not in names
            }

    def _have_held(self, signed: SignedContract, party: PartyId, use: LookupUse) -> StoredLookup:
        stored = self._parts.state.lookups.find(signed.id, use.name) or self._keep(signed, use)
        key = (signed.id, use.name, party)
        with self._lock:
            is_brought = key in self._brought
        if not is_brought:
            stored = self._hand_over(signed, party, stored)
            with self._lock:
                self._brought.add(key)
        return stored

    def _keep(self, signed: SignedContract, use: LookupUse) -> StoredLookup:
        """Make the table of the company's own dataset, and keep it as it is now."""
        data, rows = self._content(signed, use)
        content = Content(name=use.name, digest=digest_of(data), rows=rows, data=data)
        now, lookups = self._parts.now(), self._parts.state.lookups
        return self._parts.state.submit(lambda tx: lookups.keep(tx, signed.id, content, now=now))

    def _hand_over(
        self, signed: SignedContract, party: PartyId, stored: StoredLookup
    ) -> StoredLookup:
        """Hand a table over, and hold to what was handed over should it be replaced meanwhile."""
        lookups = self._parts.state.lookups
        data = lookups.content(signed.id, stored.name) or b""
        content = Content(name=stored.name, digest=digest_of(data), rows=stored.rows, data=data)
        if content.digest != stored.digest:
            raise _replaced(stored.name)
        try:
            self._neighbours.peer(party).deliver_lookup(signed.id, data)
        except Refusal:
            # Nobody else has it yet, or it stays: what is mended can then be brought.
            self._parts.state.submit(
                lambda tx: lookups.withdraw(tx, signed.id, stored.name, digest=stored.digest)
            )
            raise
        now = self._parts.now()
        channel = Channel(provider=party, consumer=self._parts.party, contract=signed.id)

        def work(tx: Transaction) -> StoredLookup:
            kept = lookups.keep_taken(tx, signed.id, content, now=now)
            if kept.digest == content.digest:
                lookups.record(
                    tx, kept, party=party, channel=channel, size_bytes=len(data), now=now
                )
            return kept

        kept = self._parts.state.submit(work)
        if kept.digest != content.digest:
            raise _replaced(stored.name)
        return kept

    def _content(self, signed: SignedContract, use: LookupUse) -> tuple[bytes, int]:
        name = f"local.{use.dataset}"
        wanted = wanted_of(signed, use.name)
        columns = self._columns(wanted.lookup, use.dataset, name)
        table = LookupTable(
            name=wanted.lookup.name,
            key=wanted.lookup.key,
            key_type=columns[0][1],
            columns=wanted.lookup.columns,
            rows=self._rows(use.dataset, columns, most=wanted.lookup.max_rows),
        )
        findings = check_lookup(table, wanted.lookup, minimum_keys=wanted.minimum_keys)
        if findings:
            raise document_error(findings, name=name)
        return build_lookup(table, name=name), len(table.rows)

    def _columns(self, lookup: Lookup, dataset: str, name: str) -> list[tuple[str, LookupType]]:
        """Find the key and the columns in the company's own dataset.

        Raises:
            DocumentError: One is not there, or of a type that is not the contract's.
        """
        described = self._parts.datasets.get(dataset)
        wanted = {lookup.key: None} | dict(lookup.columns)
        found = {column: described.column(column) for column in wanted}
        findings = tuple(
            finding
            for column, kind in wanted.items()
            for finding in misfits(column, kind, found[column])
        )
        if findings:
            raise document_error(findings, name=name)
        return [
            (item.name, kind)
            for item in found.values()
            if item is not None and (kind := lookup_type_of(item.type)) is not None
        ]

    def _rows(
        self, dataset: str, columns: Sequence[tuple[str, LookupType]], *, most: int
    ) -> tuple[Row, ...]:
        """Read the company's own rows, one more than may be brought at most."""
        outputs = ", ".join(
            f"CAST({quoted(column)} AS VARCHAR) AS c{at}" for at, (column, _) in enumerate(columns)
        )
        sql = f'SELECT {outputs} FROM "data".{quoted(dataset)} LIMIT {most + 1}'  # noqa: S608  quoted
        job = Job(
            sql="",
            sources=(self._parts.datasets.source(dataset),),
            outputs=(("rows", sql),),
            seconds=float(self._parts.config.engine.seconds),
        )
        with self._parts.engine.table(job) as run:
            answer = run.answers()["rows"]
        read = [map(READ[kind], answer[f"c{at}"]) for at, (_, kind) in enumerate(columns)]
        return tuple(zip(*read, strict=True))


def wanted_of(signed: SignedContract, name: str) -> Wanted:
    """Find a lookup among a contract's grants, which declare it alike."""
    found = [
        (grant, lookup)
        for grant in signed.contract.grants
        for lookup in grant.lookups
        if lookup.name == name
    ]
    fewest = [
        grant.effective_disclosure.minimum_units
        for grant, lookup in found
        if grant.effective_disclosure is not None
        and lookup.key.lower() in {unit.lower() for unit in grant.privacy_units}
    ]
    return Wanted(lookup=found[0][1], minimum_keys=max(fewest, default=1))


def misfits(name: str, wanted: LookupType | None, column: Column | None) -> Iterator[Finding]:
    """Say what keeps a column from being a lookup's; any of a lookup's types suits a key."""
    if column is None:
        yield Finding(
            message=f"it has no column `{name}`, which the contract's table has",
            hint="add the column to the dataset, or bring another dataset under this name",
        )
        return
    kind = lookup_type_of(column.type)
    if kind is None or wanted not in {None, kind}:
        needed = wanted or "text, integer, date or boolean"
        yield Finding(
            message=f"`{name}` is {column.type}, and the contract's table needs {needed}",
            hint="cast the column where the dataset is made",
        )


def _replaced(name: str) -> Refusal:
    return Refusal(
        RefusalReason.LOOKUP_NOT_ALLOWED,
        f"the table `{name}` was replaced or dropped while it was brought",
        clause="grants",
        hint="ask again",
    )


def quoted(name: str) -> str:
    """Write a column's name for an engine."""
    return '"' + name.replace('"', '""') + '"'


def _integer(text: str | None) -> Cell:
    return None if text is None else int(text)


def _boolean(text: str | None) -> Cell:
    return None if text is None else text == "true"


def _same(text: str | None) -> Cell:
    return text


READ: Mapping[LookupType, Callable[[str | None], Cell]] = MappingProxyType(
    {
        LookupType.TEXT: _same,
        LookupType.INTEGER: _integer,
        LookupType.DATE: _same,
        LookupType.BOOLEAN: _boolean,
    }
)
"""How each type's text, as an engine writes it, is read."""
