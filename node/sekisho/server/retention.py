"""Keeps the retention rule of node.yaml: entries of contracts that ended long ago are pruned."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from sekisho.errors import LedgerError
from sekisho.ledger.indexes import Indexes
from sekisho.model.lifecycle import TERMINAL_STATES, state_at
from sekisho.model.names import ContractId
from sekisho.server import log
from sekisho.server.parts import Parts
from sekisho.store.pruning import MAX_PRUNED

CHECK_SECONDS = 3600.0
"""How often contracts are looked through; the rule counts in days."""


class Retention:
    """Prunes in a thread of its own: finding a contract's entries reads the whole ledger."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts; nothing runs before `start`."""
        self._parts = parts
        self._done: set[ContractId] = set()
        """What need not be looked for again before the next start."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Look now and then, if node.yaml has a rule."""
        if self._parts.config.retention is not None:
            self._thread.start()

    def stop(self) -> None:
        """Stop between two transactions; what is left is pruned after the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.prune()
            except LedgerError as error:
                log.note("not pruned", logging.WARNING, message=error.message)
            self._stopping.wait(CHECK_SECONDS)

    def prune(self) -> None:
        """Prune every contract that ended long enough ago.

        Raises:
            LedgerError: An entry cannot be read, or nothing can be written.
        """
        due = set(self._due()) - self._done
        if not due:
            return
        for contract, indexes in self._parts.state.pruning.entries_of(due).items():
            left = iter(indexes)
            while entries := Indexes(islice(left, MAX_PRUNED)):
                if self._stopping.is_set():
                    return
                self._prune(contract, entries)
            self._done.add(contract)

    def _prune(self, contract: ContractId, entries: Indexes) -> None:
        state, now = self._parts.state, self._parts.now()
        pruned = state.submit(lambda tx: state.pruning.prune(tx, contract, entries, now=now))
        if pruned:
            log.note("entries pruned", contract=contract, entries=pruned)

    def _due(self) -> Iterator[ContractId]:
        """List the contracts whose time has come.

        A contract counts as ended from the instant at which it was for this node, by the facts.
        """
        retention = self._parts.config.retention
        if retention is None:
            return
        then = self._parts.now() - timedelta(days=retention.days_after_contract)
        for stored in self._parts.state.contracts.all():
            signed = self._parts.contracts.signed(stored.id)
            facts = replace(self._parts.contracts.facts_ever(stored.id), remembered=None)
            if signed is None or facts.proposed_at is None:
                continue
            if state_at(facts, signed, then, party=self._parts.party) in TERMINAL_STATES:
                yield stored.id
