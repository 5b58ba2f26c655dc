"""Whose column each name means: every name in a tree is looked up, or the tree is refused.

`resolve` walks a SELECT as DuckDB would: WITH, then FROM, then the other clauses, names without
regard to case, columns before aliases (ORDER BY looks at aliases first). It rewrites the tree in
place so that nothing is left to be looked up: every column is qualified by its relation's alias,
stars are expanded, an alias used elsewhere becomes the expression that it names, and every output
has an explicit name. And it records where each column of each relation is used.

A name that cannot be found is refused with the words for one that is not granted.
"""

from collections.abc import Iterator

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.sql.columns import Columns
from sekisho.sql.functions import has_aggregate, is_aggregate
from sekisho.sql.joins import (
    is_comma,
    record_comparisons,
    refuse_hidden,
    seen_in_condition,
    write_using,
)
from sekisho.sql.outputs import alias_position, renamed, written_position
from sekisho.sql.places import place_of, qualifiers_of, shown, syntax_refusal, written_name
from sekisho.sql.scopes import (
    Ctes,
    Found,
    Lookup,
    Place,
    Reference,
    Relation,
    Resolved,
    Scope,
    SelectFacts,
    Source,
    identifier,
    source_number,
)


def resolve(
    tree: exp.Select,
    lookup: Lookup,
    *,
    allowed: tuple[str, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Resolved:
    """Look up every name of a tree that `read_query` gave, and rewrite the tree in place.

    Args:
        tree: One SELECT; it is changed.
        lookup: Says what a name in FROM stands for, where no WITH names it.
        allowed: Names of relations, for refusals.
        limits: Reads `max_plan_nodes`, since stars and aliases are written out.

    Raises:
        Refusal: `DATASET_NOT_GRANTED` or `COLUMN_NOT_GRANTED` for what cannot be found;
            `SYNTAX_NOT_ALLOWED` for what could be read in two ways.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    resolver = _Resolver(lookup, allowed, limits)
    resolver.select(tree, None, {})
    return Resolved(
        tree=tree,
        selects=tuple(resolver.selects),
        sources=tuple(resolver.columns.sources),
        references=tuple(resolver.columns.references),
    )


class _Resolver:
    """Walks SELECTs, inner ones first, and keeps what it learns."""

    def __init__(self, lookup: Lookup, allowed: tuple[str, ...], limits: Limits) -> None:
        self._lookup = lookup
        self._allowed = allowed
        self.selects: list[SelectFacts] = []
        self.columns = Columns(limits)

    def select(
        self,
        node: exp.Select,
        parent: Scope | None,
        ctes: Ctes,
    ) -> SelectFacts:
        scope = Scope(select=node, parent=parent, ctes=dict(ctes))
        self._with(scope)
        self._from(scope)
        self._projections(scope)
        self._where(scope)
        self._group(scope)
        self._having(scope)
        self._order(scope)
        self._mark_keys(scope)
        return self._finish(scope)

    def _with(self, scope: Scope) -> None:
        clause = scope.select.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            name = cte.alias
            facts = self.select(cte.this, scope.parent, scope.ctes)
            columns = renamed(facts.names, cte.args["alias"])
            scope.ctes[name.lower()] = (name, columns, facts.number)
            cte.args["alias"].set("columns", [identifier(item) for item in columns])
            cte.args["alias"].set("this", identifier(name))

    def _from(self, scope: Scope) -> None:
        clause = scope.select.args.get("from_")
        if clause is None:
            return
        self._enter(clause.this, scope)
        first = 0
        for join in scope.select.args.get("joins") or ():
            self._enter(join.this, scope)
            if is_comma(join):
                first = len(scope.sources) - 1
            self._condition(join, scope, first)

    def _condition(self, join: exp.Expr, scope: Scope, first: int) -> None:
        """Look up what a join compares."""
        seen = seen_in_condition(scope, first)
        if join.args.get("using"):
            scope.merged = write_using(join, seen, self.columns)
            return
        condition = join.args.get("on")
        if condition is not None:
            refuse_hidden(condition, scope.sources[:first], self.columns)
            join.set("on", self._expression(condition, seen, Place.JOIN))
            record_comparisons(join.args["on"], self.columns)

    def _enter(self, node: exp.Expr, scope: Scope) -> None:
        source = (
            self._table(node, scope) if isinstance(node, exp.Table) else self._inner(node, scope)
        )
        if any(item.alias.lower() == source.alias.lower() for item in scope.sources):
            message = f"two relations are called {shown(source.alias)}"
            raise syntax_refusal(message, node, hint="give each an alias of its own")
        scope.sources.append(source)
        self.columns.sources.append(source)

    def _table(self, node: exp.Expr, scope: Scope) -> Source:
        parts = tuple(item.lower() for item in (*qualifiers_of(node), node.name))
        alias = node.alias or node.name
        if len(parts) == 1 and parts[0] in scope.ctes:
            name, columns, number = scope.ctes[parts[0]]
            source = self._source(node, alias, columns=columns, select=number)
            source.node = _table_node(name, source.label)
            node.replace(source.node)
            return source
        relation = self._lookup(parts)
        if relation is None:
            raise self._unknown_relation(node)
        source = self._source(node, alias, columns=tuple(relation.columns), relation=relation)
        source.qualifiers = () if node.alias else relation.names
        node.set("alias", exp.TableAlias(this=identifier(source.label)))
        return source

    def _inner(self, node: exp.Expr, scope: Scope) -> Source:
        alias = node.args.get("alias")
        # A subquery in FROM sees what surrounds the SELECT, never its neighbours.
        facts = self.select(node.this, scope.parent, scope.ctes)
        name = node.alias or f"subquery_{len(self.columns.sources)}"
        columns = renamed(facts.names, alias or exp.TableAlias(this=identifier(name)))
        source = self._source(node, name, columns=columns, select=facts.number)
        written = exp.TableAlias(
            this=identifier(source.label), columns=[identifier(item) for item in columns]
        )
        node.set("alias", written)
        return source

    def _source(
        self,
        node: exp.Expr,
        alias: str,
        *,
        columns: tuple[str, ...],
        relation: Relation | None = None,
        select: int | None = None,
    ) -> Source:
        taken = {item.label.lower() for item in self.columns.sources}
        number = len(self.columns.sources)
        return Source(
            number=number,
            alias=alias,
            label=alias if alias.lower() not in taken else f"{alias}_{number}",
            node=node,
            relation=relation,
            columns=columns,
            select=select,
        )

    def _projections(self, scope: Scope) -> None:
        outputs: list[exp.Expr] = []
        for item in scope.select.expressions:
            if item.is_star and not is_aggregate(item):
                outputs.extend(self._star(item, scope))
                continue
            named = isinstance(item, exp.Alias)
            value = item.this if named else item
            name = item.alias if named else self.columns.name_of(value, scope)
            value = self._expression(value, scope, Place.PROJECTION)
            outputs.append(exp.Alias(this=value, alias=identifier(name)))
            scope.aliases.setdefault(name.lower(), []).append(value)
        scope.select.set("expressions", outputs)

    def _star(self, node: exp.Expr, scope: Scope) -> Iterator[exp.Expr]:
        """Write out what `*` or `relation.*` means."""
        sources = scope.sources
        if isinstance(node, exp.Column):
            source = self.columns.qualifying(node, scope.sources)
            if source is None:
                raise self.columns.unknown(node, scope)
            sources = [source]
        if not sources:
            message = "`*` needs a FROM"
            raise syntax_refusal(message, node)
        is_plain = not isinstance(node, exp.Column)
        for source in sources:
            self.columns.count(len(source.starred), node)
            for name in source.starred:
                own = ((source, name),)
                merged = scope.merged.get(name.lower()) if is_plain else None
                if merged is None or own[0] not in merged.columns:
                    yield self._starred(name, own, node=node, scope=scope)
                elif own[0] == merged.columns[0]:
                    yield self._starred(name, merged.primary, node=node, scope=scope)

    def _starred(self, name: str, found: Found, *, node: exp.Expr, scope: Scope) -> exp.Expr:
        for source, column in found:
            self.columns.record(source, column, Place.PROJECTION, node=node)
        value = self.columns.value_of(found)
        scope.aliases.setdefault(name.lower(), []).append(value)
        return exp.Alias(this=value, alias=identifier(name))

    def _where(self, scope: Scope) -> None:
        clause = scope.select.args.get("where")
        if clause is not None:
            clause.set("this", self._expression(clause.this, scope, Place.FILTER))
            if has_aggregate(clause.this):
                message = "an aggregate cannot stand in WHERE"
                raise syntax_refusal(message, clause, hint="use HAVING")

    def _group(self, scope: Scope) -> None:
        clause = scope.select.args.get("group")
        if clause is None:
            return
        if clause.args.get("all"):
            clause.set("all", None)
            outputs = scope.select.expressions
            keys = [n for n, item in enumerate(outputs, 1) if not has_aggregate(item.this)]
            clause.set("expressions", [exp.Literal.number(n) for n in keys])
            if not keys:
                scope.select.set("group", None)
                scope.select.meta["aggregated"] = True
        for item in list(clause.expressions):
            self._group_key(item, scope)

    def _group_key(self, item: exp.Expr, scope: Scope) -> None:
        while isinstance(item, exp.Paren):
            item = item.replace(item.this)
        position = written_position(item, scope)
        if position is None and _is_bare(item) and not self.columns.is_column(item, scope):
            position = alias_position(item.name, scope)
        if position is not None:
            value = scope.select.expressions[position - 1].this
            item.replace(exp.Literal.number(position))
            if has_aggregate(value):
                message = "a key of GROUP BY cannot hold an aggregate"
                raise syntax_refusal(message, item)
            self._group_use(value, scope)
            return
        is_bare = isinstance(item, exp.Column)
        place = Place.GROUP if is_bare else Place.OTHER
        value = self._expression(item, scope, place)
        if has_aggregate(value):
            message = "a key of GROUP BY cannot hold an aggregate"
            raise syntax_refusal(message, item)
        if not value.find(exp.Column):
            message = "a key of GROUP BY must name a column, an alias or a position"
            raise syntax_refusal(message, item)
        if value.parent is None:
            item.replace(value)
        if isinstance(value, exp.Column):
            scope.keys.add((source_number(value), value.name.lower()))

    def _group_use(self, value: exp.Expr, scope: Scope) -> None:
        """Record that a projection is a key."""
        if isinstance(value, exp.Column):
            source = self.columns.sources[source_number(value)]
            self.columns.record(source, value.name, Place.GROUP, node=value)
            scope.keys.add((source.number, value.name.lower()))

    def _having(self, scope: Scope) -> None:
        clause = scope.select.args.get("having")
        if clause is not None:
            clause.set("this", self._expression(clause.this, scope, Place.FILTER, having=True))

    def _order(self, scope: Scope) -> None:
        clause = scope.select.args.get("order")
        for item in clause.expressions if clause is not None else ():
            value = item.this
            position = written_position(value, scope)
            if position is None and _is_bare(value):
                position = alias_position(value.name, scope)
            if position is not None:
                item.set("this", exp.Literal.number(position))
                continue
            if isinstance(value, exp.Literal | exp.Boolean | exp.Null):
                message = "ORDER BY takes columns, expressions over them, or positions"
                raise syntax_refusal(message, item)
            item.set("this", self._expression(value, scope, Place.ORDER))

    def _mark_keys(self, scope: Scope) -> None:
        """Say of each column that stands alone in the SELECT list whether it is a key."""
        bare = {
            id(item.this)
            for item in scope.select.expressions
            if isinstance(item.this, exp.Column)
            and (source_number(item.this), item.this.name.lower()) in scope.keys
        }
        self.columns.references = [
            Reference(source=ref.source, column=ref.column, place=Place.KEY, node=ref.node)
            if id(ref.node) in bare and ref.place is Place.PROJECTION
            else ref
            for ref in self.columns.references
        ]

    def _finish(self, scope: Scope) -> SelectFacts:
        select = scope.select
        names = tuple(item.alias for item in select.expressions)
        having = select.args.get("having")
        is_aggregated = (
            select.args.get("group") is not None
            or having is not None
            or bool(select.meta.get("aggregated"))
            or any(has_aggregate(item) for item in select.expressions)
        )
        facts = SelectFacts(
            number=len(self.selects),
            node=select,
            sources=tuple(scope.sources),
            names=names,
            is_aggregated=is_aggregated,
        )
        self.selects.append(facts)
        return facts

    def _expression(
        self, node: exp.Expr, scope: Scope, place: Place, *, having: bool = False
    ) -> exp.Expr:
        """Look up the columns of an expression; give what stands in its place."""
        if isinstance(node, exp.Column):
            return self.columns.look_up(node, scope, place, having=having)
        if isinstance(node, exp.Select):
            self.select(node, scope, scope.ctes)
            return node
        if is_aggregate(node):
            place = Place.MEASURE
        if isinstance(node, exp.Filter):
            self._expression(node.this, scope, place, having=having)
            condition = node.expression
            condition.set("this", self._expression(condition.this, scope, Place.OTHER))
            return node
        for child in list(node.iter_expressions()):
            written = self._expression(child, scope, place, having=having)
            if written is not child:
                child.replace(written)
        return node

    def _unknown_relation(self, node: exp.Expr) -> Refusal:
        line, column = place_of(node)
        written = written_name(node)
        return Refusal(
            RefusalReason.DATASET_NOT_GRANTED,
            f"the dataset {shown(written)} is not granted",
            line=line,
            column=column,
            allowed=self._allowed,
            hint="ask the provider to grant it in an amendment",
        )


def _table_node(name: str, alias: str) -> exp.Table:
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def _is_bare(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and not node.args.get("table")
