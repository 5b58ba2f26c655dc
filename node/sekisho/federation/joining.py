"""The rule that lets a provider join its own datasets, where a query joins them with others' too.

References of one SELECT that are joined by equality, and that one provider shows under one grant,
become one reference to what that provider joins. So do references to unions that are joined
`ON a.provider = b.provider AND …`: each provider then joins its own. What comes of it is smaller
than what it is made of where a condition stands over one of them, or where nothing else is joined
and the query aggregates; elsewhere each is asked for by itself.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER, Part, Relation, ShownColumn
from sekisho.federation.draft import Draft, Joined, Reading, columns_of, is_shared_out
from sekisho.federation.exactness import is_exact_condition
from sekisho.federation.pushing import conjuncts, remove
from sekisho.sql.scopes import SelectFacts, source_number
from sekisho.sql.types import parse_type


def join_at_providers(draft: Draft) -> Draft:
    """Ask providers for joins of their own datasets.

    Source:
        `docs/spec/federation.md`, section 8.
    """
    readings = {item.source.number: item for item in draft.readings}
    for facts in draft.settled().selects:
        if _is_inner(facts):
            for group in list(_groups(facts, readings)):
                joined = _Joining(facts, group, draft).reading()
                readings = {
                    number: item
                    for number, item in readings.items()
                    if item not in group or number == joined.source.number
                }
                readings[joined.source.number] = joined
    return replace(draft, readings=tuple(readings.values()))


def _is_inner(facts: SelectFacts) -> bool:
    """Whether every relation of a FROM is joined so that the order of joins does not matter."""
    joins = facts.node.args.get("joins") or ()
    return len(facts.sources) > 1 and not any(
        join.args.get("side")
        or join.args.get("method")
        or str(join.args.get("kind") or "").upper() not in {"", "CROSS", "INNER"}
        for join in joins
    )


def _groups(facts: SelectFacts, readings: dict[int, Reading]) -> Iterator[list[Reading]]:
    """Yield references that are joined with each other at one provider, the first of each first."""
    waiting = [
        readings[item.number]
        for item in facts.sources
        if item.number in readings and is_shared_out(readings[item.number])
    ]
    pairs = list(_equalities(facts))
    while waiting:
        group = [waiting.pop(0)]
        while (more := _next(group, waiting, pairs)) is not None:
            group.append(more)
            waiting.remove(more)
        if len(group) > 1 and _is_smaller(facts, group):
            yield group


def _is_smaller(facts: SelectFacts, group: list[Reading]) -> bool:
    is_reduced = facts.is_aggregated or facts.node.args.get("distinct") is not None
    is_all = len(group) == len(facts.sources)
    return any(item.conditions for item in group) or (is_all and is_reduced)


def _equalities(facts: SelectFacts) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """Yield the pairs of columns that a SELECT sets equal."""
    for condition in _conditions(facts):
        sides = [condition.this, condition.args.get("expression")]
        if isinstance(condition, exp.EQ) and all(isinstance(item, exp.Column) for item in sides):
            yield condition.this, condition.expression


def _conditions(facts: SelectFacts) -> Iterator[exp.Expr]:
    where = facts.node.args.get("where")
    yield from conjuncts(where.this if where is not None else None)
    for join in facts.node.args.get("joins") or ():
        yield from conjuncts(join.args.get("on"))


def _next(
    group: list[Reading], waiting: list[Reading], pairs: list[tuple[exp.Expr, exp.Expr]]
) -> Reading | None:
    """Find a reference that can be joined to a group."""
    for reading in waiting:
        if not all(_is_beside(item, reading) for item in group):
            continue
        linked = [
            left.name.lower() for left, right in pairs if _links((left, right), reading, group)
        ]
        is_by_provider = reading.relation.has_provider and PROVIDER in linked
        is_by_value = any(not (reading.relation.has_provider and n == PROVIDER) for n in linked)
        if is_by_value and (len(reading.parts) == 1 or is_by_provider):
            return reading
    return None


def _links(pair: tuple[exp.Expr, exp.Expr], reading: Reading, group: list[Reading]) -> bool:
    """Whether an equality joins a reference to a group, and means the same at each provider."""
    left, right = pair
    by_number = {item.source.number: item for item in (*group, reading)}
    one, other = by_number.get(source_number(left)), by_number.get(source_number(right))
    if one is None or other is None or (one is reading) is (other is reading):
        return False
    if _is_provider(left, reading) or _is_provider(right, reading):
        return left.name.lower() == right.name.lower()
    return all(
        _is_one_type(first.column(left.name), second.column(right.name))
        for first, second in zip(one.parts, other.parts, strict=True)
    )


def _is_one_type(left: ShownColumn | None, right: ShownColumn | None) -> bool:
    if left is None or right is None or not left.type or not right.type:
        return False
    kinds = [parse_type(left.type), parse_type(right.type)]
    return kinds[0] == kinds[1] or all(item.kind == "int" for item in kinds)


def _is_provider(column: exp.Expr, reading: Reading) -> bool:
    return reading.relation.has_provider and column.name.lower() == PROVIDER


def _is_beside(left: Reading, right: Reading) -> bool:
    """Whether the same providers show both, as different datasets of one grant."""
    return (
        left.relation.has_provider == right.relation.has_provider
        and [part.party for part in left.parts] == [part.party for part in right.parts]
        and all(
            one.dataset != other.dataset
            and len(one.grants) == len(other.grants) == 1
            and one.grants[0].grant == other.grants[0].grant
            for one, other in zip(left.parts, right.parts, strict=True)
        )
    )


class _Joining:
    """Makes one reference of several, in the tree too."""

    def __init__(self, facts: SelectFacts, group: list[Reading], draft: Draft) -> None:
        self._facts = facts
        self._group = group
        self._tree = draft.tree
        self._first = group[0]
        self._names = _names(group)

    def reading(self) -> Reading:
        """Give what takes the place of the group's first reference."""
        conditions = tuple(item for reading in self._group for item in reading.conditions)
        for tree in (self._tree, *conditions):
            self._rename(tree)
        parts = tuple(self._part(at) for at in range(len(self._first.parts)))
        self._unjoin()
        return replace(
            self._first,
            relation=Relation(
                schema=self._first.relation.schema,
                name=self._first.relation.name,
                columns=tuple(self._names.values()),
                parts=parts,
            ),
            parts=parts,
            conditions=(*conditions, *self._taken(parts)),
            joined=tuple(self._joined(item) for item in self._group),
        )

    def _rename(self, tree: exp.Expr) -> None:
        """Let columns of any of the group's references be the first one's, by their new names."""
        label = self._first.source.label
        for column in list(columns_of(tree)):
            key = (source_number(column), column.name.lower())
            if key[0] not in {item.source.number for item in self._group}:
                continue
            column.this.set("this", self._names.get(key, column.name))
            if column.args.get("table") is not None:
                column.args["table"].set("this", label)
            column.meta["source"] = self._first.source.number

    def _part(self, at: int) -> Part:
        """Put together what one provider shows of all the group's references."""
        columns = (
            replace(column, name=self._names[reading.source.number, column.name.lower()])
            for reading in self._group
            for column in reading.parts[at].columns
            if (reading.source.number, column.name.lower()) in self._names
        )
        return replace(self._first.parts[at], columns=tuple(columns))

    def _joined(self, reading: Reading) -> Joined:
        number = reading.source.number
        return Joined(
            label=reading.source.label,
            datasets=tuple(part.dataset for part in reading.parts),
            columns={new: name for (at, name), new in self._names.items() if at == number},
        )

    def _unjoin(self) -> None:
        """Take all but the first out of FROM; what their ON says is said in WHERE."""
        select = self._facts.node
        gone = {item.source.number for item in self._group[1:]}
        kept, conditions = [], []
        joins = select.args.get("joins") or []
        for join, source in zip(joins, self._facts.sources[1:], strict=True):
            if source.number in gone:
                conditions += conjuncts(join.args.get("on"))
            else:
                kept.append(join)
        select.set("joins", kept)
        self._facts.sources = tuple(item for item in self._facts.sources if item.number not in gone)
        where = select.args.get("where")
        found = [item.copy() for item in conditions]
        if where is not None:
            found = [where.this, *found]
        if found:
            select.set("where", exp.Where(this=_all_of(found)))

    def _taken(self, parts: tuple[Part, ...]) -> Iterator[exp.Expr]:
        """Take the conditions out of the SELECT that the providers now check."""
        number = self._first.source.number
        where = self._facts.node.args.get("where")
        for condition in conjuncts(where.this if where is not None else None):
            columns = list(columns_of(condition))
            if not columns or {source_number(item) for item in columns} != {number}:
                continue
            is_same = isinstance(condition, exp.EQ) and condition.this == condition.expression
            is_provider = any(_is_provider(item, self._first) for item in columns)
            if is_provider and is_same:
                remove(condition, self._facts.node)
            elif not is_provider and is_exact_condition(condition, parts):
                remove(condition, self._facts.node)
                yield condition


def _names(group: list[Reading]) -> dict[tuple[int, str], str]:
    """Name the columns of several references so that no two bear one name."""
    names: dict[tuple[int, str], str] = {}
    taken: set[str] = set()
    for reading in group:
        for column in reading.relation.columns:
            name = column
            while name.lower() in taken:
                name = f"{name}_{reading.source.number}"
            taken.add(name.lower())
            names[reading.source.number, column.lower()] = name
    return names


def _all_of(conditions: list[exp.Expr]) -> exp.Expr:
    found = conditions[0]
    for item in conditions[1:]:
        guarded = exp.paren(item, copy=False) if isinstance(item, exp.Or) else item
        found = exp.And(this=found, expression=guarded)
    return found
