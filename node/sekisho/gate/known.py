"""What somebody may know beforehand of a granted dataset: every row as the grant shows it.

For rehearsals, on the provider's own machine: it is what an attacker's knowledge is measured by,
and nothing of it is part of any plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from sekisho.gate.governed import column_value, measure_value, units_of
from sekisho.gate.views import ROWS, SCHEMA, View, row_condition
from sekisho.model.contract import Use
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.names import split_dataset
from sekisho.sql.parser import SecondParser
from sekisho.sql.scopes import identifier
from sekisho.sql.write import bind_literals, write_query

PERSON = "person"
"""The output that names whose row it is, as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRows:
    """The SELECT of every row that a grant's row filter lets through."""

    sql: str
    """Gives `person` and `c0`, `c1`, … in the order of `columns`."""
    parameters: Mapping[str, str]
    columns: tuple[str, ...]
    """Granted columns, as queries name them; measures after their clamp."""


def write_known(view: View, *, timezone: str, parser: SecondParser) -> KnownRows:
    """Write the SELECT of a granted dataset as it is shown, with whose row each is.

    Args:
        view: What is granted; where it protects nobody, each row is taken for a person.
        timezone: The contract's.
        parser: For the row filter's second reading.
    """
    items = tuple(view.columns.values())
    outputs = []
    for at, item in enumerate(items):
        write = measure_value if item.uses == {Use.MEASURE} else column_value
        value = write(item, timezone=timezone)
        outputs.append(exp.Alias(this=value, alias=identifier(f"c{at}")))
    person, there = _person(view)
    condition = row_condition(view, parser=parser, limits=DEFAULT_LIMITS)
    select = exp.Select(
        expressions=[exp.Alias(this=person, alias=identifier(PERSON)), *outputs],
        from_=exp.From(
            this=exp.Table(
                this=identifier(split_dataset(view.dataset.id)[1]),
                db=identifier(SCHEMA),
                alias=exp.TableAlias(this=identifier(ROWS)),
            )
        ),
        where=exp.Where(
            this=exp.and_(*([exp.paren(condition)] if condition else []), there, copy=False)
        ),
    )
    parameters = bind_literals(select)
    return KnownRows(
        sql=write_query(select), parameters=parameters, columns=tuple(i.name for i in items)
    )


def _person(view: View) -> tuple[exp.Expr, exp.Expr]:
    """Write who a row is about, as text, and that it is about somebody."""
    units = units_of(view)
    if not units:
        number = exp.Window(this=exp.Anonymous(this="row_number"))
        return _text(number), exp.true()
    unit = exp.Column(this=identifier(units[0]), table=identifier(ROWS))
    return _text(unit), exp.Not(this=exp.Is(this=unit.copy(), expression=exp.Null()))


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build("VARCHAR", dialect="duckdb"))
