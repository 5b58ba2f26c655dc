"""Whose column each name means: every name in a tree is looked up, or the tree is refused.

`resolve` walks a query as DuckDB would: WITH, then FROM, then the other clauses, names without
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
from sekisho.sql.clauses import look_up_clauses
from sekisho.sql.columns import Columns
from sekisho.sql.expressions import Expressions
from sekisho.sql.functions import has_aggregate, is_aggregate
from sekisho.sql.joins import (
    is_comma,
    record_comparisons,
    refuse_hidden,
    seen_in_condition,
    write_using,
)
from sekisho.sql.outputs import renamed
from sekisho.sql.places import place_of, qualifiers_of, shown, syntax_refusal, written_name
from sekisho.sql.scopes import (
    Ctes,
    Found,
    Lookup,
    Place,
    Relation,
    Resolved,
    Scope,
    SelectFacts,
    Source,
    identifier,
)
from sekisho.sql.set_operations import check_sides, order_by_outputs
from sekisho.sql.windows import name_windows, refuse_window


def resolve(
    tree: exp.Query,
    lookup: Lookup,
    *,
    allowed: tuple[str, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Resolved:
    """Look up every name of a tree that `read_query` gave, and rewrite the tree in place.

    Args:
        tree: It is changed.
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
    resolver.query(tree, None, {})
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
        self._expressions = Expressions(self.columns, self.query)

    def query(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> SelectFacts:
        """Look up the names of a SELECT, or of several that a set operation joins."""
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, parent, ctes)
        return self.query(node.this, parent, ctes)

    def _select(self, node: exp.Select, parent: Scope | None, ctes: Ctes) -> SelectFacts:
        scope = Scope(select=node, parent=parent, ctes=self._with(node, parent, ctes))
        name_windows(scope)
        self._from(scope)
        self._projections(scope)
        look_up_clauses(scope, self._expressions)
        return self._finish(scope)

    def _set_operation(
        self, node: exp.SetOperation, parent: Scope | None, ctes: Ctes
    ) -> SelectFacts:
        known = self._with(node, parent, ctes)
        sides = [self.query(side, parent, known) for side in (node.this, node.expression)]
        check_sides(node, sides)
        order_by_outputs(node, sides[0].names)
        return self._keep(
            SelectFacts(
                number=len(self.selects),
                node=node,
                sources=(),
                names=sides[0].names,
                stored=tuple(map(all, zip(*(side.stored for side in sides), strict=True))),
                sides=tuple(side.number for side in sides),
            )
        )

    def _with(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Ctes:
        known = dict(ctes)
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            name = cte.alias
            facts = self.query(cte.this, parent, known)
            columns = renamed(facts.names, cte.args["alias"])
            known[name.lower()] = (name, columns, facts)
            cte.args["alias"].set("columns", [identifier(item) for item in columns])
            cte.args["alias"].set("this", identifier(name))
        return known

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
            refuse_window(self._expressions.put(condition, seen, Place.JOIN), "ON")
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
            name, columns, facts = scope.ctes[parts[0]]
            source = self._source(node, alias, columns=columns, facts=facts)
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
        facts = self.query(node.this, scope.parent, scope.ctes)
        name = node.alias or f"subquery_{len(self.columns.sources)}"
        columns = renamed(facts.names, alias or exp.TableAlias(this=identifier(name)))
        source = self._source(node, name, columns=columns, facts=facts)
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
        facts: SelectFacts | None = None,
    ) -> Source:
        are_stored = facts.stored if facts is not None else (True,) * len(columns)
        stored = (
            item.lower() for item, is_stored in zip(columns, are_stored, strict=True) if is_stored
        )
        taken = {item.label.lower() for item in self.columns.sources}
        number = len(self.columns.sources)
        return Source(
            number=number,
            alias=alias,
            label=alias if alias.lower() not in taken else f"{alias}_{number}",
            node=node,
            relation=relation,
            columns=columns,
            select=facts.number if facts is not None else None,
            stored=frozenset(stored),
        )

    def _projections(self, scope: Scope) -> None:
        outputs: list[tuple[exp.Expr, str]] = []
        for item in scope.select.expressions:
            if item.is_star and not is_aggregate(item):
                outputs.extend(self._star(item, scope))
                continue
            named = isinstance(item, exp.Alias)
            value = item.this if named else item
            name = item.alias if named else self.columns.name_of(value, scope)
            value = self._expressions.look_up(value, scope, Place.PROJECTION)
            outputs.append((value, name))
            scope.aliases.setdefault(name.lower(), []).append(value)
        # Named once all stand: a column that takes its place in the list takes its neighbours too.
        named_outputs = [exp.Alias(this=value, alias=identifier(name)) for value, name in outputs]
        scope.select.set("expressions", named_outputs)

    def _star(self, node: exp.Expr, scope: Scope) -> Iterator[tuple[exp.Expr, str]]:
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

    def _starred(
        self, name: str, found: Found, *, node: exp.Expr, scope: Scope
    ) -> tuple[exp.Expr, str]:
        for source, column in found:
            self.columns.record(source, column, Place.PROJECTION, node=node)
        value = self.columns.value_of(found)
        scope.aliases.setdefault(name.lower(), []).append(value)
        return value, name

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
            stored=tuple(self.columns.is_stored(item.this) for item in select.expressions),
            is_aggregated=is_aggregated,
        )
        return self._keep(facts)

    def _keep(self, facts: SelectFacts) -> SelectFacts:
        self.selects.append(facts)
        return facts

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
