"""Whose column each name means: every name in a tree is looked up, or the tree is refused.

`resolve` walks a SELECT as DuckDB would: WITH, then FROM, then the other clauses, names without
regard to case, columns before aliases (ORDER BY looks at aliases first). It rewrites the tree in
place so that nothing is left to be looked up: every column is qualified by its relation's alias,
stars are expanded, an alias used elsewhere becomes the expression that it names, and every output
has an explicit name. And it records where each column of each relation is used.

A name that cannot be found is refused with the words for one that is not granted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.sql.dialect import write_tree
from sekisho.sql.functions import has_aggregate, is_aggregate
from sekisho.sql.places import nearest, place_of, shown, syntax_refusal
from sekisho.sql.types import UNKNOWN, Type

MAX_NAME_LETTERS = 200


class Place(StrEnum):
    """Where in a query a column is used."""

    PROJECTION = "projection"
    KEY = "key"
    """Alone in the SELECT list, and a key of GROUP BY."""
    FILTER = "filter"
    """In WHERE or HAVING, outside aggregates."""
    GROUP = "group"
    """Alone as a key of GROUP BY."""
    MEASURE = "measure"
    """Inside an aggregate's argument."""
    ORDER = "order"
    JOIN = "join"
    INNER = "inner"
    """In a subquery of the SELECT to which its relation belongs."""
    OTHER = "other"
    """Inside a computed key of GROUP BY, or the FILTER of an aggregate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a name in FROM may stand for."""

    key: str
    """The owner's own word for it, such as a dataset's id."""
    names: tuple[str, ...]
    """How a column may be qualified by it where it has no alias, such as `flights`, `ua.flights`."""
    columns: Mapping[str, Type]
    """Every column that may be named, by its name in lower case."""
    starred: tuple[str, ...]
    """The columns that `*` means, in order."""


