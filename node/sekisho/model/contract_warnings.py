"""What a contract may say and most likely does not mean, one rule a function.

A contract with warnings is read, signed and served like any: they are for its authors, before
anybody signs. What a contract may not say at all is in `contract_rules` and `grant_rules`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import combinations

from sekisho.errors import Finding, Severity
from sekisho.model.contract import Contract
from sekisho.model.grants import Access, Function, Grant, Use
from sekisho.model.masks import mask_covers
from sekisho.model.row_filters import filter_covers
from sekisho.model.terms import path_text

_SPREAD = frozenset({Function.SUM, Function.AVG, Function.STDDEV})
"""Functions that a single value far off can move as far as it likes."""


def check_warnings(contract: Contract, *, today: date) -> tuple[Finding, ...]:
    """Warn of what most likely is a slip.

    Args:
        contract: One that has no errors.
        today: The day, where the author is.
    """
    return (
        *_days_are_ahead(contract, today),
        *_grants_do_not_overlap(contract),
        *_published_cells_are_limited(contract),
        *(
            finding
            for at, grant in enumerate(contract.grants)
            for rule in GRANT_WARNINGS
            for finding in rule(grant, f"grants[{at}]")
        ),
    )


def _warning(path: str, message: str, hint: str) -> Finding:
    return Finding(path=path, message=message, hint=hint, severity=Severity.WARNING)


def _days_are_ahead(contract: Contract, today: date) -> Iterator[Finding]:
    ends, amends = contract.term.ends, contract.amends
    if ends < today:
        yield _warning("term.ends", f"the term ended on {ends}", f"write a day from {today} on")
    if contract.sign_by is not None and contract.sign_by < today:
        yield _warning(
            "sign_by",
            f"signatures were awaited until {contract.sign_by}",
            f"write a day from {today} on, or leave `sign_by` out",
        )
    if amends is not None and amends.effective < today:
        yield _warning(
            "amends.effective",
            f"the change takes effect on {amends.effective}, which has gone by",
            f"write a day from {today} on: until all have signed, the old terms hold",
        )


def _grants_do_not_overlap(contract: Contract) -> Iterator[Finding]:
    for (_, first), (at, second) in combinations(enumerate(contract.grants), 2):
        shared = [name for name in second.datasets if name in first.datasets]
        if not shared:
            continue
        names = ", ".join(f"`{name}`" for name in shared)
        if set(shared) == set(second.datasets) and _allows_all(first, second):
            yield _warning(
                f"grants[{at}].grant",
                f"grant `{second.grant}` never applies: `{first.grant}` stands before it and "
                f"allows all that it does",
                "remove one of the two; a narrower grant takes nothing back from a wider one",
            )
        else:
            yield _warning(
                f"grants[{at}].datasets[{second.datasets.index(shared[0])}]",
                f"{names} is open under `{first.grant}` too: the first of the two that allows a "
                f"query applies, never both together",
                "open a dataset in one grant; a narrower one takes nothing back from a wider one",
            )


def _published_cells_are_limited(contract: Contract) -> Iterator[Finding]:
    names = [f"`{item.grant}`" for item in contract.grants if item.access is Access.AGGREGATE]
    if names and contract.limits.cells is None:
        yield _warning(
            "limits.cells",
            f"nothing limits the cells that {', '.join(names)} may publish: figures enough tell "
            "single values",
            "write how many are needed, such as `cells: {max: 2000, per: day}` under `limits`",
        )


def _allows_all(first: Grant, second: Grant) -> bool:
    """Tell that what a second grant allows over a dataset, the first one allows too."""
    return (
        first.access is second.access is Access.ROWS
        and filter_covers(first.where, second.where)
        and all(
            (other := first.columns.get(name)) is not None
            and other.uses(Access.ROWS) >= column.uses(Access.ROWS)
            and mask_covers(other.mask, column.mask)
            for name, column in second.columns.items()
        )
    )


def _measures_are_bounded(grant: Grant, place: str) -> Iterator[Finding]:
    if grant.access is not Access.AGGREGATE or not _SPREAD & set(grant.functions):
        return
    for name, column in grant.columns.items():
        if Use.MEASURE in column.use and column.clamp is None and column.source is None:
            yield _warning(
                path_text(name, below=f"{place}.columns"),
                f"the measure `{name}` has no bounds: one value far off shows in a sum or a mean",
                "write the bounds within which a value counts, such as `clamp: [0, 100]`",
            )


def _measures_are_not_filtered(grant: Grant, place: str) -> Iterator[Finding]:
    for name in grant.filterable_measures:
        yield _warning(
            path_text(name, "use", below=f"{place}.columns"),
            f"the measure `{name}` may be filtered on or grouped by: figures on both sides of a "
            "bound tell the values between",
            "keep to `use: [measure]`, or mask it, such as by a wide `bucket_width`",
        )


def _units_are_not_filtered(grant: Grant, place: str) -> Iterator[Finding]:
    """Find units by which one can be picked out; in `aggregate` and `private` that is an error."""
    holds_back = grant.access is Access.ROWS and grant.disclosure is not None
    if not holds_back and grant.access is not Access.POOLED:
        return
    units = {item.lower() for item in grant.privacy_units}
    for name, column in grant.columns.items():
        if name.lower() in units and column.uses(grant.access) & {Use.FILTER, Use.GROUP}:
            yield _warning(
                path_text(name, "use", below=f"{place}.columns"),
                f"the privacy unit `{name}` may be filtered on or grouped by: whoever knows it "
                "picks out one",
                "write `use: [join]`, or leave the column out",
            )


def _lookups_bring_new_names(grant: Grant, place: str) -> Iterator[Finding]:
    granted = {name.lower() for name in grant.columns}
    brought: dict[str, str] = {}
    for at, lookup in enumerate(grant.lookups):
        for name in lookup.columns:
            other = brought.setdefault(name.lower(), lookup.name)
            where = "among the granted columns" if name.lower() in granted else f"in `{other}`"
            if name.lower() in granted or other != lookup.name:
                yield _warning(
                    path_text(name, below=f"{place}.lookups[{at}].columns"),
                    f"the column `{name}` of `{lookup.name}` is {where} as well",
                    "give it another name, so that a query need not say which one it means",
                )


GRANT_WARNINGS: tuple[Callable[[Grant, str], Iterable[Finding]], ...] = (
    _measures_are_bounded,
    _measures_are_not_filtered,
    _units_are_not_filtered,
    _lookups_bring_new_names,
)
