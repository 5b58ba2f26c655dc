"""The governed rows of a protected block: what each relation gives, and what that means in text.

Each relation of the block becomes a subquery `s0`, `s1`, … that gives only what the block uses:
columns as `c<relation>_<n>`, measures as `v<n>`, and for a dataset the hashes of units.
The text over raw columns of everything that decides which rows are counted is kept beside it: two
questions with the same text are the same question.
"""

import hashlib
from collections.abc import Iterator, Sequence

from sqlglot import exp

from sekisho.errors import Refusal
from sekisho.gate.draft import Draft
from sekisho.gate.governed import (
    column_value,
    keep_unique,
    measure_value,
    raw_column,
    unit_type,
    units_of,
    write_governed,
)
from sekisho.gate.lookups import LOOKUP_TYPES, collated, relation_of
from sekisho.gate.masks import shown_type
from sekisho.gate.names import with_clause
from sekisho.gate.views import View
from sekisho.model.names import DatasetId
from sekisho.model.plan import Measure, Unit
from sekisho.sql.blocks import Block, BlockColumn
from sekisho.sql.dialect import write_tree
from sekisho.sql.scopes import Source, identifier, source_number
from sekisho.sql.total import make_condition_total
from sekisho.sql.types import parse_type


class BlockRows:
    """Collects what one block needs of its relations, and writes the SELECT that gives it."""

    def __init__(self, block: Block, draft: Draft) -> None:
        """Take a block that the grant allows."""
        self._block = block
        self._draft = draft
        self._sources = {item.number: item for item in block.select.sources}
        self._known: dict[tuple[int, str], tuple[str, str, str]] = {}
        self._outputs: dict[int, list[exp.Alias]] = {number: [] for number in self._sources}
        self._measured: dict[tuple[int, str], int] = {}
        self.measures: list[Measure] = []
        """In the order in which they were asked for."""

    def column(self, column: BlockColumn) -> tuple[exp.Column, str, str]:
        """Have a relation give a column: its place in the rows, its text, its DuckDB type."""
        if column.key not in self._known:
            self._known[column.key] = self._added(column)
        name, text, type_name = self._known[column.key]
        return _place(name, column.source.number), text, type_name

    def measure(self, column: BlockColumn) -> int:
        """Have a dataset give a measure; its number."""
        if column.key not in self._measured:
            view = self._view_of(column.source)
            if view is None:
                raise RuntimeError("a measure is a dataset's")
            item = view.columns[column.name.lower()]
            value = measure_value(item, timezone=self._timezone)
            number = self._measured[column.key] = len(self.measures)
            raw = f"{view.dataset.id}.{raw_column(item)}"
            self.measures.append(Measure(column=raw, definition=write_tree(value)))
            self._outputs[column.source.number].append(_named(value, f"v{number}"))
        return self._measured[column.key]

    def units(self) -> tuple[Unit, ...]:
        """List whom the block protects, dataset by dataset."""
        return tuple(
            Unit(dataset=view.dataset.id, column=name, type=unit_type(view, name))
            for _, view in self._datasets()
            for name in units_of(view)
        )

    def definition(self) -> str:
        """Digest what decides which rows there are: datasets, row filters, joins and conditions."""
        views = [
            f"dataset {view.dataset.id}; {view.grant.where or ''}" for _, view in self._datasets()
        ]
        joins = [f"join {self._text(item)}" for item in self._joins()]
        filters = [f"where {self._text(item.node)}" for item in self._block.conditions]
        whole = "\n".join((*views, *sorted(joins), *sorted(filters)))
        return hashlib.sha256(whole.encode()).hexdigest()

    def select(self, keys: Sequence[exp.Column]) -> exp.Select:
        """Write the SELECT of the governed rows, once everything has been asked for."""
        condition = self._condition()
        outputs = [_named(place, f"k{at}") for at, place in enumerate(keys)]
        outputs += [_named(place, f"u{at}") for at, place in enumerate(self._unit_places())]
        outputs += [
            _named(_place(f"v{at}", number), f"v{at}") for (number, _), at in self._measured.items()
        ]
        if condition is not None:
            outputs.append(_named(exp.Is(this=exp.paren(condition), expression=exp.true()), "f"))
        # Asked for before the relations are written, which list what was asked for.
        conditions = {source.number: self._join_condition(source) for source in self._joined()}
        first, *others = self._block.select.sources
        joins = [
            exp.Join(this=self._relation(source), on=conditions[source.number]) for source in others
        ]
        return exp.Select(
            expressions=outputs, from_=exp.From(this=self._relation(first)), joins=joins
        )

    def _datasets(self) -> Iterator[tuple[int, View]]:
        for number, source in self._sources.items():
            view = self._view_of(source)
            if view is not None:
                yield number, view

    def _view_of(self, source: Source) -> View | None:
        return self._draft.views.get(DatasetId(source.relation.key)) if source.relation else None

    def _unit_places(self) -> Iterator[exp.Column]:
        for number, view in self._datasets():
            for at, _ in enumerate(units_of(view)):
                yield _place(f"u{number}_{at}", number)

    def _added(self, column: BlockColumn) -> tuple[str, str, str]:
        number = column.source.number
        outputs = self._outputs[number]
        name = f"c{number}_{len(outputs)}"
        view = self._view_of(column.source)
        lookup = self._draft.lookup_of(column.source)
        if view is not None:
            item = view.columns[column.name.lower()]
            value = column_value(item, timezone=self._timezone)
            found = (name, f"{view.dataset.id}:{write_tree(value)}", shown_type(item.type))
        elif lookup is not None:
            value = exp.Column(this=identifier(column.name))
            is_key = column.name.lower() == lookup.key.lower()
            kind = self._key_type(column) if is_key else LOOKUP_TYPES[lookup.columns[column.name]]
            found = (name, f"lookup {lookup.name}:{column.name}", kind)
        else:
            raise RuntimeError("a block reads neither a dataset nor a lookup")
        outputs.append(_named(value, name))
        return found

    def _key_type(self, column: BlockColumn) -> str:
        """Read a lookup's key as what it is joined with."""
        pair = next(item for item in self._block.pairs if item.right.key == column.key)
        return self.column(pair.left)[2]

    def _joined(self) -> tuple[Source, ...]:
        return self._block.select.sources[1:]

    def _joins(self) -> Iterator[exp.Expr]:
        for pair in self._block.pairs:
            yield exp.EQ(this=pair.left.node.copy(), expression=pair.right.node.copy())

    def _join_condition(self, source: Source) -> exp.Expr:
        equal = [
            exp.EQ(this=pair.left.node.copy(), expression=pair.right.node.copy())
            for pair in self._block.pairs
            if pair.right.source is source
        ]
        condition = self._written(exp.and_(*equal, copy=False))
        if self._draft.lookup_of(source) is not None:
            self._collate(condition, joined=source)
        return condition

    def _collate(self, condition: exp.Expr, *, joined: Source) -> None:
        """Compare the key of a table that is brought by its characters alone."""
        left = next(pair.left for pair in self._block.pairs if pair.right.source is joined)
        place, _, type_name = self.column(left)
        for node in list(condition.find_all(exp.Column)):
            if (node.table, node.name) == (place.table, place.name):
                node.replace(collated(node.copy(), type_name))

    def _condition(self) -> exp.Expr | None:
        conditions = [item.node.copy() for item in self._block.conditions]
        return self._written(exp.and_(*conditions, copy=False)) if conditions else None

    def _written(self, condition: exp.Expr) -> exp.Expr:
        """Write a condition over the relations' outputs, so that it cannot fail."""
        holder = exp.Where(this=condition)
        types = {}
        for node in list(holder.find_all(exp.Column)):
            place, _, type_name = self.column(self._block_column(node))
            types[place.name] = parse_type(type_name)
            node.replace(place)
        return make_condition_total(holder.this, types)

    def _text(self, condition: exp.Expr) -> str:
        """Write a condition over raw columns, as a definition."""
        holder = exp.Where(this=condition.copy())
        for node in list(holder.find_all(exp.Column)):
            node.replace(identifier(self.column(self._block_column(node))[1]))
        return write_tree(holder.this)

    def _block_column(self, node: exp.Expr) -> BlockColumn:
        return BlockColumn(source=self._sources[source_number(node)], name=node.name, node=node)

    def _relation(self, source: Source) -> exp.Subquery:
        """Write what stands for a relation among the rows; a joined dataset by its unique keys."""
        view = self._view_of(source)
        columns = self._outputs[source.number]
        if view is None:
            lookup = self._draft.lookup_of(source)
            name = relation_of(lookup) if lookup is not None else ""
            select = exp.Select(
                expressions=columns, from_=exp.From(this=exp.Table(this=identifier(name)))
            )
        else:
            select = self._governed(view, source, columns)
        keys = [
            self.column(pair.right)[0].name
            for pair in self._block.pairs
            if pair.right.source is source
        ]
        if view is not None and keys:
            select = keep_unique(select, keys)
        return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(f"s{source.number}")))

    def _governed(self, view: View, source: Source, columns: list[exp.Alias]) -> exp.Select:
        question = self._draft.question
        try:
            return write_governed(
                view,
                columns,
                number=source.number,
                parser=question.parser,
                limits=question.limits,
            )
        except Refusal as refusal:
            clause = f"{self._draft.clause}.where"
            raise with_clause(refusal, self._draft, clause=clause) from None

    @property
    def _timezone(self) -> str:
        return self._draft.question.signed.contract.term.timezone


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=identifier(name))


def _place(name: str, number: int) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(f"s{number}"))
