"""Counts anew, from a ledger's entries, what the limits of each contract must have counted by now.

Rows and bytes are those that left, by the entry that ended each answer; of one that still runs,
what it has reserved by now, which is kept beside the ledger. Cells stand in no entry: what is
remembered as published tells how many at least. So do the entries that are left where others under
the same line of amendments were pruned, for windows that had begun by then.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.documents.proposal import parse_proposal
from sekisho.errors import DocumentError, LedgerError
from sekisho.ledger.bodies import (
    Closed,
    ContractChange,
    ContractEvent,
    Cut,
    Interrupted,
    Opened,
    Pruned,
    Recovered,
)
from sekisho.ledger.charging import Amount, ChargeTerms, Count, LimitName, charge_terms
from sekisho.ledger.entry import Channel, Entry
from sekisho.ledger.instants import parse_moment
from sekisho.model.names import ContractId, PartyId, short_id
from sekisho.model.signed import SignedContract

MEND: Final = (
    "keep the state as it is, put the latest backup that holds in its place, and run"
    " `sekisho ledger recover`: docs/guide/backups.md"
)

_MINUTE: Final = len("2026-12-01T05:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a state kept at one instant beside its entries, which it has to follow from."""

    size: int
    """How many entries that were."""
    used: Mapping[Count, int]
    running: Mapping[int, Amount]
    """What answers without an end had reserved, by the index of their `opened`."""
    roots: Mapping[ContractId, ContractId]
    """Under which contract each one is counted."""
    recoveries: Mapping[int, tuple[int, str]]
    """Index and instant of the entry that began each epoch."""
    published: Mapping[int, int]
    """Cells that are remembered as published, by the index of the answer's `opened`."""


