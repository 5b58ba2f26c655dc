"""What one provider is asked for one reference: one SELECT over its own names."""

from sqlglot import exp

from sekisho.federation.catalog import Part
from sekisho.federation.draft import Reading, columns_of
from sekisho.federation.pushing import conjunction
from sekisho.sql.scopes import identifier

ONE = "one"
"""Column of a fragment of which only the number of rows matters."""


def question_of(part: Part, reading: Reading) -> exp.Select:
    """Write what one provider is asked for one reference."""
    made = [(item.name, item.node.copy()) for item in (*reading.computed, *reading.states)]
    outputs: list[exp.Expr] = [bare(name) for name in reading.columns]
    outputs += [named(node, name) for name, node in made]
    select = exp.Select(expressions=outputs or [named(exp.Literal.number(1), ONE)])
    conditions = [item.copy() for item in reading.conditions]
    if reading.joined:
        conditions = _join(select, part, reading, conditions=conditions)
    else:
        select.set("from_", exp.From(this=exp.Table(this=identifier(part.dataset))))
    if conditions:
        select.set("where", exp.Where(this=conjunction(tuple(conditions))))
    _group(select, reading)
    if reading.order:
        select.set("order", exp.Order(expressions=[item.copy() for item in reading.order]))
    _name_columns(select, reading)
    if reading.limit_rows is not None:
        select.set("limit", exp.Limit(expression=exp.Literal.number(reading.limit_rows)))
    return select


def bare(name: str) -> exp.Column:
    """Name a column without its relation."""
    return exp.Column(this=identifier(name))


def named(value: exp.Expr, name: str) -> exp.Alias:
    """Name an output."""
    return exp.Alias(this=value, alias=identifier(name))


def _join(
    select: exp.Select, part: Part, reading: Reading, *, conditions: list[exp.Expr]
) -> list[exp.Expr]:
    """Read several datasets, each joined by what is equal to those before; give what is left."""
    at = reading.parts.index(part)
    joins = []
    seen: set[str] = set()
    for item in reading.joined:
        alias = exp.TableAlias(this=identifier(item.label))
        table = exp.Table(this=identifier(item.datasets[at]), alias=alias)
        seen |= {name.lower() for name in item.columns}
        if select.args.get("from_") is None:
            select.set("from_", exp.From(this=table))
            continue
        equal = [node for node in conditions if _is_link(node) and _names(node) <= seen]
        conditions = [node for node in conditions if node not in equal]
        joins.append(exp.Join(this=table, on=conjunction(tuple(equal))))
    select.set("joins", joins)
    return conditions


def _is_link(node: exp.Expr) -> bool:
    sides = [node.this, node.args.get("expression")]
    return isinstance(node, exp.EQ) and all(isinstance(item, exp.Column) for item in sides)


def _names(node: exp.Expr) -> set[str]:
    return {column.name.lower() for column in columns_of(node)}


def _group(select: exp.Select, reading: Reading) -> None:
    """Ask for each group once."""
    if not reading.is_grouped:
        return
    if not reading.states:
        select.set("distinct", exp.Distinct())
        return
    keys: list[exp.Expr] = [bare(name) for name in reading.columns]
    keys += [item.node.copy() for item in reading.computed]
    if keys:
        select.set("group", exp.Group(expressions=keys))


def _name_columns(select: exp.Select, reading: Reading) -> None:
    """Name each column by its dataset's own name; where several are joined, by its dataset too."""
    owners = {
        new.lower(): (item.label, own)
        for item in reading.joined
        for new, own in item.columns.items()
    }
    for column in list(select.find_all(exp.Column)):
        label, own = owners.get(column.name.lower(), ("", column.name))
        written = exp.Column(this=identifier(own), table=identifier(label) if label else None)
        is_output = column.parent is select and column.arg_key == "expressions"
        column.replace(named(written, column.name) if is_output and label else written)
