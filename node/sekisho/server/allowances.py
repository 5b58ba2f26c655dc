"""Whether a plan would go beyond a contract's limits at a provider, told before anything is asked.

How many rows a provider has is not known here: of rows and bytes the provider keeps count while it
answers. But a plan says how often it asks each provider, and a provider's last receipt says how
much was left.
"""

import threading
from collections import Counter
from datetime import datetime

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.plan import FederatedPlan
from sekisho.ledger.receipt import Receipt
from sekisho.ledger.windows import window_start
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract


class Allowances:
    """What providers last said is left of each contract's queries; safe from any thread."""

    def __init__(self) -> None:
        """Start without knowing anything: then only the contract's own numbers are held to."""
        self._lock = threading.Lock()
        self._left: dict[tuple[ContractId, PartyId], tuple[str, int]] = {}

    def note(self, signed: SignedContract, receipt: Receipt, *, asked_at: datetime) -> None:
        """Remember what a provider's receipt says is left.

        It is taken for the window in which the question was asked: should the answer have opened in
        the next one already, nothing is held against that.
        """
        left = receipt.limits_left.get("queries")
        window = _window(signed, asked_at)
        if left is not None and window is not None:
            with self._lock:
                self._left[signed.id, receipt.provider] = (window, left)

    def check(self, signed: SignedContract, plan: FederatedPlan, now: datetime) -> None:
        """Refuse a plan that a provider would have to refuse after others were charged for it.

        One that asks a single thing goes out: the provider's own no is signed, and on record.

        Raises:
            Refusal: `LIMIT_REACHED`, which names the provider and the limit's clause.
        """
        if len(plan.fragments) == 1:
            return
        limits = signed.contract.limits
        for party, asked in Counter(item.party for item in plan.fragments).items():
            if limits.concurrent is not None and asked > limits.concurrent:
                raise Refusal(
                    RefusalReason.LIMIT_REACHED,
                    f"the query asks `{party}` {asked} things at once, and"
                    f" {limits.concurrent} at once is the most",
                    clause="limits.concurrent",
                    hint="read fewer of its relations in one query; `sekisho explain` lists them",
                )
            left = self._queries_left(signed, party, now)
            if left is not None and asked > left:
                raise Refusal(
                    RefusalReason.LIMIT_REACHED,
                    f"the query asks `{party}` {asked} things, and {left} queries are left",
                    clause="limits.queries",
                    hint="ask again in the next period, or agree on an amendment",
                )

    def _queries_left(self, signed: SignedContract, party: PartyId, now: datetime) -> int | None:
        limit = signed.contract.limits.queries
        if limit is None:
            return None
        with self._lock:
            window, left = self._left.get((signed.id, party), ("", limit.max))
        return left if window == _window(signed, now) else limit.max


def _window(signed: SignedContract, now: datetime) -> str | None:
    limit = signed.contract.limits.queries
    if limit is None:
        return None
    return window_start(limit.per, zone=signed.contract.term.timezone, now=now)
