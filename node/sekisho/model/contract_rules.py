"""What must hold between the parts of a contract, one rule a function.

A rule reads a few sections and yields findings with the place and the mend. It is skipped when a
section that it reads could not be understood, so that one slip is reported once. What a single
field may hold is said at the field; what one grant may hold is in `grant_rules`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from sekisho.errors import Finding
from sekisho.model.contract import Access, Contract, Lookup, PersonalClass, Role
from sekisho.model.grant_rules import check_grant
from sekisho.model.names import DatasetId, is_alias, split_dataset
from sekisho.model.obligations import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold, and the sections of a contract that it reads."""

    reads: frozenset[str]
    check: Callable[[Contract], Iterable[Finding]]


def check_contract(contract: Contract, *, unread: Collection[str] = ()) -> tuple[Finding, ...]:
    """Find everything that does not hold between the parts of a contract.

    Args:
        contract: A contract whose every field is fine by itself.
        unread: Sections to leave alone, because what stands in them is a stand-in.
    """
    return tuple(
        finding
        for rule in RULES
        if not rule.reads & set(unread)
        for finding in rule.check(contract)
    )


def _repeated(names: Iterable[str]) -> list[tuple[int, str]]:
    """Tell where a name comes a second time."""
    listed = list(names)
    return [(at, name) for at, name in enumerate(listed) if name in listed[:at]]


def _parties_are_unique(contract: Contract) -> Iterator[Finding]:
    for at, name in _repeated(item.party for item in contract.parties):
        yield Finding(
            path=f"parties[{at}].party",
            message=f"party `{name}` is listed twice",
            hint="give each party one line and one role; make a second contract for the way back",
        )


def _aliases_are_usable(contract: Contract) -> Iterator[Finding]:
    aliases = [item.effective_alias for item in contract.parties]
    for at, party in enumerate(contract.parties):
        alias = aliases[at]
        place = f"parties[{at}].alias" if party.alias is not None else f"parties[{at}]"
        if not is_alias(alias):
            yield Finding(
                path=place,
                message=f"`{alias}` cannot stand as a schema in SQL",
                hint="give an alias of small letters, digits and `_` that begins with a letter "
                "and is no SQL keyword, such as `alias: ua`",
            )
        elif alias in aliases[:at]:
            other = contract.parties[aliases.index(alias)].party
            yield Finding(
                path=place,
                message=f"alias `{alias}` is taken by `{other}`",
                hint="give one of the two another `alias`",
            )


def _both_roles_are_filled(contract: Contract) -> Iterator[Finding]:
    filled = {item.role for item in contract.parties}
    for role in Role:
        if role not in filled:
            yield Finding(
                path="parties",
                message=f"no party is a {role}",
                hint=f"give one of the parties `role: {role}`",
            )


def _purposes_are_unique(contract: Contract) -> Iterator[Finding]:
    for at, name in _repeated(item.purpose for item in contract.purposes):
        yield Finding(
            path=f"purposes[{at}].purpose",
            message=f"purpose `{name}` is listed twice",
            hint="say all that it means in one place",
        )


def _term_runs_forward(contract: Contract) -> Iterator[Finding]:
    if contract.term.ends < contract.term.starts:
        yield Finding(
            path="term.ends",
            message=f"the term ends on {contract.term.ends}, before it starts",
            hint=f"write a day from {contract.term.starts} on; both days are included",
        )


def _signing_ends_in_time(contract: Contract) -> Iterator[Finding]:
    if contract.sign_by is not None and contract.sign_by > contract.term.ends:
        yield Finding(
            path="sign_by",
            message=f"signatures are awaited until {contract.sign_by}, after the term has ended",
            hint=f"write a day up to {contract.term.ends}",
        )


def _amendment_takes_effect_in_the_term(contract: Contract) -> Iterator[Finding]:
    amends, term = contract.amends, contract.term
    if amends is not None and not term.starts <= amends.effective <= term.ends:
        yield Finding(
            path="amends.effective",
            message=f"the change takes effect on {amends.effective}, outside the term",
            hint=f"write a day from {term.starts} to {term.ends}",
        )


def _grants_are_unique(contract: Contract) -> Iterator[Finding]:
    for at, name in _repeated(item.grant for item in contract.grants):
        yield Finding(
            path=f"grants[{at}].grant",
            message=f"grant `{name}` is listed twice",
            hint="give each grant its own name; refusals and receipts name it",
        )


def _datasets_belong_to_providers(contract: Contract) -> Iterator[Finding]:
    providers = [item.party for item in contract.parties if item.role is Role.PROVIDER]
    parties = {item.party for item in contract.parties}
    for at, grant in enumerate(contract.grants):
        for place, dataset in enumerate(grant.datasets):
            party, name = split_dataset(dataset)
            if party in providers:
                continue
            found = "a consumer" if party in parties else "not a party"
            yield Finding(
                path=f"grants[{at}].datasets[{place}]",
                message=f"`{dataset}` is offered by `{party}`, which is {found} of this contract",
                hint="name a provider's dataset"
                + (f", such as `{providers[0]}/{name}`" if providers else ""),
            )


