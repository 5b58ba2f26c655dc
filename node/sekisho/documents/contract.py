"""Reads a contract as its authors wrote it, or says everything that is wrong with it.

The reader of YAML goes first; then every field, then what must hold between the fields. A section
that could not be read is left out of the last step, so that all findings come at once and each
slip is told once.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sekisho.documents.models import (
    Misfit,
    check_texts,
    child,
    document_error,
    finding_of,
    fit,
    locate,
    repetitions,
)
from sekisho.documents.value import Path, Value
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import Finding
from sekisho.model.contract import Contract
from sekisho.model.contract_rules import check_contract
from sekisho.model.limits import DEFAULT_LIMITS, Limits

_STAND_INS: Mapping[str, Value] = {
    "format": "sekisho.contract/v1",
    "title": "stand-in",
    "parties": [
        {"party": "a.example", "role": "provider"},
        {"party": "b.example", "role": "consumer"},
    ],
    "purposes": [{"purpose": "stand-in", "means": "stand-in"}],
    "term": {"starts": "2026-01-01", "ends": "2026-12-31", "timezone": "UTC"},
    "grants": [{"grant": "x", "datasets": ["a.example/x"], "access": "rows", "columns": {"x": {}}}],
}
"""What takes the place of a required section that cannot be read, while the others are checked."""
_ORDERED = frozenset({"clamp", "bucket"})
"""Lists of numbers, in which order counts and no name can repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredContract:
    """A contract, and exactly what was written."""

    contract: Contract
    value: Mapping[str, Value]
    """What is signed: the fields that were written, without any default."""


def parse_contract(
    data: bytes, *, name: str = "contract", limits: Limits = DEFAULT_LIMITS
) -> AuthoredContract:
    """Read a contract file.

    Args:
        data: The file's bytes.
        name: What to call it in errors, such as its file name.
        limits: Bounds of the reader.

    Raises:
        DocumentError: With every finding, each with line, column and mend.

    Source:
        `docs/spec/contract.md`.
    """
    document = parse_yaml(data, name=name, limits=limits)
    contract, findings = read_contract(document.value)
    if findings:
        raise document_error([locate(item, document) for item in findings], name=name)
    return AuthoredContract(contract=contract, value=document.value)


def contract_from_value(value: Mapping[str, Value], *, name: str = "contract") -> Contract:
    """Read a contract from plain data that has no lines, such as a signed payload.

    Raises:
        DocumentError: With every finding.
    """
    if unreadable := tuple(check_texts(dict(value))):
        raise document_error(unreadable, name=name)
    contract, findings = read_contract(value)
    if findings:
        raise document_error(findings, name=name)
    return contract


def read_contract(value: Mapping[str, Value]) -> tuple[Contract, tuple[Finding, ...]]:
    """Read a contract and find all that is wrong; with findings, the contract is a makeshift."""
    repeated = tuple(repetitions(value, ordered=_ORDERED))
    result = fit(value, Contract)
    if isinstance(result, Contract):
        return result, (*repeated, *check_contract(result))
    misfits = tuple(finding_of(item) for item in result)
    unread = {str(item.place[0]) for item in result if item.place and not _is_extra(item)}
    makeshift = fit(_without(value, result, unread), Contract)
    if not isinstance(makeshift, Contract):  # pragma: no cover  the misfits name all sections
        message = "a section was called readable and is not"
        raise RuntimeError(message)  # noqa: TRY004  not the author's doing
    return makeshift, (*repeated, *misfits, *check_contract(makeshift, unread=unread))


def _is_extra(misfit: Misfit) -> bool:
    return misfit.kind == "extra_forbidden"


def _without(
    value: Mapping[str, Value], misfits: tuple[Misfit, ...], unread: set[str]
) -> Mapping[str, Value]:
    """Copy a contract's data, without unknown fields and with stand-ins for unread sections."""
    kept = {name: copy.deepcopy(item) for name, item in value.items() if name not in unread}
    for misfit in misfits:
        if _is_extra(misfit) and misfit.place[0] in kept:
            _drop(kept, misfit.place)
    return dict(_STAND_INS) | kept


def _drop(value: Value, place: Path) -> None:
    for step in place[:-1]:
        value = child(value, step)
    cast("dict[str, Value]", value).pop(str(place[-1]))
