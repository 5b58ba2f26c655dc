"""What must hold within one grant: nothing in it may silently do nothing, or undo another part."""

from collections.abc import Callable, Iterable, Iterator

from sekisho.errors import Finding
from sekisho.model.grants import Access, ColumnGrant, Grant, Lookup, Use
from sekisho.model.masks import PseudonymMask, RedactMask, TruncateMask
from sekisho.model.names import split_dataset
from sekisho.model.terms import path_text

PROTECTED = frozenset({Access.AGGREGATE, Access.PRIVATE, Access.POOLED})
"""Modes in which measures are summed up and no row leaves."""
MIN_POOLED_PROVIDERS = 3
"""With two, each could subtract its own part from the total."""


def check_grant(grant: Grant, place: str) -> Iterator[Finding]:
    """Find everything that does not hold within one grant.

    Args:
        grant: A grant whose every field is fine by itself.
        place: Where it stands in its contract, such as `grants[0]`.
    """
    for rule in GRANT_RULES:
        yield from rule(grant, place)
    for name, column in grant.columns.items():
        for column_rule in COLUMN_RULES:
            yield from column_rule(grant, column, path_text(name, below=f"{place}.columns"))


def _rows_carry_nothing_idle(grant: Grant, place: str) -> Iterator[Finding]:
    if grant.access is not Access.ROWS:
        return
    for name in sorted({"functions", "lookups"} & grant.model_fields_set):
        yield Finding(
            path=f"{place}.{name}",
            message=f"`{name}` does nothing in a grant of `rows`",
            hint=f"leave `{name}` out, or choose `access: aggregate`",
        )
    written = grant.disclosure.model_fields_set if grant.disclosure else set()
    for name in sorted(written - {"minimum_units"}):
        yield Finding(
            path=f"{place}.disclosure.{name}",
            message=f"`{name}` does nothing in a grant of `rows`",
            hint="keep `minimum_units` alone, or choose `access: aggregate`",
        )


def _matches_carry_nothing_idle(grant: Grant, place: str) -> Iterator[Finding]:
    if grant.access is not Access.MATCH:
        return
    for name in sorted({"functions", "lookups"} & grant.model_fields_set):
        yield Finding(
            path=f"{place}.{name}",
            message=f"`{name}` does nothing in a grant of `match`",
            hint=f"leave `{name}` out",
        )
    if not any(Use.JOIN in column.uses(grant.access) for column in grant.columns.values()):
        yield Finding(
            path=f"{place}.columns",
            message="a grant of `match` has no column to match on",
            hint="give the join key `use: [join]`",
        )


def _units_are_named(grant: Grant, place: str) -> Iterator[Finding]:
    counts_units = grant.access in {Access.AGGREGATE, Access.PRIVATE}
    if (counts_units or grant.disclosure is not None) and not grant.privacy_units:
        reason = "a grant of `" + grant.access + "`" if counts_units else "`minimum_units`"
        yield Finding(
            path=place,
            message=f"{reason} needs `privacy_units`, but none is named",
            hint="name the columns that tell whom to protect, such as "
            "`privacy_units: [tail_number]`",
        )


def _pools_have_enough_companies(grant: Grant, place: str) -> Iterator[Finding]:
    providers = {split_dataset(item)[0] for item in grant.datasets}
    if grant.access is Access.POOLED and len(providers) < MIN_POOLED_PROVIDERS:
        yield Finding(
            path=f"{place}.datasets",
            message="a pooled sum over fewer than "
            f"{MIN_POOLED_PROVIDERS} providers hides nobody's figure",
            hint=f"name datasets of at least {MIN_POOLED_PROVIDERS} providers",
        )


def _names_differ_beyond_case(grant: Grant, place: str) -> Iterator[Finding]:
    for first, name in _alike_but_for_case(grant.columns):
        yield Finding(
            path=path_text(name, below=f"{place}.columns"),
            message=f"columns `{first}` and `{name}` are one column in SQL",
            hint="keep one of the two",
        )


