"""One access mode for one consumer: rows of one contract would undo the thresholds of another.

A provider serves a dataset to a consumer and its affiliates in the mode of the contract that was
signed first; a contract that grants it in another mode is not served over that dataset, unless the
provider's guardrails let the two be combined. Companies belong together when a contract lists one
as an affiliate where the other is a consumer, in whichever contract that stands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sekisho.model.contract import Contract, Grant, Role
from sekisho.model.dataset import Dataset
from sekisho.model.guardrail import Combining, PlacedRule
from sekisho.model.guardrail_matching import bound_columns
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.signed import SignedContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contract that all parties have signed and that has not ended, as a provider sees it."""

    signed: SignedContract
    completed_at: datetime
    """When the last signature was recorded; the contract that is first by it sets the mode."""

    @property
    def rank(self) -> tuple[datetime, ContractId]:
        """Order contracts by signature, and by id where two came at one instant."""
        return self.completed_at, self.signed.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A grant of a dataset that another contract grants to the same companies in another mode."""

    grant: Grant
    dataset: DatasetId
    other: SignedContract
    theirs: Grant
    """The other contract's."""
    never: tuple[PlacedRule, ...]
    """Rules that forbid to combine the two."""


def related(contracts: Iterable[Contract]) -> Mapping[PartyId, PartyId]:
    """Tell which consumers belong together: they have the same party for their first.

    Consumers of one contract are not related by that; whoever shares an affiliate is.
    """
    first: dict[PartyId, PartyId] = {}

    def find(party: PartyId) -> PartyId:
        while first.setdefault(party, party) != party:
            party = first[party]
        return party

    for contract in contracts:
        affiliates = contract.obligations.onward_transfer.affiliates
        for item in contract.parties:
            if item.role is Role.CONSUMER:
                find(item.party)
                for affiliate in affiliates:
                    first[find(affiliate)] = find(item.party)
    return {party: find(party) for party in tuple(first)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What a provider's guardrails say about several access modes for one dataset."""

    datasets: Mapping[DatasetId, Dataset]
    guardrails: Sequence[PlacedRule]

    def may_stand(self, dataset: DatasetId, ours: Sequence[Grant], theirs: Sequence[Grant]) -> bool:
        """Tell whether two contracts' grants of a dataset may stand side by side.

        In several modes, each of the grants needs a rule that applies to it and allows that, and
        none that says never.
        """
        if ours[0].access is theirs[0].access:
            return True
        said = (
            {item.rule.require.combine for item in self._applying(dataset, grant)}
            for grant in (*ours, *theirs)
        )
        return all(found == {Combining.ALLOWED} for found in said)

    def never(self, dataset: DatasetId, grants: Iterable[Grant]) -> tuple[PlacedRule, ...]:
        """List the rules that forbid it."""
        found = {
            placed.line_of("combine"): placed
            for grant in grants
            for placed in self._applying(dataset, grant)
            if placed.rule.require.combine is Combining.NEVER
        }
        return tuple(found.values())

    def _applying(self, dataset: DatasetId, grant: Grant) -> Iterator[PlacedRule]:
        known = self.datasets.get(dataset) or Dataset(id=dataset, columns=())
        for placed in self.guardrails:
            if placed.rule.require.combine is None:
                continue
            if bound_columns(placed.rule, grant, known) is not None:
                yield placed


def find_clashes(
    contract: Contract,
    others: Iterable[SignedContract],
    combination: Combination,
    *,
    provider: PartyId,
) -> Iterator[Clash]:
    """Find what a contract grants that others grant to the same companies in another mode.

    Args:
        contract: One that is about to be signed.
        others: Those that stand beside it.
        combination: What the provider's guardrails allow.
        provider: Whose datasets are looked at.
    """
    beside = tuple(others)
    first = related([contract, *(item.contract for item in beside)])
    ours, groups = granted_by(contract, provider), _groups(contract, first)
    for other in beside:
        if not groups & _groups(other.contract, first):
            continue
        for dataset, theirs in granted_by(other.contract, provider).items():
            grants = ours.get(dataset, ())
            if not grants or combination.may_stand(dataset, grants, theirs):
                continue
            yield Clash(
                grant=grants[0],
                dataset=dataset,
                other=other,
                theirs=theirs[0],
                never=combination.never(dataset, (*grants, *theirs)),
            )


class ModeIndex:
    """Where contracts grant a dataset to the same companies in several modes."""

    def __init__(
        self, standings: Iterable[Standing], combination: Combination, *, provider: PartyId
    ) -> None:
        """Look at every contract that stands; whether it is in force is asked later."""
        known = sorted(standings, key=lambda item: item.rank)
        self._combination = combination
        self._first = related(item.signed.contract for item in known)
        self._granted = {
            item.signed.id: granted_by(item.signed.contract, provider) for item in known
        }
        by_group: dict[tuple[DatasetId, PartyId], list[Standing]] = {}
        for item in known:
            for group in _groups(item.signed.contract, self._first):
                for dataset in self._granted[item.signed.id]:
                    by_group.setdefault((dataset, group), []).append(item)
        self._shared = {key: items for key, items in by_group.items() if self._is_mixed(key, items)}

    def is_held_back(
        self,
        contract: ContractId,
        dataset: DatasetId,
        consumer: PartyId,
        *,
        is_live: Callable[[SignedContract, frozenset[PartyId]], bool],
    ) -> bool:
        """Tell whether a dataset is not served under a contract, since others came first.

        Args:
            contract: Under which a consumer asks.
            dataset: About which.
            consumer: Who asks.
            is_live: Tells whether a contract is in force or suspended, for any of some companies.
        """
        group = self._first.get(consumer, consumer)
        shared = self._shared.get((dataset, group), ())
        together = frozenset(
            item for item, first in self._first.items() if shared and first == group
        )
        served: list[Standing] = []
        for item in shared:
            if not is_live(item.signed, together):
                continue
            clashes = any(not self._may_stand(dataset, item, other) for other in served)
            if item.signed.id == contract:
                return clashes
            if not clashes:
                served.append(item)
        return False

    def _is_mixed(self, key: tuple[DatasetId, PartyId], items: Sequence[Standing]) -> bool:
        return len({self._granted[item.signed.id][key[0]][0].access for item in items}) > 1

    def _may_stand(self, dataset: DatasetId, item: Standing, other: Standing) -> bool:
        ours, theirs = (self._granted[x.signed.id][dataset] for x in (item, other))
        return self._combination.may_stand(dataset, ours, theirs)


def granted_by(contract: Contract, provider: PartyId) -> Mapping[DatasetId, tuple[Grant, ...]]:
    """List a contract's grants by a provider's dataset; those of one dataset are of one mode."""
    found: dict[DatasetId, tuple[Grant, ...]] = {}
    for grant in contract.grants:
        for dataset in grant.datasets_of(provider):
            found[dataset] = (*found.get(dataset, ()), grant)
    return found


def _groups(contract: Contract, first: Mapping[PartyId, PartyId]) -> set[PartyId]:
    return {first[item.party] for item in contract.parties if item.role is Role.CONSUMER}