class Recount:
    """Takes entries in order, then holds what is kept beside them to what they come to."""

    def __init__(self, kept: Kept, payload: Callable[[ContractId], bytes | None]) -> None:
        """Begin before the first entry.

        Args:
            kept: What was kept at one instant.
            payload: Gives what the parties of a contract have signed.
        """
        self._kept = kept
        self._payload = payload
        self._signed: dict[ContractId, SignedContract] = {}
        self._proposed: dict[ContractId, int] = {}
        self._terms: dict[Channel, tuple[str, ChargeTerms]] = {}
        """What each channel's last answer was charged to, with the minute in which it opened."""
        self._open: dict[int, ChargeTerms] = {}
        self._used: Counter[Count] = Counter()
        self._pruned_at: dict[ContractId, str] = {}
        """When entries of a line of amendments were last pruned, by its first contract."""
        self._is_pruned_meanwhile = False
        """Whether some were since the instant at which all else was kept."""
        self._recoveries: dict[int, tuple[int, str]] = {}

    def take(self, entry: Entry) -> None:
        """Take the next entry; one that came after the instant only for what it pruned.

        Raises:
            LedgerError: With its index: its contract is not held, or what it reserved is not kept.
        """
        body = entry.body
        if isinstance(body, Pruned):
            self._pruned_at[self._root(body.contract, entry.index)] = entry.at
            self._is_pruned_meanwhile |= entry.index >= self._kept.size
        if entry.index >= self._kept.size:
            return
        match body:
            case ContractEvent(event=ContractChange.PROPOSED):
                self._proposed.setdefault(body.contract, entry.index)
            case Opened():
                self._begin(entry, body)
            case Closed() | Cut():
                self._end(body.ends, Amount(rows=body.rows, bytes=body.bytes))
            case Interrupted():
                self._end(body.ends, Amount(rows=body.reserved_rows, bytes=body.reserved_bytes))
            case Recovered():
                self._recoveries[body.epoch] = (entry.index, entry.at)
            case _:
                pass

    def check(self) -> None:
        """Hold everything that is kept to the entries that were taken.

        Raises:
            LedgerError: Naming the first counter that does not follow from them.
        """
        running = self._kept.running
        for index in sorted(self._open.keys() ^ running.keys()):
            # What was pruned while this was read had ended.
            if not self._is_pruned_meanwhile:
                raise _reserved(index)
        for index, terms in self._open.items():
            if index in running:
                self._charge(terms, running[index])
        for broken in (
            *self._rooted_otherwise(),
            *self._recovered_otherwise(),
            *self._counted_otherwise(),
        ):
            raise broken

    def _begin(self, entry: Entry, body: Opened) -> None:
        if entry.link is None:
            return
        at, terms = entry.index, self._terms_of(entry, entry.link.channel)
        self._add(terms, "queries", 1)
        self._add(terms, "cells", self._kept.published.get(at, 0))
        self._open[at] = terms
        running = self._kept.running.get(at)
        if running and (running.rows < body.reserved_rows or running.bytes < body.reserved_bytes):
            raise _reserved(at)

    def _terms_of(self, entry: Entry, channel: Channel) -> ChargeTerms:
        """Say what an answer is charged to; windows begin with a minute, and many share one."""
        minute, terms = self._terms.get(channel, ("", None))
        if terms is None or minute != entry.at[:_MINUTE]:
            terms = charge_terms(
                self._contract(channel.contract, entry.index),
                consumer=channel.consumer,
                root=self._root(channel.contract, entry.index),
                now=parse_moment(entry.at),
            )
            self._terms[channel] = (entry.at[:_MINUTE], terms)
        return terms

    def _end(self, start: int, left: Amount) -> None:
        terms = self._open.pop(start, None)
        if terms is not None:
            self._charge(terms, left)

    def _charge(self, terms: ChargeTerms, amount: Amount) -> None:
        self._add(terms, "rows", amount.rows)
        self._add(terms, "bytes", amount.bytes)

    def _add(self, terms: ChargeTerms, name: LimitName, amount: int) -> None:
        count = terms.count(name)
        if count is not None:
            self._used[count] += amount

    def _contract(self, contract: ContractId, index: int) -> SignedContract:
        if contract not in self._signed:
            payload = self._payload(contract)
            try:
                found = parse_proposal(payload) if payload else None
            except DocumentError:
                found = None
            if found is None or found.id != contract:
                raise LedgerError(
                    f"the contract {short_id(contract)}, of which the ledger has entries, is not"
                    " held as its parties signed it",
                    index=index if index < self._kept.size else None,
                    hint=MEND,
                )
            self._signed[contract] = found
        return self._signed[contract]

    def _root(self, contract: ContractId, index: int) -> ContractId:
        """Find the first of a line of amendments, as far as it was held when each was proposed."""
        while (amends := self._contract(contract, index).contract.amends) is not None:
            before = self._proposed.get(amends.contract)
            if before is None or before > self._proposed.get(contract, index):
                return amends.contract
            contract = amends.contract
        return contract

    def _rooted_otherwise(self) -> Iterator[LedgerError]:
        for contract, found in sorted(self._kept.roots.items()):
            root = self._root(contract, self._kept.size)
            if found != root:
                yield LedgerError(
                    f"the contract {short_id(contract)} is counted with {short_id(found)}, and the"
                    f" first of its amendments is {short_id(root)}",
                    hint=MEND,
                )

    def _recovered_otherwise(self) -> Iterator[LedgerError]:
        for epoch in sorted({*self._recoveries, *self._kept.recoveries}):
            if self._recoveries.get(epoch) != self._kept.recoveries.get(epoch):
                yield LedgerError(
                    f"what is kept of the recovery to epoch {epoch}, which spent the limits that"
                    " were running then, does not follow from the ledger's entries",
                    hint=MEND,
                )

    def _counted_otherwise(self) -> Iterator[LedgerError]:
        for count in sorted({*self._used, *self._kept.used}):
            found, needed = self._kept.used.get(count, 0), self._used[count]
            is_least = self._is_least(count)
            if found != needed and not (is_least and found > needed):
                yield _counted(count, found, needed, is_least=is_least)

    def _is_least(self, count: Count) -> bool:
        """Tell whether entries, or what is remembered, no longer give the whole of a count."""
        root, _, name, started = count
        pruned_at = self._pruned_at.get(ContractId(root))
        return name == "cells" or (pruned_at is not None and started <= pruned_at)


def _reserved(index: int) -> LedgerError:
    return LedgerError(
        f"what is kept of the answer that entry {index} opened does not follow from the ledger",
        index=index,
        hint=MEND,
    )


def _counted(count: Count, found: int, needed: int, *, is_least: bool) -> LedgerError:
    root, consumer, name, started = count
    window = f"since {started}" if started else "in its term"
    least = "at least " if is_least else ""
    return LedgerError(
        f"the counter `{name}` of `{PartyId(consumer)}` under the contract"
        f" {short_id(ContractId(root))} {window} says {found}, and the entries come to"
        f" {least}{needed}",
        hint=MEND,
    )