def _datasets_keep_one_access_mode(contract: Contract) -> Iterator[Finding]:
    first: dict[DatasetId, tuple[str, Access]] = {}
    for at, grant in enumerate(contract.grants):
        for place, dataset in enumerate(grant.datasets):
            name, access = first.setdefault(dataset, (grant.grant, grant.access))
            if access is not grant.access:
                yield Finding(
                    path=f"grants[{at}].datasets[{place}]",
                    message=f"`{dataset}` is granted for `{grant.access}` here and for `{access}` "
                    f"in grant `{name}`",
                    hint="keep one access mode for a dataset: rows of one grant would undo what "
                    "the other protects",
                )


def _lookups_mean_one_table(contract: Contract) -> Iterator[Finding]:
    first: dict[str, tuple[str, Lookup]] = {}
    for at, grant in enumerate(contract.grants):
        for place, lookup in enumerate(grant.lookups):
            name, known = first.setdefault(lookup.name, (grant.grant, lookup))
            if name != grant.grant and known != lookup:
                yield Finding(
                    path=f"grants[{at}].lookups[{place}].name",
                    message=f"the table `{lookup.name}` is another one in grant `{name}`",
                    hint="write both alike, since the consumer brings one table of a name, or give "
                    "this one another name",
                )


def _every_grant_holds(contract: Contract) -> Iterator[Finding]:
    for at, grant in enumerate(contract.grants):
        yield from check_grant(grant, f"grants[{at}]")


def _onward_transfer_is_clear(contract: Contract) -> Iterator[Finding]:
    terms = contract.obligations.onward_transfer
    place = "obligations.onward_transfer"
    if terms.allowed is Transfer.NO_ONE and terms.processors:
        yield Finding(
            path=f"{place}.processors",
            message="processors are listed although data may be passed on to no one",
            hint="write `allowed: listed`, or leave `processors` out",
        )
    if terms.allowed is Transfer.LISTED and not (terms.affiliates or terms.processors):
        yield Finding(
            path=f"{place}.allowed",
            message="data may be passed on to those listed, but nobody is listed",
            hint="list `affiliates` or `processors`, or write `allowed: no-one`",
        )


def _affiliates_are_not_providers(contract: Contract) -> Iterator[Finding]:
    providers = {item.party for item in contract.parties if item.role is Role.PROVIDER}
    for at, party in enumerate(contract.obligations.onward_transfer.affiliates):
        if party in providers:
            yield Finding(
                path=f"obligations.onward_transfer.affiliates[{at}]",
                message=f"`{party}` is a provider of this contract",
                hint="list companies of the consumer's group only",
            )


def _personal_data_has_a_basis(contract: Contract) -> Iterator[Finding]:
    terms = contract.personal_data
    if terms.data_class in {PersonalClass.NONE, PersonalClass.NOT_STATED}:
        return
    missing = [name for name in ("basis", "reference") if getattr(terms, name) is None]
    if missing:
        yield Finding(
            path="personal_data",
            message=f"personal data of class `{terms.data_class}` has no "
            + " and no ".join(f"`{name}`" for name in missing),
            hint="say on what basis it may be used and where that is written, such as `basis: "
            '"consent of each patient", reference: "ethics board 2026-17"`',
        )


RULES: tuple[Rule, ...] = (
    Rule(reads=frozenset({"parties"}), check=_parties_are_unique),
    Rule(reads=frozenset({"parties"}), check=_aliases_are_usable),
    Rule(reads=frozenset({"parties"}), check=_both_roles_are_filled),
    Rule(reads=frozenset({"purposes"}), check=_purposes_are_unique),
    Rule(reads=frozenset({"term"}), check=_term_runs_forward),
    Rule(reads=frozenset({"term", "sign_by"}), check=_signing_ends_in_time),
    Rule(reads=frozenset({"term", "amends"}), check=_amendment_takes_effect_in_the_term),
    Rule(reads=frozenset({"grants"}), check=_grants_are_unique),
    Rule(reads=frozenset({"grants", "parties"}), check=_datasets_belong_to_providers),
    Rule(reads=frozenset({"grants"}), check=_datasets_keep_one_access_mode),
    Rule(reads=frozenset({"grants"}), check=_lookups_mean_one_table),
    Rule(reads=frozenset({"grants"}), check=_every_grant_holds),
    Rule(reads=frozenset({"obligations"}), check=_onward_transfer_is_clear),
    Rule(reads=frozenset({"obligations", "parties"}), check=_affiliates_are_not_providers),
    Rule(reads=frozenset({"personal_data"}), check=_personal_data_has_a_basis),
)
