"""Looking up columns: among a SELECT's relations, then its aliases, then the SELECTs around it."""

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import Limits
from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import has_aggregate, is_aggregate
from sekisho.sql.parameters import as_written
from sekisho.sql.places import nearest, place_of, qualifiers_of, shown, syntax_refusal, written_name
from sekisho.sql.scopes import (
    Found,
    Place,
    Reference,
    Scope,
    Source,
    identifier,
    source_number,
)
from sekisho.sql.trees import find_nodes, nodes_of

MAX_NAME_LETTERS = 200
"""Of an output that is named by its text."""


class Columns:
    """Finds what column each name means, and keeps every use."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._written = 0
        self.sources: list[Source] = []
        """Every entry of every FROM, by number."""
        self.references: list[Reference] = []

    def count(self, nodes: int, node: exp.Expr) -> None:
        """Bound what stars and aliases are written out to: each may name the one before, twice."""
        self._written += nodes
        if self._written > self._limits.max_plan_nodes:
            message = "the stars and aliases of the query stand for too much"
            line, column = place_of(node)
            raise Refusal(RefusalReason.TOO_COMPLEX, message, line=line, column=column)

    def look_up(self, node: exp.Expr, scope: Scope, place: Place, *, having: bool) -> exp.Expr:
        """Give what stands in a column's place: the column qualified, or an alias's expression.

        Args:
            node: As it was written; it is taken out of its tree.
            scope: Of the SELECT in which it stands.
            place: Where in that SELECT.
            having: Whether in HAVING, which looks at aliases before columns that are no keys.
        """
        if isinstance(node.this, exp.Star):
            message = "only a plain `*` is allowed"
            raise syntax_refusal(message, node, hint="name the columns")
        found = self._find(node, scope)
        is_free = having and place is Place.FILTER
        if found and is_free and self._prefers_alias(node, found, scope):
            found = ()
        if not found and not node.args.get("table"):
            value = self._alias_value(node, scope, place)
            if value is not None:
                return value
        if found:
            return self._bind(node, found, place)
        return self._outer(node, scope)

    def _find(self, node: exp.Expr, scope: Scope) -> Found:
        """Find what a name means among a SELECT's own relations; nothing where it means nothing."""
        if node.args.get("table"):
            source = self.qualifying(node, scope.sources)
            name = source.find(node.name) if source is not None else None
            return ((source, name),) if source is not None and name is not None else ()
        found = tuple(
            (item, name) for item in scope.sources if (name := item.find(node.name)) is not None
        )
        merged = scope.merged.get(node.name.lower())
        if merged is not None and found == merged.columns:
            return merged.primary
        if len(found) > 1:
            message = f"{shown(node.name)} could be a column of two relations"
            raise syntax_refusal(message, node, hint="write it with its relation's name")
        return found

    def find_or_refuse(self, node: exp.Expr, scope: Scope) -> Found:
        """Find what a name means, or refuse it.

        Raises:
            Refusal: `COLUMN_NOT_GRANTED`; `SYNTAX_NOT_ALLOWED` where it could mean two columns.
        """
        found = self._find(node, scope)
        if not found:
            raise self.unknown(node, scope)
        return found

    def qualifying(self, node: exp.Expr, sources: list[Source]) -> Source | None:
        """Find the relation that a column's qualifier names."""
        qualifiers = tuple(item.lower() for item in qualifiers_of(node))
        return next((item for item in sources if item.is_called(qualifiers)), None)

    def is_column(self, node: exp.Expr, scope: Scope) -> bool:
        """Tell whether a name is a column of a SELECT's own relations."""
        return bool(self._find(node, scope))

    def _bind(self, node: exp.Expr, found: Found, place: Place) -> exp.Expr:
        value = self.value_of(found)
        for column in find_nodes(value, exp.Column):
            column.meta.update({key: node.this.meta[key] for key in node.this.meta})
            source = self.sources[source_number(column)]
            self.record(source, column.name, place, node=column)
        if node.parent is not None:
            node.replace(value)
        return value

    def value_of(self, found: Found) -> exp.Expr:
        """Write what a name means: a qualified column, or the first of several that is not NULL."""
        columns = [self.node_of(source, name) for source, name in found]
        if len(columns) == 1:
            return columns[0]
        return exp.Anonymous(this="coalesce", expressions=columns)

    def is_stored(self, value: exp.Expr) -> bool:
        """Tell whether an expression is a column of a relation, as it stands there."""
        if not isinstance(value, exp.Column):
            return False
        return value.name.lower() in self.sources[source_number(value)].stored

    def node_of(self, source: Source, name: str) -> exp.Column:
        """Make a qualified column."""
        column = exp.Column(this=identifier(name), table=identifier(source.label))
        column.meta["source"] = source.number
        return column

    def record(self, source: Source, name: str, place: Place, *, node: exp.Expr) -> None:
        """Keep a use of a column; the node says where it was written."""
        self.references.append(Reference(source=source, column=name, place=place, node=node))

    def name_of(self, value: exp.Expr, scope: Scope) -> str:
        """Name an output that has no alias: its column's name, or its text."""
        if isinstance(value, exp.Column):
            found = self._find(value, scope)
            return found[0][1] if found else value.name
        text = write_tree(as_written(value.copy()))
        return "count_star()" if text.lower() == "count(*)" else text[:MAX_NAME_LETTERS]

    def unknown(self, node: exp.Expr, scope: Scope) -> Refusal:
        """Refuse a name that is not granted, or does not exist, in the same words."""
        names = list(dict.fromkeys(name for item in scope.sources for name in item.columns))
        close = nearest(node.name, names)
        line, column = place_of(node)
        written = written_name(node)
        return Refusal(
            RefusalReason.COLUMN_NOT_GRANTED,
            f"the column {shown(written)} is not granted",
            line=line,
            column=column,
            allowed=tuple(dict.fromkeys((*close, *names))),
            hint="ask the provider to grant it in an amendment",
        )

    def _prefers_alias(self, node: exp.Expr, found: Found, scope: Scope) -> bool:
        """HAVING looks at aliases before columns that are not keys."""
        is_key = all((source.number, name.lower()) in scope.keys for source, name in found)
        return not is_key and not node.args.get("table") and node.name.lower() in scope.aliases

    def _alias_value(self, node: exp.Expr, scope: Scope, place: Place) -> exp.Expr | None:
        """Write out the expression that an alias of the SELECT list names."""
        values = scope.aliases.get(node.name.lower(), ())
        if not values:
            return None
        if len(values) > 1:
            message = f"{shown(node.name)} names two columns of the output"
            raise syntax_refusal(message, node, hint="give each an alias of its own")
        if values[0].find(exp.Query) is not None:
            message = f"the alias {shown(node.name)} of a subquery cannot be used here"
            raise syntax_refusal(message, node, hint="put the query into WITH, and use it there")
        if place is Place.MEASURE and has_aggregate(values[0]):
            message = "an aggregate cannot stand in an aggregate"
            raise syntax_refusal(message, node)
        self.count(sum(1 for _ in nodes_of(values[0])), node)
        written = exp.paren(values[0].copy(), copy=False)
        for column in find_nodes(written, exp.Column):
            own = Place.MEASURE if _is_aggregated(column) else place
            self.record(self.sources[source_number(column)], column.name, own, node=node)
        return written

    def _outer(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        around = scope.parent
        while around is not None:
            found = self._find(node, around)
            if found:
                return self._bind(node, found, Place.INNER)
            around = around.parent
        raise self.unknown(node, scope)


def _is_aggregated(node: exp.Expr) -> bool:
    """Tell whether a column stands in the argument of an aggregate, not in its FILTER."""
    around = node.parent
    while around is not None:
        if is_aggregate(around):
            return True
        around = around.parent
    return False
