"""The rule that asks for statistics: a fragment for each block and provider, and their merge.

What stands above a block (expressions over its keys and figures, HAVING, ORDER BY, LIMIT, the
SELECTs and joins around it) is computed here, over the merged cells.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from sekisho.federation.askable import AskedBlock, AskedPart, find_asked
from sekisho.federation.draft import Draft, Fragment, Fragments, LookupUse, Merge
from sekisho.federation.exactness import RETYPED
from sekisho.federation.figures import AskedFigure, Figures, figure_of, figures_of
from sekisho.federation.merging import Given, gaps, merged, side_by_side
from sekisho.federation.pushing import conjunction
from sekisho.model.plan import FigureKind
from sekisho.sql.blocks import BlockColumn
from sekisho.sql.cells import cell_place, free_cells_name, read_cells
from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import Source, identifier, source_number

_WRITTEN = {
    FigureKind.COUNT: "count",
    FigureKind.UNITS: "count",
    FigureKind.SUM: "sum",
    FigureKind.MEAN: "avg",
    FigureKind.DEVIATION: "stddev",
}


def ask_for_statistics(draft: Draft) -> Draft:
    """Ask for every block over governed rows, and read the merged cells in its place.

    Raises:
        Refusal: What no grant allows, or what cannot be put together from several providers.

    Source:
        `docs/spec/federation.md`, steps 1 to 4.
    """
    blocks = find_asked(draft)
    fragments = Fragments(draft)
    merges: list[Merge] = []
    for number, asked in enumerate(blocks):
        merges += _read(asked, fragments, name=free_cells_name(draft.tree, number))
    done = {source.number for asked in blocks for source in asked.block.select.sources}
    selects = {asked.block.select.number for asked in blocks}
    resolved = draft.settled()
    return replace(
        draft,
        resolved=replace(
            resolved,
            # A SELECT over cells reads no relation any more.
            selects=tuple(
                replace(facts, sources=(), is_aggregated=False)
                if facts.number in selects
                else facts
                for facts in resolved.selects
            ),
        ),
        readings=tuple(item for item in draft.readings if item.source.number not in done),
        fragments=fragments.all,
        merges=tuple(merges),
    )


def _read(asked: AskedBlock, fragments: Fragments, *, name: str) -> Iterator[Merge]:
    """Ask each provider for a block, and let its SELECT read what they give."""
    figures = figures_of(asked)
    given = [
        _given(asked, part, _ask(asked, part, figures, fragments=fragments)) for part in asked.parts
    ]
    for call in asked.block.calls:
        at = figures.number_of(figure_of(call))
        call.node.replace(cell_place(f"f{at}", name))
    relation = name
    if len(given) == 1 and all(sql == f'"{key}"' for key, sql in given[0].keys.items()):
        relation = given[0].fragment
    else:
        yield _merge(asked, figures, given, name=name)
    alias = exp.TableAlias(this=identifier(name)) if relation != name else None
    read_cells(asked.block, exp.Table(this=identifier(relation), alias=alias), name=name)


def _merge(asked: AskedBlock, figures: Figures, given: list[Given], *, name: str) -> Merge:
    keys = [f"k{at}" for at in asked.keys]
    return Merge(
        name=name,
        sql=merged(given, figures) if asked.is_merged else side_by_side(given, figures),
        gaps=gaps(given, figures, keys) if len(given) > 1 else "",
    )


def _given(asked: AskedBlock, part: AskedPart, fragment: Fragment) -> Given:
    keys = {}
    for at, column in enumerate(asked.block.keys):
        name = f"k{at}"
        keys[name] = f"'{part.alias}'" if at in asked.provider_keys else _key(name, column, part)
    return Given(
        fragment=fragment.name,
        party=part.party,
        keys=keys,
        is_one=not asked.keys and asked.block.is_grouped,
    )


def _key(name: str, column: BlockColumn, part: AskedPart) -> str:
    """Read a key, brought back to the type that it has at the provider."""
    dataset = part.datasets.get(column.source.number)
    found = dataset.column(column.name) if dataset is not None else None
    kind = found.type.upper() if found is not None else ""
    return f'CAST("{name}" AS {kind})' if kind in RETYPED else f'"{name}"'


def _ask(asked: AskedBlock, part: AskedPart, figures: Figures, *, fragments: Fragments) -> Fragment:
    """Write what one provider is asked for a block."""
    keys = {f"k{at}": asked.block.keys[at] for at in asked.keys}
    names = (*keys, *(f"f{at}" for at in range(len(figures.asked))))
    select = _Question(asked, part).select(keys, figures)
    return fragments.ask(part.party, select, columns=names, lookups=tuple(_lookups(asked, part)))


def _lookups(asked: AskedBlock, part: AskedPart) -> Iterator[LookupUse]:
    for source in asked.plain.select.sources:
        lookup = part.lookups.get(source.number)
        if lookup is not None and source.relation is not None:
            yield LookupUse(
                name=lookup.name,
                key=lookup.key,
                columns={name: kind.value for name, kind in lookup.columns.items()},
                dataset=source.relation.key.rpartition(".")[2],
            )


class _Question:
    """Writes one SELECT over a provider's own names."""

    def __init__(self, asked: AskedBlock, part: AskedPart) -> None:
        self._plain = asked.plain
        self._part = part
        self._sources = asked.plain.select.sources

    def select(self, keys: Mapping[str, BlockColumn], figures: Figures) -> exp.Select:
        outputs = [_named(self._place(column), name) for name, column in keys.items()]
        outputs += [_named(self._figure(item), f"f{at}") for at, item in enumerate(figures.asked)]
        first, *others = self._sources
        select = exp.Select(
            expressions=outputs,
            from_=exp.From(this=self._table(first)),
            joins=[exp.Join(this=self._table(item), on=self._on(item)) for item in others],
        )
        if self._plain.conditions:
            nodes = [self._written(item.node) for item in self._plain.conditions]
            select.set("where", exp.Where(this=conjunction(tuple(nodes))))
        if keys:
            columns = [self._place(column) for column in keys.values()]
            select.set("group", exp.Group(expressions=columns))
        return select

    def _table(self, source: Source) -> exp.Table:
        lookup = self._part.lookups.get(source.number)
        name = lookup.name if lookup else self._part.datasets[source.number].dataset
        alias = exp.TableAlias(this=identifier(source.label)) if len(self._sources) > 1 else None
        return exp.Table(this=identifier(name), alias=alias)

    def _on(self, source: Source) -> exp.Expr:
        equal = [
            exp.EQ(this=self._place(pair.left), expression=self._place(pair.right))
            for pair in self._plain.pairs
            if pair.right.source is source
        ]
        if not equal:
            message = f"{shown(source.alias)} is joined on nothing"
            raise syntax_refusal(message, source.node, hint="write JOIN … ON a.key = b.key")
        return conjunction(tuple(equal))

    def _figure(self, figure: AskedFigure) -> exp.Expr:
        value: exp.Expr = exp.Star() if figure.column is None else self._place(figure.column)
        if figure.kind is FigureKind.UNITS:
            value = exp.Distinct(expressions=[value])
        return exp.Anonymous(this=_WRITTEN[figure.kind], expressions=[value])

    def _written(self, condition: exp.Expr) -> exp.Expr:
        written = exp.paren(condition, copy=True)
        for node in list(written.find_all(exp.Column)):
            source = next(s for s in self._sources if s.number == source_number(node))
            node.replace(self._place(BlockColumn(source=source, name=node.name, node=node)))
        return written.unnest()

    def _place(self, column: BlockColumn) -> exp.Column:
        """Name a column; by its relation too, where there are several."""
        qualifier = identifier(column.source.label) if len(self._sources) > 1 else None
        return exp.Column(this=identifier(column.name), table=qualifier)


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=identifier(name))