def _alike_but_for_case(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pair each name that comes again with other capitals with the first of its kind."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield first, name


def _dominance_is_ordered(grant: Grant, place: str) -> Iterator[Finding]:
    terms = grant.disclosure.dominance if grant.disclosure else None
    if terms is not None and terms.two_largest_percent < terms.largest_percent:
        yield Finding(
            path=f"{place}.disclosure.dominance",
            message=f"two units may make up {terms.two_largest_percent} percent but one alone "
            f"{terms.largest_percent}",
            hint="let `two_largest_percent` be at least `largest_percent`",
        )


def _lookups_fit(grant: Grant, place: str) -> Iterator[Finding]:
    if grant.access in {Access.ROWS, Access.MATCH}:
        return
    names: set[str] = set()
    for at, lookup in enumerate(grant.lookups):
        here = f"{place}.lookups[{at}]"
        if lookup.name in names or lookup.name in {split_dataset(x)[1] for x in grant.datasets}:
            yield Finding(
                path=f"{here}.name",
                message=f"the name `{lookup.name}` is taken in this grant",
                hint="give the table that the consumer brings a name of its own",
            )
        names.add(lookup.name)
        key = grant.columns.get(lookup.key)
        if key is None or Use.JOIN not in key.uses(grant.access):
            yield Finding(
                path=f"{here}.key",
                message=f"`{lookup.key}` may not be joined on under this grant",
                hint=f"grant it with `{lookup.key}: {{use: [join]}}`",
            )
        elif isinstance(key.mask, PseudonymMask):
            yield Finding(
                path=f"{here}.key",
                message=f"`{lookup.key}` is shown as a pseudonym, which nobody can bring",
                hint="choose a key without that mask",
            )
        yield from _lookup_columns_differ(lookup, here)


def _lookup_columns_differ(lookup: Lookup, place: str) -> Iterator[Finding]:
    if lookup.key.lower() in {name.lower() for name in lookup.columns}:
        yield Finding(
            path=f"{place}.columns",
            message=f"the key `{lookup.key}` is listed among the columns brought",
            hint="list only what the table adds to its key",
        )
    for first, name in _alike_but_for_case(lookup.columns):
        yield Finding(
            path=path_text(name, below=f"{place}.columns"),
            message=f"columns `{first}` and `{name}` are one column in SQL",
            hint="keep one of the two",
        )


def _use_is_written(grant: Grant, column: ColumnGrant, place: str) -> Iterator[Finding]:
    if grant.access is not Access.ROWS and not column.use:
        yield Finding(
            path=place,
            message=f"a column of a grant of `{grant.access}` needs `use`",
            hint="write what it is for, such as `use: [group, filter]` or `use: [measure]`",
        )
    if grant.access is not Access.ROWS and Use.RETURN in column.use:
        yield Finding(
            path=f"{place}.use",
            message=f"`return` hands out rows, and a grant of `{grant.access}` does not",
            hint="choose among group, filter, join and measure, or `access: rows`",
        )


def _units_stay_hidden(grant: Grant, place: str) -> Iterator[Finding]:
    if grant.access not in {Access.AGGREGATE, Access.PRIVATE}:
        return
    units = {unit.lower() for unit in grant.privacy_units}
    for name, column in grant.columns.items():
        if name.lower() in units and column.use - {Use.JOIN}:
            yield Finding(
                path=path_text("use", below=path_text(name, below=f"{place}.columns")),
                message=f"the privacy unit `{name}` may be joined on, and used for nothing else",
                hint="write `use: [join]`",
            )


def _mask_fits_use(_: Grant, column: ColumnGrant, place: str) -> Iterator[Finding]:
    match column.mask:
        case RedactMask() if column.use - {Use.RETURN}:
            yield Finding(
                path=f"{place}.use",
                message="a redacted column is NULL in every row: it can only be returned",
                hint="write `use: [return]`, or choose another mask",
            )
        case PseudonymMask() | TruncateMask() if Use.MEASURE in column.use:
            yield Finding(
                path=f"{place}.mask",
                message="this mask leaves nothing to measure",
                hint="leave `measure` out of `use`, or mask with `round_to` or `bucket_width`",
            )
        case _:
            return


def _clamp_serves_a_measure(grant: Grant, column: ColumnGrant, place: str) -> Iterator[Finding]:
    if column.clamp is not None and grant.access not in PROTECTED:
        yield Finding(
            path=f"{place}.clamp",
            message=f"`clamp` does nothing in a grant of `{grant.access}`",
            hint="leave it out, or choose `access: aggregate`",
        )
    elif column.clamp is not None and Use.MEASURE not in column.use:
        yield Finding(
            path=f"{place}.clamp",
            message="`clamp` does nothing on a column that is not measured",
            hint="add `measure` to `use`, or leave `clamp` out",
        )
    if (
        grant.access in {Access.PRIVATE, Access.POOLED}
        and Use.MEASURE in column.use
        and column.clamp is None
        and column.source is None
    ):
        yield Finding(
            path=place,
            message=f"a measure of a grant of `{grant.access}` needs `clamp`",
            hint="write the bounds within which a value counts, such as `clamp: [0, 100]`",
        )


def _source_is_a_measure(grant: Grant, column: ColumnGrant, place: str) -> Iterator[Finding]:
    if column.source is None:
        return
    if grant.access not in PROTECTED:
        yield Finding(
            path=f"{place}.from",
            message=f"`from` does nothing in a grant of `{grant.access}`",
            hint="grant the column itself, or choose `access: aggregate`",
        )
        return
    if column.use != {Use.MEASURE}:
        yield Finding(
            path=place,
            message="a column with `from` is a measure and nothing else",
            hint="write `use: [measure]`",
        )
    if (column.source.at_least is None) == (column.source.equals is None):
        yield Finding(
            path=f"{place}.from",
            message="a declared measure says in one way when it is 1",
            hint="write `at_least: 15` for a number or `equals: positive` for a text",
        )
    for name in ("clamp", "mask"):
        if getattr(column, name) is not None:
            yield Finding(
                path=f"{place}.{name}",
                message=f"`{name}` does nothing on a column that is 0 or 1",
                hint=f"leave `{name}` out",
            )
    if (other := grant.columns.get(column.source.column)) is not None and other.source is not None:
        yield Finding(
            path=f"{place}.from.column",
            message=f"`{column.source.column}` is itself computed",
            hint="name a column of the dataset",
        )


GRANT_RULES: tuple[Callable[[Grant, str], Iterable[Finding]], ...] = (
    _rows_carry_nothing_idle,
    _matches_carry_nothing_idle,
    _units_are_named,
    _units_stay_hidden,
    _pools_have_enough_companies,
    _names_differ_beyond_case,
    _dominance_is_ordered,
    _lookups_fit,
)
COLUMN_RULES: tuple[Callable[[Grant, ColumnGrant, str], Iterable[Finding]], ...] = (
    _use_is_written,
    _mask_fits_use,
    _clamp_serves_a_measure,
    _source_is_a_measure,
)
