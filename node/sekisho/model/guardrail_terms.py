"""What a contract's parties and promises lack of what a guardrail requires of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.model.contract import Contract, Role
from sekisho.model.guardrail import Require
from sekisho.model.guardrail_grants import Lack, any_of
from sekisho.model.names import PartyId

CONSUMER_COUNTRIES = "consumer_countries"
REGION = "obligations.region"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    """A term of a contract that holds one word, and where it stands."""

    path: str
    find: Callable[[Contract], str]


_TERMS: Mapping[str, _Term] = {
    "personal_data": _Term(
        path="personal_data.class", find=lambda contract: contract.personal_data.data_class
    ),
    "obligations.reidentification": _Term(
        path="obligations.reidentification",
        find=lambda contract: contract.obligations.reidentification,
    ),
    "obligations.onward_transfer": _Term(
        path="obligations.onward_transfer.allowed",
        find=lambda contract: contract.obligations.onward_transfer.allowed,
    ),
    "obligations.publication": _Term(
        path="obligations.derived_data.publication",
        find=lambda contract: contract.obligations.derived_data.publication,
    ),
}
"""By requirement."""


def lacking_terms(
    require: Require, contract: Contract, countries: Mapping[PartyId, str]
) -> Iterator[tuple[str, Lack]]:
    """Find what a contract as a whole lacks, each with the requirement that asks for it.

    Args:
        require: Of a rule that applies to one of its grants.
        contract: Checked by itself already.
        countries: Of parties, as far as they are known.
    """
    choices = require.choices
    for requirement, term in _TERMS.items():
        found, allowed = term.find(contract), choices.get(requirement, ())
        if allowed and found not in allowed:
            yield (
                requirement,
                Lack(
                    path=term.path,
                    found=f"`{term.path}` is {found}",
                    wanted=any_of(allowed),
                    mend=f"write `{term.path.rpartition('.')[2]}: {allowed[0]}`",
                ),
            )
    yield from _region(choices.get(REGION, ()), contract)
    yield from _countries(choices.get(CONSUMER_COUNTRIES, ()), contract, countries)


def _region(allowed: tuple[str, ...], contract: Contract) -> Iterator[tuple[str, Lack]]:
    found = contract.obligations.region
    outside = [country for country in found if country not in allowed]
    if allowed and (outside or not found):
        lists = f"lists {outside[0]}" if outside else "is not there, which means anywhere"
        yield (
            REGION,
            Lack(
                path=REGION,
                found=f"`region` {lists}",
                wanted=f"none but {any_of(allowed)}",
                mend=f"write `region: [{', '.join(allowed)}]`",
            ),
        )


def _countries(
    allowed: tuple[str, ...], contract: Contract, countries: Mapping[PartyId, str]
) -> Iterator[tuple[str, Lack]]:
    """An affiliate counts as the consumer does: data may be passed on to it."""
    for path, party in _receivers(contract) if allowed else ():
        country = countries.get(party)
        if country in allowed:
            continue
        is_in = f"`{party}` is in {country}" if country else f"nobody knows where `{party}` is"
        yield (
            CONSUMER_COUNTRIES,
            Lack(
                path=path,
                found=is_in,
                wanted=any_of(allowed),
                mend="take the company out"
                if country
                else "ask the company for a member document that says its country",
            ),
        )


def _receivers(contract: Contract) -> Iterator[tuple[str, PartyId]]:
    for at, item in enumerate(contract.parties):
        if item.role is Role.CONSUMER:
            yield f"parties[{at}].party", item.party
    for at, party in enumerate(contract.obligations.onward_transfer.affiliates):
        yield f"obligations.onward_transfer.affiliates[{at}]", party
