"""A granted dataset as a view: columns behind their masks, rows behind the row filter."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.filters import read_row_filter
from sekisho.gate.masks import masked, masked_type, shown_type, unmasked
from sekisho.model.contract import ColumnGrant, Grant, PseudonymMask, Use
from sekisho.model.dataset import Column, Dataset
from sekisho.model.limits import Limits
from sekisho.model.names import split_dataset
from sekisho.sql.parser import SecondParser
from sekisho.sql.scopes import Relation, identifier
from sekisho.sql.types import parse_type

SCHEMA = "data"
"""Where an engine keeps the datasets of a plan."""
ROWS = "rows_of"
"""What a dataset's raw rows are called inside its view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewColumn:
    """One granted column of one dataset."""

    name: str
    """As the dataset spells it."""
    grant: ColumnGrant
    uses: frozenset[Use]
    raw_type: str
    type: str
    """After the mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one grant shows of one dataset."""

    dataset: Dataset
    grant: Grant
    columns: Mapping[str, ViewColumn]
    """By name in lower case, in the contract's order."""

    def relation(self, alias: str) -> Relation:
        """Give the view as something that names can be looked up in."""
        name = split_dataset(self.dataset.id)[1]
        return Relation(
            key=self.dataset.id,
            names=(name, f"{alias}.{name}", f"sekisho.{alias}.{name}"),
            columns=MappingProxyType(
                {item.name: parse_type(item.type) for item in self.columns.values()}
            ),
            starred=tuple(item.name for item in self.columns.values() if Use.RETURN in item.uses),
        )

    def has_pseudonyms(self, names: Iterable[str]) -> bool:
        """Tell whether one of these columns is shown as a pseudonym."""
        return any(
            isinstance(self.columns[name.lower()].grant.mask, PseudonymMask) for name in names
        )


def names_in(datasets: Iterable[Dataset]) -> frozenset[str]:
    """Name every column of several datasets, in lower case."""
    return frozenset(column.name.lower() for item in datasets for column in item.columns)


def view_of(grant: Grant, dataset: Dataset, *, elsewhere: Container[str] = ()) -> View:
    """Lay a grant over a dataset as it is now.

    Args:
        grant: What is granted; each of its columns stands for that column of every dataset of the
            grant that has one.
        dataset: The dataset.
        elsewhere: Names, in lower case, of the columns that its provider has in any dataset of the
            grant.

    Raises:
        Refusal: `SCHEMA_CHANGED` when a granted column or a privacy unit that is counted is in none
            of the datasets, or a column of a type that its mask does not fit, or when the dataset
            has no granted column.
    """
    for unit in grant.privacy_units if grant.effective_disclosure is not None else ():
        if dataset.column(unit) is None and unit.lower() not in elsewhere:
            raise unit_gone(grant, unit)
    columns = dict(_columns(grant, dataset, elsewhere))
    if not columns:
        message = "the dataset has no granted column any more"
        raise _changed(message, f"grants.{grant.grant}.columns")
    return View(dataset=dataset, grant=grant, columns=MappingProxyType(columns))


def write_view(
    view: View,
    names: Iterable[str],
    *,
    timezone: str,
    parser: SecondParser,
    limits: Limits,
    units: Mapping[str, str] = MappingProxyType({}),
) -> exp.Select:
    """Write the SELECT that stands in a granted dataset's place.

    For every database, it gives a subset of the granted columns, masked, of the rows for which the
    row filter is true.

    Args:
        view: What is granted.
        names: The columns that the query reads.
        timezone: The contract's.
        parser: For the row filter's second reading.
        limits: For the row filter's bounds.
        units: Columns that tell privacy units, with the names under which they are shown raw, for
            counting them.

    Raises:
        Refusal: `SCHEMA_CHANGED` when the row filter or a unit no longer fits the dataset.

    Source:
        `docs/spec/gate.md`, step 7.
    """
    wanted = {name.lower() for name in names}
    outputs: list[exp.Expr] = [
        exp.Alias(this=_shown(item, timezone=timezone), alias=identifier(item.name))
        for key, item in view.columns.items()
        if key in wanted
    ]
    outputs += [_unit(view, *item) for item in units.items()]
    table = exp.Table(
        this=identifier(split_dataset(view.dataset.id)[1]),
        db=identifier(SCHEMA),
        alias=exp.TableAlias(this=identifier(ROWS)),
    )
    select = exp.Select(
        expressions=outputs or [exp.Alias(this=exp.Literal.number(1), alias=identifier("one"))],
        from_=exp.From(this=table),
    )
    condition = row_condition(view, parser=parser, limits=limits)
    if condition is not None:
        select.set("where", exp.Where(this=condition))
    return select


def unit_gone(grant: Grant, unit: str) -> Refusal:
    """Refuse to give what is about nobody knows whom."""
    message = f"the privacy unit `{unit}` is no longer in the dataset"
    return _changed(message, f"grants.{grant.grant}.privacy_units")


def row_condition(view: View, *, parser: SecondParser, limits: Limits) -> exp.Expr | None:
    """Read a grant's row filter over the raw rows of its dataset, if it has one."""
    if view.grant.where is None:
        return None
    return read_row_filter(
        view.grant.where, view.dataset, parser=parser, limits=limits, relation=ROWS
    )


def _columns(
    grant: Grant, dataset: Dataset, elsewhere: Container[str]
) -> Iterator[tuple[str, ViewColumn]]:
    for name, column_grant in grant.columns.items():
        source = column_grant.source
        raw = source.column if source is not None else name
        column = dataset.column(raw)
        clause = f"grants.{grant.grant}.columns.{name}"
        if column is None and raw.lower() in elsewhere:
            continue
        if column is None:
            message = f"the granted column `{name}` is no longer in the dataset"
            raise _changed(message, clause)
        shown = _type_of(column, column_grant)
        if shown is None:
            part = "mask" if source is None else "from"
            message = f"`{part}` of `{name}` does not fit the column's type"
            raise _changed(message, f"{clause}.{part}")
        yield (
            name.lower(),
            ViewColumn(
                name=column.name if source is None else name,
                grant=column_grant,
                uses=column_grant.uses(grant.access),
                raw_type=column.type,
                type=shown,
            ),
        )


def _type_of(column: Column, grant: ColumnGrant) -> str | None:
    if grant.source is not None:
        fits = grant.source.at_least is None or parse_type(column.type).is_number
        return "INTEGER" if fits else None
    if grant.mask is None:
        return shown_type(column.type)
    return masked_type(grant.mask, column.type)


def _shown(item: ViewColumn, *, timezone: str) -> exp.Expr:
    def value() -> exp.Expr:
        return exp.Column(this=identifier(item.name), table=identifier(ROWS))

    if item.grant.mask is None:
        return unmasked(value, item.raw_type)
    return masked(value, item.raw_type, item.grant.mask, timezone=timezone)


def _unit(view: View, unit: str, name: str) -> exp.Expr:
    column = view.dataset.column(unit)
    if column is None:
        raise unit_gone(view.grant, unit)
    value = exp.Column(this=identifier(column.name), table=identifier(ROWS))
    return exp.Alias(this=value, alias=identifier(name))


def _changed(message: str, clause: str) -> Refusal:
    return Refusal(
        RefusalReason.SCHEMA_CHANGED,
        message,
        clause=clause,
        hint="ask the provider to mend the dataset or to amend the contract",
    )
