"""The rule that lets providers aggregate: each gives states of its groups, which become one here.

A provider groups by every column that the query still needs outside of its aggregates: by the keys
of GROUP BY, and also by the columns of conditions and joins that stay here. So its groups are finer
than the query's or the same, all rows of one share what is done with them here, and whatever is
computed here over groups, not rows, gives the same. A query that only asks which values there are
gets each of them once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from sekisho.federation.catalog import Part
from sekisho.federation.draft import (
    Draft,
    Output,
    Reading,
    columns_of,
    is_shared_out,
    used_columns,
)
from sekisho.federation.exactness import is_exact_value
from sekisho.federation.pushing import made_null
from sekisho.federation.states import Partial, partial_of
from sekisho.sql.functions import has_window, is_aggregate
from sekisho.sql.scopes import SelectFacts, identifier, source_number
from sekisho.sql.trees import find_nodes, outside_queries
from sekisho.sql.types import parse_type

_GROUPED = frozenset("bool int dec text date time ts ts_s ts_ms ts_ns tstz uuid".split())
"""Kinds of which equal values are the same value, so that one stands for all."""
_REPEATED = frozenset({"min", "max", "bool_and", "bool_or", "bit_and", "bit_or"})
"""Aggregates to which it does not matter how often a value comes."""
_JOINED_KEYS = 1
"""Columns by which rows are grouped before a join; by more, groups are about as many as rows."""


def aggregate_at_providers(draft: Draft) -> Draft:
    """Ask for states of groups, or for distinct rows, in place of all rows.

    Source:
        `docs/spec/federation.md`, section 7.
    """
    readings = {item.source.number: item for item in draft.readings}
    for facts in draft.settled().selects:
        reading = _grouped(facts, readings, draft)
        if reading is not None:
            readings[reading.source.number] = reading
    return replace(draft, readings=tuple(readings.values()))


def _grouped(facts: SelectFacts, readings: dict[int, Reading], draft: Draft) -> Reading | None:
    if not isinstance(facts.node, exp.Select) or not facts.sources:
        return None
    if facts.is_aggregated:
        return _Block(facts, readings, draft).aggregated()
    return _Block(facts, readings, draft).distinct() if _is_distinct(facts.node) else None


def _is_distinct(select: exp.Expr) -> bool:
    """Whether it does not matter how often a row comes."""
    parts = {name for name, value in select.args.items() if value}
    is_plain = not any(has_window(item) for item in select.expressions)
    if not is_plain or {"qualify", "windows"} & parts:
        return False
    if select.args.get("distinct") is not None:
        return True
    holder = select.parent
    is_inner = isinstance(holder, exp.Exists) or (
        isinstance(holder, exp.Subquery | exp.In) and _is_tested(holder, select)
    )
    return is_inner and not {"limit", "offset"} & parts


def _is_tested(holder: exp.Expr, select: exp.Expr) -> bool:
    """Whether a value is looked for in a subquery."""
    node = holder if isinstance(holder, exp.In) else holder.parent
    if not isinstance(node, exp.In) or node.args.get("query") is None:
        return False
    query = node.args["query"]
    return query is select or query is holder


@dataclass(slots=True)
class _Call:
    """One aggregate of a block, as it stands."""

    node: exp.Expr
    """With its FILTER."""
    numbers: frozenset[int]
    """Of the sources that it reads."""
    is_repeated: bool
    """Whether it does not matter how often a value comes."""


class _Block:
    """One SELECT, and what its providers may do of it."""

    def __init__(self, facts: SelectFacts, readings: dict[int, Reading], draft: Draft) -> None:
        self._facts = facts
        self._select = facts.node
        self._tree = draft.tree
        self._own = {item.number for item in facts.sources}
        self._readings = [
            readings[number] for number in sorted(self._own) if is_shared_out(readings.get(number))
        ]

    def aggregated(self) -> Reading | None:
        """Ask for states of groups; None where that cannot be."""
        group = self._select.args.get("group")
        if group is not None and any(v for k, v in group.args.items() if k != "expressions"):
            return None
        if any(self._is_outer(item) for item in find_nodes(self._select, exp.Anonymous)):
            return None
        calls = list(self._calls())
        counted = {number for item in calls if not item.is_repeated for number in item.numbers}
        for reading in self._readings:
            if counted <= {reading.source.number}:
                found = self._asked(reading, calls)
                if found is not None:
                    return found
        return None

    def _asked(self, reading: Reading, calls: list[_Call]) -> Reading | None:
        """Ask for states of one reference's groups; None where that cannot be."""
        number = reading.source.number
        asked = [
            item
            for item in calls
            if not _is_each_once(item.node) and (not item.is_repeated or item.numbers == {number})
        ]
        partials = [partial_of(item.node, reading.parts) for item in asked]
        if not all(partials) or not self._may_group(reading, asked):
            return None
        names = _Names(reading)
        states = [
            self._read(item, partial, names)
            for item, partial in zip(asked, partials, strict=True)
            if partial is not None
        ]
        found = replace(
            reading,
            computed=_each_once(self._computed(reading, names)),
            states=_each_once(item for group in states for item in group),
            is_grouped=True,
        )
        return self._told(found, names)

    def distinct(self) -> Reading | None:
        """Ask for each row once."""
        found = [item for item in self._readings if self._may_group(item, [])]
        if len(found) != 1 or not used_columns(self._tree, found[0]):
            return None
        return self._told(replace(found[0], is_grouped=True), _Names(found[0]))

    def _calls(self) -> Iterator[_Call]:
        """Yield the aggregates of this SELECT, with their FILTER."""
        for root in self._roots():
            for node in list(outside_queries(root)):
                if not is_aggregate(node):
                    continue
                whole = node.parent if isinstance(node.parent, exp.Filter) else node
                numbers = frozenset(source_number(column) for column in columns_of(whole))
                name = str(node.this).lower()
                is_repeated = name in _REPEATED or _is_each_once(whole)
                yield _Call(node=whole, numbers=numbers, is_repeated=is_repeated)

    def _roots(self) -> Iterator[exp.Expr]:
        yield from self._select.expressions
        for clause in ("having", "qualify", "order"):
            if self._select.args.get(clause) is not None:
                yield self._select.args[clause]
        yield from self._select.args.get("windows") or ()

    def _is_outer(self, node: exp.Expr) -> bool:
        """Whether an aggregate in a subquery is over rows of this SELECT."""
        if not is_aggregate(node) or node.find_ancestor(exp.Select) is self._select:
            return False
        return any(source_number(column) in self._own for column in columns_of(node))

    def _may_group(self, reading: Reading, calls: list[_Call]) -> bool:
        number = reading.source.number
        inside = [column for item in calls for column in columns_of(item.node)]
        asked = {id(column) for column in inside}
        names = {
            column.name.lower()
            for column in columns_of(self._tree)
            if source_number(column) == number and id(column) not in asked
        }
        keys = {name for name in names if any(part.column(name) for part in reading.parts)}
        if len(self._facts.sources) > 1:
            is_narrow = len(keys) == _JOINED_KEYS
            if not is_narrow or (calls and number in made_null(self._facts)):
                return False
        return all(_is_grouped(part, name) for part in reading.parts for name in keys)

    def _read(self, call: _Call, partial: Partial, names: "_Names") -> list[Output]:
        """Let the query read states where it computed an aggregate over rows."""
        outputs = [
            Output(name=names.of(item.node), node=item.node, cast=item.cast)
            for item in partial.states
        ]
        places = [_place(item.name, names.label) for item in outputs]
        call.node.replace(partial.merge(places))
        return outputs

    def _computed(self, reading: Reading, names: "_Names") -> Iterator[Output]:
        """Let providers group by a computed key where they compute it as it would be here."""
        group = self._select.args.get("group")
        for item in list(group.expressions) if group is not None else ():
            key = item
            if isinstance(item, exp.Literal) and not item.is_string:
                key = self._select.expressions[int(item.name) - 1].this
            own = {source_number(column) for column in columns_of(key)}
            if isinstance(key, exp.Column) or own != {reading.source.number}:
                continue
            if is_exact_value(key, reading.parts):
                written = key.copy()
                name = names.of(written)
                for node in self._same(written):
                    node.replace(_place(name, names.label))
                yield Output(name=name, node=written)

    def _same(self, key: exp.Expr) -> list[exp.Expr]:
        """List where a key stands in this SELECT."""
        group = self._select.args["group"]
        roots = [*self._roots(), group]
        return [node for root in roots for node in list(outside_queries(root)) if node == key]

    def _told(self, reading: Reading, names: "_Names") -> Reading:
        """Ask for a count where nothing else tells whether there is a row at all."""
        is_keyed = bool(reading.computed) or any(
            part.column(name)
            for name in used_columns(self._tree, reading)
            for part in reading.parts
        )
        if is_keyed or (self._facts.is_aggregated and self._select.args.get("group") is None):
            return reading
        rows = exp.Anonymous(this="count", expressions=[exp.Star()])
        name = names.of(rows)
        if any(item.name == name for item in reading.states):
            return replace(reading, counted=name)
        states = (*reading.states, Output(name=name, node=rows))
        return replace(reading, states=states, counted=name)


class _Names:
    """Names of what a provider computes, which none of its columns bears."""

    def __init__(self, reading: Reading) -> None:
        self.label = reading.source.label
        self._taken = {name.lower() for name in reading.relation.columns}
        self._known: dict[exp.Expr, str] = {}
        self._next = 0

    def of(self, node: exp.Expr) -> str:
        """Name a value; the same value twice by the same name."""
        if node not in self._known:
            self._known[node.copy()] = self._free()
        return self._known[node]

    def _free(self) -> str:
        while (name := f"s{self._next}") in self._taken:
            self._next += 1
        self._next += 1
        return name


def _each_once(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """Leave out what is asked for a second time by the same name."""
    return tuple({item.name: item for item in outputs}.values())


def _is_each_once(node: exp.Expr) -> bool:
    """Whether an aggregate takes each value once: then it is computed here, over groups by it."""
    call = node.this if isinstance(node, exp.Filter) else node
    return any(isinstance(item, exp.Distinct) for item in call.expressions)


def _is_grouped(part: Part, name: str) -> bool:
    column = part.column(name)
    return column is not None and parse_type(column.type).kind in _GROUPED


def _place(name: str, label: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(label))
