"""What a reader of a contract should mind: each caution with why, and what to write instead."""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.documents.review.caution_words import CAUTIONS
from sekisho.documents.review.values import Both
from sekisho.documents.review.words import Words
from sekisho.model.conditions import Ender, PersonalClass, Prevailing, RequestEvidence
from sekisho.model.contract import Contract
from sekisho.model.grants import Access, Grant, Use
from sekisho.model.masks import PseudonymMask, RedactMask
from sekisho.model.terms import path_text

FEW = 2
"""So many columns beside a pseudonym or a unit may already point at one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """One thing to mind, in the words of one language."""

    caution: str
    """Which one, for programs: `pseudonym`."""
    path: str
    """The term that it is about, by names."""
    text: str
    why: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """A caution that a contract calls for."""

    caution: str
    path: str
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


def cautions_of(contract: Contract, words: Words) -> tuple[Caution, ...]:
    """List what a reader of a contract should mind, grants first."""
    return tuple(_said(met, words) for met in _met(contract))


def _said(met: _Met, words: Words) -> Caution:
    both = CAUTIONS[met.caution]
    names, units = (
        words.joined(words.quoted(item) for item in listed) if listed else ""
        for listed in (met.names, met.units)
    )

    def of(pair: Both) -> str:
        return words.of(pair).replace("{units}", units).replace("{names}", names)

    return Caution(
        caution=met.caution,
        path=met.path,
        text=of(both.text),
        why=of(both.why),
        instead=of(both.instead),
    )


def _met(contract: Contract) -> Iterator[_Met]:
    for grant in contract.grants:
        place = path_text("grants", grant.grant)
        yield from _in_rows(grant, place) if grant.access is Access.ROWS else ()
        yield from _in_figures(contract, grant, place)
    if contract.limits.rows is None and any(
        grant.access is Access.ROWS for grant in contract.grants
    ):
        yield _Met(caution="rows", path="limits.rows")
    yield from _around(contract)


def _in_rows(grant: Grant, place: str) -> Iterator[_Met]:
    units = {item.lower() for item in grant.privacy_units}
    path = f"{place}.columns"
    found: dict[str, list[str]] = {}
    for name, column in grant.columns.items():
        uses = column.uses(grant.access)
        if isinstance(column.mask, PseudonymMask):
            found.setdefault("pseudonym", []).append(name)
        if name.lower() in units and Use.RETURN in uses and column.mask is None:
            found.setdefault("unit-shown", []).append(name)
        if Use.MEASURE in uses and Use.RETURN not in uses:
            found.setdefault("measured-by-row", []).append(name)
        if Use.FILTER in uses and column.mask is None and grant.disclosure is not None:
            found.setdefault("fine-filter", []).append(name)
    for caution, names in found.items():
        yield _Met(caution=caution, path=path, names=tuple(names), units=grant.privacy_units)
    yield from _pointing(grant, units, path)


def _pointing(grant: Grant, units: set[str], path: str) -> Iterator[_Met]:
    """Find several columns that leave beside something which is to be protected."""
    shown = tuple(
        name
        for name, column in grant.columns.items()
        if Use.RETURN in column.uses(grant.access)
        and name.lower() not in units
        and not isinstance(column.mask, PseudonymMask | RedactMask)
    )
    guards = units or any(isinstance(item.mask, PseudonymMask) for item in grant.columns.values())
    if guards and len(shown) >= FEW:
        yield _Met(caution="quasi-identifiers", path=path, names=shown)


def _in_figures(contract: Contract, grant: Grant, place: str) -> Iterator[_Met]:
    if grant.access in {Access.ROWS, Access.MATCH}:
        return
    for name, column in grant.columns.items():
        if Use.MEASURE in column.use and column.use & {Use.FILTER, Use.GROUP}:
            path = path_text(name, "use", below=f"{place}.columns")
            yield _Met(caution="measured-and-filtered", path=path, names=(name,))
    limits = contract.limits
    if grant.access is Access.AGGREGATE and limits.queries is None and limits.cells is None:
        yield _Met(caution="aggregate-without-limit", path="limits.queries", names=(grant.grant,))


def _around(contract: Contract) -> Iterator[_Met]:
    if contract.personal_data.data_class is PersonalClass.NOT_STATED:
        yield _Met(caution="personal", path="personal_data.class")
    if contract.evidence.requests is RequestEvidence.TLS:
        yield _Met(caution="tls", path="evidence.requests")
    law, ending = contract.legal, contract.termination
    if law.prevails.everything_else is Prevailing.AGREEMENT and law.agreement is None:
        yield _Met(caution="agreement", path="legal.agreement")
    if {ending.for_convenience.by, ending.for_breach.by} <= {Ender.CONSUMERS, Ender.NO_ONE}:
        yield _Met(caution="no-way-out", path="termination")
