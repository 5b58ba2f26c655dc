"""Tables that this company's people upload for a contract: as good as a dataset of their own.

A table that a contract lets this company bring need not be a dataset in node.yaml: a client uploads
it, and from then on it is `local.<name>` for queries under that contract. Providers are brought it
when a query joins it, like any other; the first one that any provider has is the contract's.
"""

import threading
from collections.abc import Mapping, Sequence

from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import LookupTable, parse_lookup
from sekisho.engine.engine import Job
from sekisho.errors import EngineError, PeerError, Refusal, RefusalReason
from sekisho.model.dataset import Column
from sekisho.model.names import ContractId
from sekisho.model.signed import SignedContract
from sekisho.server.binding import BINDING_SECONDS, column_names
from sekisho.server.lookup_rows import Source, Wanted, make_content, quoted, wanted_of
from sekisho.server.parts import Parts
from sekisho.store.transaction import Transaction

_INPUT = "uploaded"


class Uploads:
    """Uploaded tables by contract; safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._lock = threading.Lock()
        self._read: dict[tuple[ContractId, str], tuple[str, LookupTable]] = {}

    def of(self, signed: SignedContract | None) -> Mapping[str, LookupTable]:
        """Give the tables of a contract that are no datasets of the company's own, by name."""
        if signed is None or not any(grant.lookups for grant in signed.contract.grants):
            return {}
        own = self._parts.config.datasets
        found = {
            stored.name: self._table(signed.id, stored.name, stored.digest)
            for stored in self._parts.state.lookups.of_contract(signed.id)
            if not stored.dropped_at and stored.name not in own
        }
        return {name: table for name, table in found.items() if table is not None}

    def upload(self, signed: SignedContract, name: str, frames: Sequence[bytes]) -> int:
        """Keep a table, in the place of one that no provider has yet.

        Args:
            signed: The contract.
            name: As its grants call the table.
            frames: What the client sent, not believed.

        Returns:
            Its rows.

        Raises:
            Refusal: No grant names such a table, node.yaml has a dataset of that name, a provider
                has another table of that name, or the Arrow does not hold.
            DocumentError: The contract does not let this company bring it.
        """
        wanted = self._wanted(signed, name)
        content = make_content(wanted, self._source(frames, wanted))
        lookups, now = self._parts.state.lookups, self._parts.now()

        def work(tx: Transaction) -> str:
            lookups.withdraw(tx, signed.id, name)
            return lookups.keep(tx, signed.id, content, now=now).digest

        if self._parts.state.submit(work) != content.digest:
            raise _refused(
                f"another table `{name}` was brought already, and it is the contract's only one",
                hint="a changed table needs an amendment of the contract",
            )
        return content.rows

    def _wanted(self, signed: SignedContract, name: str) -> Wanted:
        named = {item.name for grant in signed.contract.grants for item in grant.lookups}
        if name not in named:
            raise Refusal(
                RefusalReason.LOOKUP_NOT_ALLOWED,
                f"no grant lets its consumer bring a table `{name}`",
                clause="grants",
                allowed=tuple(sorted(named)),
                hint="ask for an amendment with such a lookup",
            )
        if name in self._parts.config.datasets:
            raise _refused(
                f"node.yaml has a dataset `{name}`, and that is what is brought",
                hint="take the dataset out of node.yaml, or change it there",
            )
        return wanted_of(signed, name)

    def _source(self, frames: Sequence[bytes], wanted: Wanted) -> Source:
        """Name what came; its columns are found whatever their capitals."""
        given = {name.lower(): name for name in column_names(frames)}
        places = {name: given.get(name.lower(), "") for name in wanted.columns}
        return Source(
            name=f"local.{wanted.lookup.name}",
            relation=quoted(_INPUT),
            columns=dict.fromkeys(places) | self._describe(frames, places),
            ask=lambda sql: self._answer(frames, sql),
        )

    def _describe(self, frames: Sequence[bytes], places: Mapping[str, str]) -> dict[str, Column]:
        """Tell the types of the columns that are there."""
        there = [(name, place) for name, place in places.items() if place]
        if not there:
            return {}
        types = ", ".join(
            f"any_value(typeof({quoted(place)})) AS t{at}" for at, (_, place) in enumerate(there)
        )
        found = self._answer(frames, f'SELECT {types} FROM "{_INPUT}"')  # noqa: S608  quoted
        return {
            name: Column(name=place, type=str(found[f"t{at}"][0] or ""))
            for at, (name, place) in enumerate(there)
        }

    def _answer(self, frames: Sequence[bytes], sql: str) -> Mapping[str, Sequence[str | None]]:
        """Have a worker validate what came, and read something small of it."""
        job = Job(
            sql="SELECT 1", inputs=(_INPUT,), outputs=((_INPUT, sql),), seconds=BINDING_SECONDS
        )
        try:
            with self._parts.engine.run(job, {_INPUT: frames}) as run:
                for _ in run:
                    pass
                return run.beside[_INPUT]
        except PeerError as error:
            what = error.message.removeprefix(f"the input `{_INPUT}` ")
            raise _refused(f"the table does not hold: arrow that {what}") from None
        except EngineError as error:
            raise _refused("the table cannot be read") from error

    def _table(self, contract: ContractId, name: str, digest: str) -> LookupTable | None:
        with self._lock:
            known = self._read.get((contract, name))
        if known is not None and known[0] == digest:
            return known[1]
        data = self._parts.state.lookups.content(contract, name)
        if data is None:
            return None
        table = parse_lookup(data)
        with self._lock:
            # Of what was read: it may have been replaced since it was listed.
            self._read[contract, name] = (digest_of(data), table)
        return table


def _refused(message: str, *, hint: str = "") -> Refusal:
    return Refusal(RefusalReason.LOOKUP_NOT_ALLOWED, message, clause="grants", hint=hint)
