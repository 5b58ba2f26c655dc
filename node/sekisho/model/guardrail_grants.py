"""What a grant lacks of what a guardrail requires of it, one function a requirement."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.model.grant_rules import PROTECTED
from sekisho.model.grants import Access, ColumnGrant, Disclosure, Grant, Use
from sekisho.model.guardrail import MaskKind, Require, RequiredMask, ShowingMask, kind_of
from sekisho.model.masks import (
    AnyMask,
    BucketWidthMask,
    RedactMask,
    RoundMask,
    TruncateMask,
    TruncateUnit,
    mask_words,
)
from sekisho.model.terms import path_text

_SHOWING = frozenset({Use.RETURN, Use.GROUP, Use.FILTER})
"""Uses by which a value itself is learned, also where only statistics leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a contract says at one place, and what a requirement wants instead."""

    path: str
    found: str
    wanted: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A grant that is held to a requirement."""

    grant: Grant
    place: str
    """Where it stands in its contract, such as `grants[0]`."""
    columns: frozenset[str]
    """Those of its columns that are bound."""

    def bound(self) -> Iterator[tuple[str, ColumnGrant]]:
        """List the bound columns in the grant's order, each with its place."""
        for name, terms in self.grant.columns.items():
            if name in self.columns:
                yield name, terms

    def place_of(self, column: str) -> str:
        """Tell where a column stands in the contract."""
        return path_text(column, below=f"{self.place}.columns")


def any_of(words: Iterable[str]) -> str:
    """Join words as people do: `rows, aggregate or private`."""
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} or {last}" if most else last


def _access(held: Held, require: Require) -> Iterator[Lack]:
    if require.access and held.grant.access not in require.access:
        yield Lack(
            path=f"{held.place}.access",
            found=f"`access` is {held.grant.access}",
            wanted=any_of(require.access),
            mend=f"write `access: {require.access[0]}`",
        )


def _minimum_units(held: Held, require: Require) -> Iterator[Lack]:
    found, least = held.grant.effective_disclosure, require.minimum_units
    if least is not None and (found is None or found.minimum_units < least):
        yield Lack(
            path=f"{held.place}.disclosure.minimum_units",
            found=_said(found, "minimum_units"),
            wanted=f"at least {least}",
            mend=f"write `disclosure: {{minimum_units: {least}}}`",
        )


def _round_counts_to(held: Held, require: Require) -> Iterator[Lack]:
    found, least = _statistical(held.grant), require.round_counts_to
    if least is not None and (found is None or found.round_counts_to < least):
        yield Lack(
            path=f"{held.place}.disclosure.round_counts_to",
            found=_said(found, "round_counts_to"),
            wanted=f"at least {least}",
            mend=f"choose `access: aggregate` with `disclosure: {{round_counts_to: {least}}}`",
        )


def _largest_percent(held: Held, require: Require) -> Iterator[Lack]:
    found, most = _statistical(held.grant), require.largest_percent
    if most is not None and (found is None or found.dominance.largest_percent > most):
        yield Lack(
            path=f"{held.place}.disclosure.dominance.largest_percent",
            found=_said(found and found.dominance, "largest_percent"),
            wanted=f"at most {most}",
            mend="choose `access: aggregate` with "
            f"`disclosure: {{dominance: {{largest_percent: {most}}}}}`",
        )


def _statistical(grant: Grant) -> Disclosure | None:
    """Give the conditions of release, where statistics leave and they mean something."""
    return grant.effective_disclosure if grant.access in PROTECTED else None


def _uses(held: Held, require: Require) -> Iterator[Lack]:
    allowed = require.uses or tuple(Use)
    for name, terms in held.bound():
        more = terms.uses(held.grant.access) - set(allowed)
        if more:
            yield Lack(
                path=held.place_of(name),
                found=f"`{name}` has the use {next(use for use in Use if use in more)}",
                wanted=any_of(allowed),
                mend=f"write `use: [{', '.join(allowed)}]`, or leave the column out",
            )


def _masks(held: Held, require: Require) -> Iterator[Lack]:
    allowed = require.masks or ()
    for name, terms in held.bound() if allowed else ():
        if _is_shown(terms, held.grant.access) and not _is_masked(terms.mask, allowed):
            shown = f"under `{mask_words(terms.mask)}`" if terms.mask else "as it is"
            yield Lack(
                path=held.place_of(name),
                found=f"`{name}` is shown {shown}",
                wanted=f"the mask {any_of(map(_required_words, allowed))}",
                mend="mask it so, or leave the column out",
            )


def _is_shown(terms: ColumnGrant, access: Access) -> bool:
    """Tell whether a consumer learns a column's values.

    Among rows every use shows them: a group may be a single row, and its sum that row's value.
    """
    return access is Access.ROWS or bool(terms.uses(access) & _SHOWING)


def _is_masked(mask: AnyMask | None, allowed: Iterable[RequiredMask]) -> bool:
    """Tell whether a mask will do; one that leaves nothing to see always does."""
    if mask is None or isinstance(mask, RedactMask):
        return mask is not None
    return any(_is_as_coarse(mask, item) for item in allowed)


def _is_as_coarse(mask: ShowingMask, required: RequiredMask) -> bool:
    match required, mask:
        case MaskKind(), _:
            return kind_of(mask) is required
        case TruncateMask(), TruncateMask():
            units = list(TruncateUnit)
            return units.index(mask.truncate) <= units.index(required.truncate)
        case RoundMask(), RoundMask():
            return mask.round_to >= required.round_to
        case BucketWidthMask(), BucketWidthMask():
            return mask.bucket_width >= required.bucket_width
        case _:
            return False


def _required_words(required: RequiredMask) -> str:
    if isinstance(required, MaskKind):
        return required.value
    return f"{mask_words(required)} or coarser"


def _said(terms: object, name: str) -> str:
    return f"`{name}` is {getattr(terms, name)}" if terms is not None else f"`{name}` is not there"


OF_GRANTS: Mapping[str, Callable[[Held, Require], Iterable[Lack]]] = {
    "access": _access,
    "minimum_units": _minimum_units,
    "round_counts_to": _round_counts_to,
    "largest_percent": _largest_percent,
    "uses": _uses,
    "masks": _masks,
}
"""By requirement."""
