"""The floors that are compiled in: beneath them no node signs or serves, whatever a guardrail says.

The format lets a contract say what lies below a floor, so that what was signed elsewhere can be
read and reviewed here; a node only does not stand behind it. Guardrails build upon these.
"""

from collections.abc import Iterator, Mapping

from sekisho.errors import Finding
from sekisho.model.contract import Contract, Grant, PersonalClass, Use
from sekisho.model.dataset import ColumnClass, Dataset
from sekisho.model.grant_rules import PROTECTED
from sekisho.model.names import DatasetId, PartyId
from sekisho.model.terms import path_text

LEAST_UNITS = 3
"""Fewest privacy units that an answer may rest on: of two, each knows itself, and so the other."""
MOST_LARGEST_PERCENT = 90
"""What one unit may make up of a total at most: above that, the total is that unit's own figure."""
IDENTIFIER_USES = frozenset({Use.JOIN})
"""What an identifier is for where no row leaves: a group for each of its values would be a row."""
PEOPLES_CLASSES = frozenset({ColumnClass.PERSONAL, ColumnClass.HEALTH})
"""What a table that a consumer brings is never keyed by: it would put people into groups."""


def check_floors(
    contract: Contract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    provider: PartyId | None = None,
) -> tuple[Finding, ...]:
    """Find everything in a contract that lies below the compiled-in floors.

    Args:
        contract: Checked by itself already.
        datasets: Those whose classes and privacy units are known.
        provider: Whose grants are looked at; everybody's when there is none.
    """
    return tuple(
        dict.fromkeys(
            finding
            for at, grant in enumerate(contract.grants)
            if provider is None or grant.datasets_of(provider)
            for finding in (
                *_check_grant(grant, f"grants[{at}]", datasets),
                *_lookups_are_keyed_by_things(contract, at, datasets),
            )
        )
    )


def _check_grant(
    grant: Grant, place: str, datasets: Mapping[DatasetId, Dataset]
) -> Iterator[Finding]:
    yield from _enough_units(grant, place)
    yield from _nobody_dominates(grant, place)
    for name in grant.datasets:
        if name in datasets:
            yield from _units_are_the_datasets_own(grant, place, datasets[name])
            yield from _identifiers_stay_keys(grant, place, datasets[name])


def _enough_units(grant: Grant, place: str) -> Iterator[Finding]:
    terms = grant.effective_disclosure
    if terms is not None and terms.minimum_units < LEAST_UNITS:
        yield Finding(
            path=f"{place}.disclosure.minimum_units",
            message=f"`minimum_units` is {terms.minimum_units}, and every node's own floor is "
            f"{LEAST_UNITS}",
            hint=f"write {LEAST_UNITS} or more: of two units, each would know the other",
        )


def _nobody_dominates(grant: Grant, place: str) -> Iterator[Finding]:
    terms = grant.effective_disclosure
    if terms is not None and terms.dominance.largest_percent > MOST_LARGEST_PERCENT:
        yield Finding(
            path=f"{place}.disclosure.dominance.largest_percent",
            message=f"`largest_percent` is {terms.dominance.largest_percent}, and every node's own "
            f"floor is {MOST_LARGEST_PERCENT}",
            hint=f"write {MOST_LARGEST_PERCENT} or less: a total that one unit makes up is its own "
            "figure",
        )


def _units_are_the_datasets_own(grant: Grant, place: str, dataset: Dataset) -> Iterator[Finding]:
    if grant.effective_disclosure is None:
        return
    named = {unit.lower() for unit in grant.privacy_units}
    for unit in dataset.privacy_units:
        if unit.lower() not in named:
            yield Finding(
                path=f"{place}.privacy_units" if grant.privacy_units else place,
                message=f"`{dataset.id}` protects `{unit}`, which the grant does not",
                hint=f"add `{unit}` to `privacy_units`: what is counted must be who is protected",
            )


def _identifiers_stay_keys(grant: Grant, place: str, dataset: Dataset) -> Iterator[Finding]:
    if grant.access not in PROTECTED:
        return
    for name, terms in grant.columns.items():
        column = dataset.column(terms.source.column if terms.source else name)
        if column is None or column.column_class is not ColumnClass.IDENTIFIER:
            continue
        if terms.uses(grant.access) - IDENTIFIER_USES:
            yield Finding(
                path=path_text(name, below=f"{place}.columns"),
                message=f"`{column.name}` identifies, and may be joined on under `{grant.access}` "
                "and used for nothing else",
                hint="write `use: [join]`, or leave the column out",
            )


def _lookups_are_keyed_by_things(
    contract: Contract, at: int, datasets: Mapping[DatasetId, Dataset]
) -> Iterator[Finding]:
    """A table keyed by people would let its consumer choose whom a figure is about."""
    grant, stated = contract.grants[at], contract.personal_data.data_class
    for place, lookup in enumerate(grant.lookups):
        path = f"grants[{at}].lookups[{place}].key"
        units = {unit.lower() for unit in grant.privacy_units}
        if lookup.key.lower() in units and stated is not PersonalClass.NONE:
            yield Finding(
                path=path,
                message=f"`{lookup.name}` is keyed by the privacy unit `{lookup.key}`, and the "
                f"contract's `personal_data` is `{stated}`",
                hint="write `personal_data: {class: none}` where the unit is a thing; a table is "
                "never keyed by people",
            )
        for name in grant.datasets:
            column = datasets[name].column(lookup.key) if name in datasets else None
            if column is not None and _is_peoples(column.column_class, stated):
                yield Finding(
                    path=path,
                    message=f"`{lookup.name}` is keyed by `{column.name}`, which `{name}` classes "
                    f"as {column.column_class}",
                    hint="key it by a thing, such as a site or a model: a table is never keyed by "
                    "people",
                )


def _is_peoples(column_class: ColumnClass | None, stated: PersonalClass) -> bool:
    is_persons = column_class is ColumnClass.IDENTIFIER and stated is not PersonalClass.NONE
    return is_persons or column_class in PEOPLES_CLASSES