@dataclass(slots=True, kw_only=True)
class Source:
    """One entry of a FROM: a relation, or the output of an inner SELECT."""

    number: int
    alias: str
    """What the query calls it."""
    label: str
    """What the tree calls it once it is resolved: the alias, made unique in the whole query."""
    node: exp.Expression
    """The `exp.Table` or `exp.Subquery` in the tree."""
    relation: Relation | None
    """None for the output of an inner SELECT."""
    columns: tuple[str, ...]
    """Names as they are written back."""
    select: int | None = None
    """Which SELECT it is the output of."""
    qualifiers: tuple[str, ...] = ()

    def find(self, name: str) -> str | None:
        """Give a column's name as it is written back, if there is one."""
        lower = name.lower()
        return next((item for item in self.columns if item.lower() == lower), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One use of one column."""

    source: Source
    column: str
    place: Place
    node: exp.Expression


@dataclass(slots=True, kw_only=True)
class SelectFacts:
    """One SELECT of the tree, once its names are resolved."""

    number: int
    node: exp.Select
    sources: tuple[Source, ...]
    names: tuple[str, ...] = ()
    is_aggregated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A tree in which every name has been looked up."""

    tree: exp.Select
    selects: tuple[SelectFacts, ...]
    """Inner ones before the ones that hold them; the last is the whole query."""
    sources: tuple[Source, ...]
    """By number."""
    references: tuple[Reference, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the output."""
        return self.selects[-1].names

    @property
    def relations(self) -> tuple[Source, ...]:
        """The entries of every FROM that stand for relations."""
        return tuple(item for item in self.sources if item.relation is not None)


Lookup = Callable[[tuple[str, ...]], Relation | None]
"""Finds what a name of one to three parts stands for; parts come in lower case."""


@dataclass(slots=True, kw_only=True)
class _Scope:
    """What can be seen from inside one SELECT."""

    select: exp.Select
    parent: "_Scope | None"
    ctes: dict[str, tuple[str, tuple[str, ...], int]]
    sources: list[Source] = field(default_factory=list)
    aliases: dict[str, list[exp.Expression]] = field(default_factory=dict)
    keys: set[tuple[int, str]] = field(default_factory=set)


def resolve(tree: exp.Select, lookup: Lookup, *, allowed: tuple[str, ...] = ()) -> Resolved:
    """Look up every name of a tree that `read_query` gave, and rewrite the tree in place.

    Args:
        tree: One SELECT; it is changed.
        lookup: Says what a name in FROM stands for, where no WITH names it.
        allowed: Names of relations, for refusals.

    Raises:
        Refusal: `DATASET_NOT_GRANTED` or `COLUMN_NOT_GRANTED` for what cannot be found;
            `SYNTAX_NOT_ALLOWED` for what could be read in two ways.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    resolver = _Resolver(lookup, allowed)
    resolver.select(tree, None, {})
    return Resolved(
        tree=tree,
        selects=tuple(resolver.selects),
        sources=tuple(resolver.sources),
        references=tuple(resolver.references),
    )


def source_number(column: exp.Expression) -> int:
    """Tell the number of the source that a resolved column belongs to."""
    number: int = column.meta["source"]
    return number


class _Resolver:
    """Walks SELECTs, inner ones first, and keeps what it learns."""

    def __init__(self, lookup: Lookup, allowed: tuple[str, ...]) -> None:
        self._lookup = lookup
        self._allowed = allowed
        self.selects: list[SelectFacts] = []
        self.sources: list[Source] = []
        self.references: list[Reference] = []

    # The clauses of one SELECT, in the order in which DuckDB binds them.

    def select(
        self,
        node: exp.Select,
        parent: _Scope | None,
        ctes: dict[str, tuple[str, tuple[str, ...], int]],
    ) -> SelectFacts:
        scope = _Scope(select=node, parent=parent, ctes=dict(ctes))
        self._with(scope)
        self._from(scope)
        self._projections(scope)
        self._where(scope)
        self._group(scope)
        self._having(scope)
        self._order(scope)
        self._mark_keys(scope)
        return self._finish(scope)

    def _with(self, scope: _Scope) -> None:
        clause = scope.select.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            name = cte.alias
            facts = self.select(cte.this, scope.parent, scope.ctes)
            columns = self._renamed(facts.names, cte.args["alias"])
            scope.ctes[name.lower()] = (name, columns, facts.number)
            cte.args["alias"].set("columns", [_identifier(item) for item in columns])
            cte.args["alias"].set("this", _identifier(name))

    def _renamed(self, names: tuple[str, ...], alias: exp.Expression) -> tuple[str, ...]:
        written = [item.name for item in alias.args.get("columns") or ()]
        if len(written) > len(names):
            message = f"{shown(alias.name)} names {len(written)} columns of {len(names)}"
            raise syntax_refusal(message, alias)
        columns = (*written, *names[len(written) :])
        twice = _first_twice(columns)
        if twice is not None:
            message = f"{shown(alias.name)} has two columns called {shown(twice)}"
            raise syntax_refusal(message, alias, hint="name each column with AS")
        return columns

    def _from(self, scope: _Scope) -> None:
        clause = scope.select.args.get("from_")
        if clause is None:
            return
        self._enter(clause.this, scope)
        for join in scope.select.args.get("joins") or ():
            self._enter(join.this, scope)
            condition = join.args.get("on")
            if condition is not None:
                join.set("on", self._expression(condition, scope, Place.JOIN))

    def _enter(self, node: exp.Expression, scope: _Scope) -> None:
        source = self._table(node, scope) if isinstance(node, exp.Table) else self._inner(node, scope)
        if any(item.alias.lower() == source.alias.lower() for item in scope.sources):
            message = f"two relations are called {shown(source.alias)}"
            raise syntax_refusal(message, node, hint="give each an alias of its own")
        scope.sources.append(source)
        self.sources.append(source)

    def _table(self, node: exp.Expression, scope: _Scope) -> Source:
        parts = tuple(part.name.lower() for part in node.parts)
        alias = node.alias or node.name
        if len(parts) == 1 and parts[0] in scope.ctes:
            name, columns, number = scope.ctes[parts[0]]
            source = self._source(node, alias, None, columns, select=number)
            source.node = _table_node(name, source.label)
            node.replace(source.node)
            return source
        relation = self._lookup(parts)
        if relation is None:
            raise self._unknown_relation(node)
        source = self._source(node, alias, relation, tuple(relation.columns))
        source.qualifiers = () if node.alias else relation.names
        node.set("alias", exp.TableAlias(this=_identifier(source.label)))
        return source

    def _inner(self, node: exp.Expression, scope: _Scope) -> Source:
        alias = node.args.get("alias")
        # A subquery in FROM sees what surrounds the SELECT, never its neighbours.
        facts = self.select(node.this, scope.parent, scope.ctes)
        name = node.alias or f"subquery_{len(self.sources)}"
        columns = self._renamed(facts.names, alias or exp.TableAlias(this=_identifier(name)))
        source = self._source(node, name, None, columns, select=facts.number)
        written = exp.TableAlias(
            this=_identifier(source.label), columns=[_identifier(item) for item in columns]
        )
        node.set("alias", written)
        return source

    def _source(
        self,
        node: exp.Expression,
        alias: str,
        relation: Relation | None,
        columns: tuple[str, ...],
        *,
        select: int | None = None,
    ) -> Source:
        taken = {item.label.lower() for item in self.sources}
        number = len(self.sources)
        return Source(
            number=number,
            alias=alias,
            label=alias if alias.lower() not in taken else f"{alias}_{number}",
            node=node,
            relation=relation,
            columns=columns,
            select=select,
        )

    def _projections(self, scope: _Scope) -> None:
        outputs: list[exp.Expression] = []
        for item in scope.select.expressions:
            if item.is_star and not is_aggregate(item):
                outputs.extend(self._star(item, scope))
                continue
            named = isinstance(item, exp.Alias)
            value = item.this if named else item
            name = item.alias if named else self._name_of(value, scope)
            value = self._expression(value, scope, Place.PROJECTION)
            outputs.append(exp.Alias(this=value, alias=_identifier(name)))
            scope.aliases.setdefault(name.lower(), []).append(value)
        scope.select.set("expressions", outputs)

    def _star(self, node: exp.Expression, scope: _Scope) -> Iterator[exp.Expression]:
        """Write out what `*` or `relation.*` means."""
        sources = scope.sources
        if isinstance(node, exp.Column):
            sources = [self._qualifying(node, scope.sources) or self._no_such_column(node, scope)]
        if not sources:
            message = "`*` needs a FROM"
            raise syntax_refusal(message, node)
        for source in sources:
            starred = source.relation.starred if source.relation is not None else source.columns
            for name in starred:
                column = self._column_node(source, name)
                self._record(source, name, Place.PROJECTION, node)
                scope.aliases.setdefault(name.lower(), []).append(column)
                yield exp.Alias(this=column, alias=_identifier(name))

    def _where(self, scope: _Scope) -> None:
        clause = scope.select.args.get("where")
        if clause is not None:
            clause.set("this", self._expression(clause.this, scope, Place.FILTER))
            if has_aggregate(clause.this):
                message = "an aggregate cannot stand in WHERE"
                raise syntax_refusal(message, clause, hint="use HAVING")

    def _group(self, scope: _Scope) -> None:
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

    def _group_key(self, item: exp.Expression, scope: _Scope) -> None:
        while isinstance(item, exp.Paren):
            item = item.replace(item.this)  # noqa: PLW2901
        position = self._position(item, scope)
        if position is None and _is_bare(item) and not self._is_column(item, scope):
            position = self._alias_position(item.name, scope)
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
        if not value.find(exp.Column):
            message = "a key of GROUP BY must name a column, an alias or a position"
            raise syntax_refusal(message, item)
        if has_aggregate(value):
            message = "a key of GROUP BY cannot hold an aggregate"
            raise syntax_refusal(message, item)
        if value.parent is None:
            item.replace(value)
        if isinstance(value, exp.Column):
            scope.keys.add((source_number(value), value.name.lower()))

    def _group_use(self, value: exp.Expression, scope: _Scope) -> None:
        """Record that a projection is a key."""
        if isinstance(value, exp.Column):
            source = self.sources[source_number(value)]
            self._record(source, value.name, Place.GROUP, value)
            scope.keys.add((source.number, value.name.lower()))

    def _having(self, scope: _Scope) -> None:
        clause = scope.select.args.get("having")
        if clause is not None:
            clause.set("this", self._expression(clause.this, scope, Place.FILTER, having=True))

    def _order(self, scope: _Scope) -> None:
        clause = scope.select.args.get("order")
        for item in clause.expressions if clause is not None else ():
            value = item.this
            position = self._position(value, scope)
            if position is None and _is_bare(value):
                position = self._alias_position(value.name, scope)
            if position is not None:
                item.set("this", exp.Literal.number(position))
                continue
            if isinstance(value, exp.Literal | exp.Boolean | exp.Null):
                message = "ORDER BY takes columns, expressions over them, or positions"
                raise syntax_refusal(message, item)
            item.set("this", self._expression(value, scope, Place.ORDER))

    def _position(self, item: exp.Expression, scope: _Scope) -> int | None:
        """Read a position such as the 1 of GROUP BY 1."""
        if not isinstance(item, exp.Literal) or item.is_string:
            return None
        count = len(scope.select.expressions)
        if not item.name.isdigit() or not 1 <= int(item.name) <= count:
            message = f"{shown(item.name)} is not a position from 1 to {count}"
            raise syntax_refusal(message, item.parent)
        return int(item.name)

    def _alias_position(self, name: str, scope: _Scope) -> int | None:
        found = [
            number
            for number, item in enumerate(scope.select.expressions, 1)
            if item.alias.lower() == name.lower()
        ]
        if len(found) > 1:
            message = f"{shown(name)} names two columns of the output"
            raise syntax_refusal(message, scope.select, hint="give each an alias of its own")
        return found[0] if found else None

    def _mark_keys(self, scope: _Scope) -> None:
        """Say of each column that stands alone in the SELECT list whether it is a key."""
        bare = {
            id(item.this)
            for item in scope.select.expressions
            if isinstance(item.this, exp.Column)
            and (source_number(item.this), item.this.name.lower()) in scope.keys
        }
        self.references = [
            Reference(source=ref.source, column=ref.column, place=Place.KEY, node=ref.node)
            if id(ref.node) in bare and ref.place is Place.PROJECTION
            else ref
            for ref in self.references
        ]

    def _finish(self, scope: _Scope) -> SelectFacts:
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

    # Expressions.

    def _expression(
        self, node: exp.Expression, scope: _Scope, place: Place, *, having: bool = False
    ) -> exp.Expression:
        """Look up the columns of an expression; give what stands in its place."""
        if isinstance(node, exp.Column):
            return self._column(node, scope, place, having=having)
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

    def _column(
        self, node: exp.Expression, scope: _Scope, place: Place, *, having: bool
    ) -> exp.Expression:
        if isinstance(node.this, exp.Star):
            message = "only a plain `*` is allowed"
            raise syntax_refusal(message, node, hint="name the columns")
        found = self._find(node, scope.sources)
        is_free = having and place is Place.FILTER
        if found is not None and is_free and self._prefers_alias(node, found, scope):
            found = None
        if found is None and not node.args.get("table"):
            value = self._alias_value(node, scope, place)
            if value is not None:
                return value
        if found is not None:
            return self._bind(node, found, place)
        return self._outer(node, scope)

    def _prefers_alias(
        self, node: exp.Expression, found: tuple[Source, str], scope: _Scope
    ) -> bool:
        """HAVING looks at aliases before columns that are not keys."""
        source, name = found
        is_key = (source.number, name.lower()) in scope.keys
        return not is_key and not node.args.get("table") and node.name.lower() in scope.aliases

    def _alias_value(
        self, node: exp.Expression, scope: _Scope, place: Place
    ) -> exp.Expression | None:
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
        written = exp.paren(values[0].copy(), copy=False)
        for column in written.find_all(exp.Column):
            self._record(self.sources[source_number(column)], column.name, place, node)
        return written

    def _outer(self, node: exp.Expression, scope: _Scope) -> exp.Expression:
        around = scope.parent
        while around is not None:
            found = self._find(node, around.sources)
            if found is not None:
                return self._bind(node, found, Place.INNER)
            around = around.parent
        self._no_such_column(node, scope)
        raise AssertionError

    def _find(self, node: exp.Expression, sources: list[Source]) -> tuple[Source, str] | None:
        if node.args.get("table"):
            source = self._qualifying(node, sources)
            name = source.find(node.name) if source is not None else None
            return (source, name) if source is not None and name is not None else None
        found = [(item, name) for item in sources if (name := item.find(node.name)) is not None]
        if len(found) > 1:
            message = f"{shown(node.name)} could be a column of two relations"
            raise syntax_refusal(message, node, hint="write it with its relation's name")
        return found[0] if found else None

    def _qualifying(self, node: exp.Expression, sources: list[Source]) -> Source | None:
        """Find the relation that a column's qualifier names."""
        qualifier = ".".join(
            part.name.lower()
            for part in (node.args.get(key) for key in ("catalog", "db", "table"))
            if part is not None
        )
        for source in sources:
            if qualifier == source.alias.lower() or qualifier in source.qualifiers:
                return source
        return None

    def _is_column(self, node: exp.Expression, scope: _Scope) -> bool:
        return self._find(node, scope.sources) is not None

    def _bind(
        self, node: exp.Expression, found: tuple[Source, str], place: Place
    ) -> exp.Expression:
        source, name = found
        column = self._column_node(source, name)
        column.meta.update({key: node.this.meta[key] for key in node.this.meta})
        column.meta["source"] = source.number
        if node.parent is not None:
            node.replace(column)
        self._record(source, name, place, column)
        return column

    def _column_node(self, source: Source, name: str) -> exp.Column:
        column = exp.Column(this=_identifier(name), table=_identifier(source.label))
        column.meta["source"] = source.number
        return column

    def _record(self, source: Source, name: str, place: Place, node: exp.Expression) -> None:
        self.references.append(Reference(source=source, column=name, place=place, node=node))

    def _name_of(self, value: exp.Expression, scope: _Scope) -> str:
        """Name an output that has no alias: its column's name, or its text."""
        if isinstance(value, exp.Column):
            found = self._find(value, scope.sources)
            return found[1] if found is not None else value.name
        text = write_tree(value)
        return "count_star()" if text.lower() == "count(*)" else text[:MAX_NAME_LETTERS]

    # Refusals.

    def _unknown_relation(self, node: exp.Expression) -> Refusal:
        line, column = place_of(node)
        written = ".".join(part.name for part in node.parts)
        return Refusal(
            RefusalReason.DATASET_NOT_GRANTED,
            f"the dataset {shown(written)} is not granted",
            line=line,
            column=column,
            allowed=self._allowed,
            hint="ask the provider to grant it in an amendment",
        )

    def _no_such_column(self, node: exp.Expression, scope: _Scope) -> Source:
        names = list(dict.fromkeys(name for item in scope.sources for name in item.columns))
        close = nearest(node.name, names)
        line, column = place_of(node)
        written = ".".join(part.name for part in node.parts)
        raise Refusal(
            RefusalReason.COLUMN_NOT_GRANTED,
            f"the column {shown(written)} is not granted",
            line=line,
            column=column,
            allowed=tuple(dict.fromkeys((*close, *names))),
            hint="ask the provider to grant it in an amendment",
        )


def _identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def _table_node(name: str, alias: str) -> exp.Table:
    return exp.Table(
        this=_identifier(name), alias=exp.TableAlias(this=_identifier(alias))
    )


def _is_bare(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column) and not node.args.get("table")


def _first_twice(names: tuple[str, ...]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None
