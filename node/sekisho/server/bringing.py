"""Tables that this company brings: made of its own dataset once, handed over before it asks.

The first content of a name under a contract is kept here, so that every provider is brought the
same: each of them takes one, and no other until the contract is amended. What can be told of a
table alone is told to this company's people before anything is sent.
"""

import threading
from collections.abc import Mapping, Sequence

from sekisho.documents.envelope import digest_of
from sekisho.engine.engine import Job
from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.plan import Fragment, LookupUse
from sekisho.ledger.entry import Channel
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract
from sekisho.server.lookup_rows import Source, Wanted, make_content, quoted, wanted_of
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.store.lookups import Content, StoredLookup
from sekisho.store.transaction import Transaction


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
        wanted = wanted_of(signed, use.name)
        content = make_content(wanted, self._source(use.dataset, wanted))
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

    def _source(self, dataset: str, wanted: Wanted) -> Source:
        """Name the company's own dataset."""
        described = self._parts.datasets.get(dataset)

        def ask(sql: str) -> Mapping[str, Sequence[str | None]]:
            job = Job(
                sql="",
                sources=(self._parts.datasets.source(dataset),),
                outputs=(("rows", sql),),
                seconds=float(self._parts.config.engine.seconds),
            )
            with self._parts.engine.table(job) as run:
                return run.answers()["rows"]

        return Source(
            name=f"local.{dataset}",
            relation=f'"data".{quoted(dataset)}',
            columns={column: described.column(column) for column in wanted.columns},
            ask=ask,
        )


def _replaced(name: str) -> Refusal:
    return Refusal(
        RefusalReason.LOOKUP_NOT_ALLOWED,
        f"the table `{name}` was replaced or dropped while it was brought",
        clause="grants",
        hint="ask again",
    )
