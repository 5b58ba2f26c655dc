"""What providers show this company under its contracts, with types, asked for now and then."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sekisho.errors import SekishoError
from sekisho.federation.catalog import Part, ShownColumn
from sekisho.model.contract import Access, Grant, Use
from sekisho.model.names import ContractId, PartyId, split_dataset
from sekisho.model.signed import SignedContract
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts

FRESH_SECONDS = 60.0
"""How long a provider is not asked again; its own gate decides on its own types anyway."""
ASKED_AT_ONCE = 16

Types = dict[tuple[str, str], str]
"""DuckDB types after masks, by dataset and column."""


class ShownParts:
    """Every provider's part of a contract as the planner sees it; safe from any thread."""

    def __init__(self, parts: Parts, neighbours: Neighbours) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._neighbours = neighbours
        self._lock = threading.Lock()
        self._known: dict[tuple[ContractId, PartyId], tuple[float, Types]] = {}

    def parts(self, signed: SignedContract) -> tuple[Part, ...]:
        """List what a contract shows, provider by provider, grant by grant.

        A provider that does not answer is listed without types: the planner then asks it for plain
        columns only, and the query fails there if it needs that provider.
        """
        types = {party: self._fresh(signed, party) for party in signed.providers}
        unknown = [party for party, known in types.items() if known is None]
        if unknown:
            with ThreadPoolExecutor(min(len(unknown), ASKED_AT_ONCE)) as threads:
                asked = threads.map(lambda party: self._ask(signed, party), unknown)
                types.update(zip(unknown, asked, strict=True))
        return tuple(
            part
            for party, known in types.items()
            for grant in signed.grants_of(party)
            for part in _parts(signed, party, grant, types=known or {})
        )

    def forget(self, party: PartyId) -> None:
        """Ask a provider anew before the next plan."""
        with self._lock:
            for key in [key for key in self._known if key[1] == party]:
                del self._known[key]

    def _fresh(self, signed: SignedContract, party: PartyId) -> Types | None:
        with self._lock:
            known = self._known.get((signed.id, party))
        if known is not None and self._parts.monotonic() - known[0] < FRESH_SECONDS:
            return known[1]
        return None

    def _ask(self, signed: SignedContract, party: PartyId) -> Types:
        try:
            shown = self._neighbours.peer(party).list_granted_datasets(signed.id)
        except SekishoError:
            return {}
        types = {
            (split_dataset(item.dataset)[1], column.name): column.type
            for item in shown
            for column in item.columns
        }
        with self._lock:
            self._known[(signed.id, party)] = (self._parts.monotonic(), types)
        return types


def _parts(
    signed: SignedContract, party: PartyId, grant: Grant, *, types: Types
) -> tuple[Part, ...]:
    names = (split_dataset(dataset)[1] for dataset in grant.datasets_of(party))
    alias = signed.alias_of(party)
    return tuple(
        Part(
            party=party,
            alias=alias,
            dataset=name,
            columns=tuple(_columns(name, grant, types)),
            grants=(grant,),
        )
        for name in names
    )


def _columns(dataset: str, grant: Grant, types: Types) -> Iterator[ShownColumn]:
    """List the columns of a grant that one of its datasets has; all where that is not known.

    In statistics, privacy units can be counted whether or not the grant lists them.
    """
    known = {column.lower(): kind for (name, column), kind in types.items() if name == dataset}
    for column, item in grant.columns.items():
        if not known or column.lower() in known:
            yield ShownColumn(
                name=column,
                type=known.get(column.lower(), ""),
                is_returned=Use.RETURN in item.uses(grant.access),
            )
    listed = {column.lower() for column in grant.columns}
    if grant.access is Access.AGGREGATE:
        for unit in grant.privacy_units:
            if unit.lower() not in listed:
                yield ShownColumn(name=unit, is_returned=False)
