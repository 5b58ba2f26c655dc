"""Holds a contract to a provider's guardrails: every rule that applies has to be met.

A finding is placed in the contract and names the guardrail's own line, so that whoever reads it
sees both.
"""

from collections.abc import Iterator, Mapping, Sequence

from sekisho.errors import Finding
from sekisho.model.contract import Contract
from sekisho.model.dataset import Dataset
from sekisho.model.guardrail import PlacedRule
from sekisho.model.guardrail_grants import OF_GRANTS, Held, Lack
from sekisho.model.guardrail_matching import bound_columns
from sekisho.model.guardrail_terms import lacking_terms
from sekisho.model.names import DatasetId, PartyId, split_dataset


def check_guardrails(
    contract: Contract,
    datasets: Mapping[DatasetId, Dataset],
    guardrails: Sequence[PlacedRule],
    *,
    countries: Mapping[PartyId, str],
    provider: PartyId | None = None,
) -> tuple[Finding, ...]:
    """Find everything in a contract that lies below a provider's guardrails.

    Args:
        contract: Checked by itself already.
        datasets: With the classes and tags that their provider gives them; one that is not here
            has neither.
        guardrails: The provider's, all of them.
        countries: Of parties, as far as they are known; an unknown one is none that is listed.
        provider: Whose grants are held to them; everybody's when there is none.

    Returns:
        One finding for each place and requirement; its message names the guardrail's line.

    Source:
        `docs/spec/guardrail.md`, sections 2 and 3.
    """
    found: dict[Finding, None] = {}
    for placed, held in _held(contract, datasets, guardrails, provider=provider):
        require = placed.rule.require
        for requirement, check in OF_GRANTS.items():
            for lack in check(held, require):
                found[_below(placed, requirement, lack)] = None
        for requirement, lack in lacking_terms(require, contract, countries):
            found[_below(placed, requirement, lack)] = None
    return tuple(found)


def _held(
    contract: Contract,
    datasets: Mapping[DatasetId, Dataset],
    guardrails: Sequence[PlacedRule],
    *,
    provider: PartyId | None,
) -> Iterator[tuple[PlacedRule, Held]]:
    """Pair each rule with each grant over a dataset to which it applies."""
    for at, grant in enumerate(contract.grants):
        for name in grant.datasets:
            if provider is not None and split_dataset(name)[0] != provider:
                continue
            dataset = datasets.get(name) or Dataset(id=name, columns=())
            for placed in guardrails:
                columns = bound_columns(placed.rule, grant, dataset)
                if columns is not None:
                    yield placed, Held(grant=grant, place=f"grants[{at}]", columns=columns)


def _below(placed: PlacedRule, requirement: str, lack: Lack) -> Finding:
    rule = placed.rule
    because = " ".join(rule.because.split())
    return Finding(
        path=lack.path,
        message=f"{lack.found}, and {placed.line_of(requirement)} requires {lack.wanted}",
        hint=f"{lack.mend}; rule `{rule.rule}`: {because}",
    )
