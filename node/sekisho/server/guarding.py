"""A provider's floors at its node: what it does not sign, and what it does not serve.

Rules and node.yaml are read when the node starts; contracts and members change while it runs. So
what is remembered here is remembered for as long as those it rests on are the same.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sekisho.config import NodeConfig
from sekisho.documents.envelope import digest_of
from sekisho.errors import DocumentError, Finding, Refusal, RefusalReason
from sekisho.model.contract import Contract
from sekisho.model.floors import check_floors
from sekisho.model.guardrail import PlacedRule, count_rules
from sekisho.model.guardrail_check import check_guardrails
from sekisho.model.lifecycle import TERMINAL_STATES, ContractState, state_at
from sekisho.model.names import ContractId, DatasetId, PartyId, short_id
from sekisho.model.one_mode import Clash, Combination, ModeIndex, Standing, find_clashes
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.server import log
from sekisho.server.contracts import ContractBook, in_force, suspended_by
from sekisho.server.members import MemberBook

INDEX_SECONDS = 600
"""How long contracts that end by themselves still tell which companies belong together."""
_STANDING = frozenset({ContractState.SIGNED, ContractState.IN_FORCE, ContractState.SUSPENDED})
_LIVE = frozenset({ContractState.IN_FORCE, ContractState.SUSPENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """The contracts that stood side by side when they were looked at."""

    key: object
    """As long as it is the same, no contract has come or changed."""
    standings: tuple[Standing, ...]
    modes: ModeIndex


class Guard:
    """Holds contracts to what their provider demands; safe from any thread."""

    def __init__(
        self,
        config: NodeConfig,
        guardrails: Sequence[PlacedRule],
        *,
        contracts: ContractBook,
        members: MemberBook,
    ) -> None:
        """Take the settings, the rules, and what changes."""
        self.guardrails = tuple(guardrails)
        """Every rule of this company, in the order of node.yaml."""
        self._party = config.party
        self._datasets = config.said_datasets()
        self.stamp = digest_of(repr((self.guardrails, self._datasets)).encode())
        """Names the rules and what they look at; no plan outlives either."""
        self._contracts = contracts
        self._members = members
        self._combination = Combination(datasets=self._datasets, guardrails=self.guardrails)
        self._below: dict[tuple[ContractId, tuple[tuple[PartyId, str], ...]], bool] = {}
        self._known: _Beside | None = None

    def in_force(self, contract: ContractId, *, consumer: PartyId, now: datetime) -> SignedContract:
        """Give a contract that this node answers a consumer under now.

        Raises:
            Refusal: As `contracts.in_force`; and `SUSPENDED`, in the same words as when people have
                suspended it, for a contract that is below this node's floors.
        """
        signed = in_force(
            self._contracts, contract, provider=self._party, consumer=consumer, now=now
        )
        if self._is_below(signed):
            raise suspended_by(self._party)
        return signed

    def check_mode(self, query: Query, plan: Plan, now: datetime) -> None:
        """Refuse datasets that this node serves to the same companies in another access mode.

        Raises:
            Refusal: `MODE_NOT_SERVED`, in words that tell nothing of other contracts.
        """
        for dataset in plan.datasets:
            if self._is_held_back(query.contract, dataset, consumer=query.consumer, now=now):
                raise Refusal(
                    RefusalReason.MODE_NOT_SERVED,
                    f"`{dataset}` is served to this consumer and its affiliates in another access "
                    "mode, under a contract that was signed before",
                    clause=f"grants.{plan.grant}.access",
                    hint="ask under that contract, or ask the provider",
                )

    def check_signing(self, signed: SignedContract, now: datetime) -> None:
        """Refuse to sign or propose what this node would not serve.

        Raises:
            DocumentError: With every finding, each naming both places.
        """
        findings = self.before_signing(signed, now)
        if findings:
            raise DocumentError(findings, name="contract")

    def before_signing(self, signed: SignedContract, now: datetime) -> tuple[Finding, ...]:
        """Find what keeps this company from signing a contract as it is.

        The compiled-in floors hold for every grant; the rest is a provider's matter.
        """
        floors = check_floors(signed.contract, self._datasets)
        if self._party not in signed.providers:
            return floors
        standings = self._beside(now).standings
        beside = [item.signed for item in standings if self._meets(signed, item.signed, now)]
        clashes = self._clashes(signed.contract, beside)
        return tuple(dict.fromkeys((*floors, *self._below_guardrails(signed.contract), *clashes)))

    def findings(self, signed: SignedContract, now: datetime) -> tuple[Finding, ...]:
        """Find why this node would not sign a contract, or does not serve one that all signed."""
        if self._contracts.state(signed.id, now, party=self._party) in TERMINAL_STATES:
            return ()
        if not self._is_standing(signed, now):
            return self.before_signing(signed, now)
        return (*self.below(signed.contract), *self._held_back(signed, now))

    def below(self, contract: Contract) -> tuple[Finding, ...]:
        """Find what lies below the compiled-in floors and the guardrails."""
        floors = check_floors(contract, self._datasets, provider=self._party)
        return (*floors, *self._below_guardrails(contract))

    def not_served(self, now: datetime) -> Iterator[tuple[SignedContract, tuple[Finding, ...]]]:
        """List the contracts that stand and are not served as they are, with the findings."""
        for item in self._beside(now).standings:
            findings = self.findings(item.signed, now)
            if findings:
                yield item.signed, findings

    def note(self, now: datetime) -> None:
        """Write into the log which rules hold, and what is not served for them."""
        log.note("guardrails", rules=count_rules(self.guardrails), stamp=self.stamp)
        for signed, findings in self.not_served(now):
            _note_findings(signed, findings)

    def _below_guardrails(self, contract: Contract) -> tuple[Finding, ...]:
        return check_guardrails(
            contract,
            self._datasets,
            self.guardrails,
            countries=self._countries(contract),
            provider=self._party,
        )

    def _is_below(self, signed: SignedContract) -> bool:
        key = (signed.id, tuple(self._countries(signed.contract).items()))
        known = self._below.get(key)
        if known is None:
            findings = self.below(signed.contract)
            _note_findings(signed, findings)
            known = self._below[key] = bool(findings)
        return known

    def _countries(self, contract: Contract) -> Mapping[PartyId, str]:
        """Find the countries that the parties and the affiliates say of themselves."""
        affiliates = contract.obligations.onward_transfer.affiliates
        found = {}
        for party in (*(item.party for item in contract.parties), *affiliates):
            trusted = self._members.current(party)
            if trusted is not None and trusted.member.country is not None:
                found[party] = trusted.member.country
        return found

    def _held_back(self, signed: SignedContract, now: datetime) -> Iterator[Finding]:
        """Find the datasets that are not served under a contract, since others came first."""
        held = {
            dataset
            for grant in signed.grants_of(self._party)
            for dataset in grant.datasets_of(self._party)
            for consumer in signed.consumers
            if self._is_held_back(signed.id, dataset, consumer=consumer, now=now)
        }
        if not held:
            return
        standings = self._beside(now).standings
        before = itertools.takewhile(lambda item: item.signed.id != signed.id, standings)
        live = [
            item.signed
            for item in before
            if self._is_live(item.signed, frozenset(item.signed.consumers), now=now)
        ]
        yield from self._clashes(signed.contract, live, only=held)

    def _is_held_back(
        self, contract: ContractId, dataset: DatasetId, *, consumer: PartyId, now: datetime
    ) -> bool:
        return self._beside(now).modes.is_held_back(
            contract,
            dataset,
            consumer,
            is_live=lambda other, companies: self._is_live(other, companies, now=now),
        )

    def _beside(self, now: datetime) -> _Beside:
        """Give what stands side by side, looked at anew when a contract has changed."""
        key = (self._contracts.version, int(now.timestamp()) // INDEX_SECONDS)
        known = self._known
        if known is not None and known.key == key:
            return known
        standings = tuple(sorted(self._standings(now), key=lambda item: item.rank))
        modes = ModeIndex(standings, self._combination, provider=self._party)
        made = self._known = _Beside(key=key, standings=standings, modes=modes)
        return made

    def _standings(self, now: datetime) -> Iterator[Standing]:
        for signed in self._contracts.all():
            completed_at = self._contracts.facts(signed.id).completed_at(signed)
            if completed_at is not None and self._is_standing(signed, now):
                yield Standing(signed=signed, completed_at=completed_at)

    def _is_standing(self, signed: SignedContract, now: datetime) -> bool:
        if self._party not in signed.providers:
            return False
        return self._contracts.state(signed.id, now, party=self._party) in _STANDING

    def _is_live(
        self, signed: SignedContract, companies: frozenset[PartyId], *, now: datetime
    ) -> bool:
        """Tell whether a contract is in force or suspended now for one of some companies."""
        if self._contracts.state(signed.id, now, party=self._party) not in _LIVE:
            return False
        facts = self._contracts.facts(signed.id)
        return any(
            state_at(facts, signed, now, party=consumer) not in TERMINAL_STATES
            for consumer in companies.intersection(signed.consumers)
        )

    def _meets(self, signed: SignedContract, other: SignedContract, now: datetime) -> bool:
        """Tell whether another contract stands at any instant of a contract's term."""
        amends = signed.contract.amends
        if other.id == signed.id or (amends is not None and amends.contract == other.id):
            return False
        if not self._is_standing(other, now):
            return False
        superseded_at = self._contracts.facts(other.id).superseded_at
        ends_at = min(other.ends_at, superseded_at or other.ends_at)
        return other.starts_at < signed.ends_at and signed.starts_at < ends_at

    def _clashes(
        self,
        contract: Contract,
        others: Iterable[SignedContract],
        *,
        only: Iterable[DatasetId] | None = None,
    ) -> Iterator[Finding]:
        for clash in find_clashes(contract, others, self._combination, provider=self._party):
            if only is None or clash.dataset in only:
                yield _clash_finding(contract, clash)


def _clash_finding(contract: Contract, clash: Clash) -> Finding:
    at = contract.grants.index(clash.grant)
    never = "".join(f"; {item.line_of('combine')} says `never`" for item in clash.never)
    return Finding(
        path=f"grants[{at}].datasets[{clash.grant.datasets.index(clash.dataset)}]",
        message=f"`{clash.dataset}` is granted for `{clash.grant.access}` here, and for "
        f"`{clash.theirs.access}` in grant `{clash.theirs.grant}` of contract "
        f"`{clash.other.contract.title}` ({short_id(clash.other.id)})",
        hint="keep one access mode for a consumer and its affiliates: amend or end the other "
        f"contract, or have a guardrail for both grants say `combine: allowed`{never}",
    )


def _note_findings(signed: SignedContract, findings: Iterable[Finding]) -> None:
    for finding in findings:
        log.note(
            "contract not served",
            logging.WARNING,
            contract=signed.id,
            place=finding.path,
            message=finding.message,
        )
