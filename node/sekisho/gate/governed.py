"""A dataset as disclosure control reads it: masked columns, measures, hashes of privacy units.

Nothing of this leaves as rows. Beside the columns that a block groups by, filters on, joins on or
measures, each row carries a keyed hash of every privacy unit that it belongs to: by these, two
cells are compared without keeping who was in them. A row whose unit is NULL protects nobody and is
left out. Nothing else of a row is read: what is not granted has no part in what is published.
"""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from sekisho.gate.masks import masked, unmasked
from sekisho.gate.views import ROWS, SCHEMA, View, ViewColumn, row_condition, unit_gone
from sekisho.model.contract import ColumnGrant, Threshold
from sekisho.model.limits import Limits
from sekisho.model.names import split_dataset
from sekisho.sql.parser import SecondParser
from sekisho.sql.scopes import identifier
from sekisho.sql.types import parse_type

HASH_KEY = "m1"
"""Parameter that holds the node's secret for hashes; bound by the server."""
_COUNTED = frozenset({"int", "dec", "float", "bool"})


def units_of(view: View) -> tuple[str, ...]:
    """List the columns that name who is protected: the grant's, and what the dataset adds now.

    A dataset that is joined to another of the grant may have no privacy unit of its own.

    Raises:
        Refusal: `SCHEMA_CHANGED` when one that the dataset names itself is gone.
    """
    dataset, grant = view.dataset, view.grant
    found: dict[str, str] = {}
    for unit in (*grant.privacy_units, *dataset.privacy_units):
        column = dataset.column(unit)
        if column is not None:
            found.setdefault(column.name.lower(), column.name)
        elif unit in dataset.privacy_units:
            raise unit_gone(grant, unit)
    return tuple(found.values())


def unit_type(view: View, unit: str) -> str:
    """Give the type of a privacy unit's column; what is hashed of another compares with nothing."""
    return next(item.type for item in view.dataset.columns if item.name == unit)


def write_governed(
    view: View,
    columns: Sequence[exp.Alias],
    *,
    number: int,
    parser: SecondParser,
    limits: Limits,
) -> exp.Select:
    """Write the SELECT that stands in a dataset's place inside a block.

    Args:
        view: What is granted.
        columns: Outputs, of what `column_value` and `measure_value` give.
        number: Told apart from the block's other datasets by it: `u<number>_<unit>`.
        parser: For the row filter's second reading.
        limits: For the row filter's bounds.
    """
    units = units_of(view)
    outputs = list(columns)
    outputs += [
        exp.Alias(this=_hash(_raw(unit)), alias=identifier(f"u{number}_{at}"))
        for at, unit in enumerate(units)
    ]
    table = exp.Table(
        this=identifier(split_dataset(view.dataset.id)[1]),
        db=identifier(SCHEMA),
        alias=exp.TableAlias(this=identifier(ROWS)),
    )
    present = [_not(exp.Is(this=_raw(unit), expression=exp.Null())) for unit in units]
    condition = row_condition(view, parser=parser, limits=limits)
    conditions = [*([exp.paren(condition)] if condition is not None else []), *present]
    return exp.Select(
        expressions=outputs,
        from_=exp.From(this=table),
        where=exp.Where(this=exp.and_(*conditions, copy=False)) if conditions else None,
    )


def column_value(item: ViewColumn, *, timezone: str) -> exp.Expr:
    """Write a column as its mask shows it, over the dataset's raw rows."""

    def value() -> exp.Expr:
        return _raw(item.name)

    if item.grant.mask is None:
        return unmasked(value, item.raw_type)
    return masked(value, item.raw_type, item.grant.mask, timezone=timezone)


def is_summed(item: ViewColumn) -> bool:
    """Whether a measure has sums and means, and not a count alone."""
    return item.grant.source is not None or parse_type(item.type).kind in _COUNTED


def measure_value(item: ViewColumn, *, timezone: str) -> exp.Expr:
    """Write a measure as a finite DOUBLE within its clamp; NULL where there is none.

    A measure without numbers is counted only: 0 where there is a value.
    """
    return exp.Cast(this=_measured(item, timezone=timezone), to=_double())


def _measured(item: ViewColumn, *, timezone: str) -> exp.Expr:
    if item.grant.source is not None:
        return _declared(item.grant.source)
    value = column_value(item, timezone=timezone)
    if not is_summed(item):
        there = _not(exp.Is(this=value, expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=there, true=exp.Literal.number(0))])
    number = exp.TryCast(this=value, to=_double())
    finite = exp.Anonymous(this="isfinite", expressions=[number])
    return exp.Case(ifs=[exp.If(this=finite, true=_clamped(number.copy(), item.grant))])


def raw_column(item: ViewColumn) -> str:
    """Name the raw column behind a view's."""
    return item.grant.source.column if item.grant.source is not None else item.name


def _declared(source: Threshold) -> exp.Expr:
    """Write 1 or 0; NULL for NULL, and for what is no finite number where one is compared."""
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    if source.at_least is None:
        text = exp.Cast(this=_raw(source.column), to=exp.DataType.build("VARCHAR"))
        there = _not(exp.Is(this=_raw(source.column), expression=exp.Null()))
        equal = exp.EQ(this=text, expression=exp.Literal.string(source.equals or ""))
        return exp.Case(ifs=[exp.If(this=equal, true=one), exp.If(this=there, true=zero)])
    number = exp.TryCast(this=_raw(source.column), to=_double())
    finite = exp.Anonymous(this="isfinite", expressions=[number])
    reached = exp.GTE(this=number.copy(), expression=exp.Literal.number(source.at_least))
    return exp.Case(
        ifs=[
            exp.If(this=_not(exp.paren(finite)), true=exp.Null()),
            exp.If(this=reached, true=one),
            exp.If(this=finite.copy(), true=zero),
        ]
    )


def _clamped(value: exp.Expr, grant: ColumnGrant) -> exp.Expr:
    if grant.clamp is None:
        return value
    low, high = grant.clamp
    above = exp.Anonymous(this="greatest", expressions=[value, exp.Literal.number(low)])
    return exp.Anonymous(this="least", expressions=[above, exp.Literal.number(high)])


def _hash(*values: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="hash", expressions=[exp.Placeholder(this=HASH_KEY), *values])


def _raw(name: str) -> exp.Expr:
    return exp.Column(this=identifier(name), table=identifier(ROWS))


def _not(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=value)


def _double() -> exp.DataType:
    return exp.DataType.build("DOUBLE", dialect="duckdb")


def keep_unique(select: exp.Select, keys: Iterable[str]) -> exp.Select:
    """Leave out rows whose key stands in several: a join onto them would multiply rows."""
    window = exp.Window(
        this=exp.Anonymous(this="count", expressions=[exp.Star()]),
        partition_by=[exp.Column(this=identifier(name)) for name in keys],
    )
    inner = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier("all_rows")))
    return exp.Select(
        expressions=[exp.Star()],
        from_=exp.From(this=inner),
        qualify=exp.Qualify(this=exp.EQ(this=window, expression=exp.Literal.number(1))),
    )
