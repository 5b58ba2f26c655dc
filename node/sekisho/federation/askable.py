"""Blocks of statistics as they may be asked: of which providers, each under one of its grants.

What a provider's gate would refuse by the contract alone is refused here, in the same words, before
anybody is asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.catalog import Part
from sekisho.federation.draft import Draft
from sekisho.federation.providers import Readings, is_provider, providers_of, without_provider
from sekisho.model.contract import Grant, Lookup
from sekisho.model.names import PartyId
from sekisho.sql.block_uses import BlockTerms, Governed, check_block, example_of
from sekisho.sql.blocks import Block, BlockColumn, find_blocks
from sekisho.sql.places import place_of, shown, syntax_refusal, written_name
from sekisho.sql.scopes import SelectFacts, Source
from sekisho.sql.types import NUMBERS, parse_type

_AGGREGATE_FIRST = "aggregate each dataset in a WITH of its own, and join those"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPart:
    """One provider that is asked for a block."""

    party: PartyId
    alias: str
    datasets: Mapping[int, Part]
    """What it shows, by number of the source."""
    lookups: Mapping[int, Lookup] = field(default_factory=dict)
    """What is brought to it under the grant that allows the block, likewise."""
    grant: Grant | None = None
    """None where it gives rows: then its gate alone decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBlock:
    """A block, and who is asked for it."""

    block: Block
    """As the query has it."""
    plain: Block
    """The same without `provider`: what each provider is asked."""
    parts: tuple[AskedPart, ...]
    keys: tuple[int, ...]
    """Which of the block's keys those of `plain` are."""
    provider_keys: tuple[int, ...]
    """Which of them are `provider`."""

    @property
    def is_merged(self) -> bool:
        """Whether several providers' cells become one."""
        return len(self.parts) > 1 and not self.provider_keys


def find_asked(draft: Draft) -> tuple[AskedBlock, ...]:
    """Find the blocks of a query, and who is asked for each.

    Raises:
        Refusal: A block does what no grant lets it do, or what cannot be put together here.
    """
    readings = {item.source.number: item for item in draft.readings}
    protected = {number for number, item in readings.items() if item.relation.is_protected}
    for facts in draft.settled().selects:
        _check_neighbours(facts, readings, protected)
    blocks = find_blocks(draft.settled(), protected)
    return tuple(_asked(block, readings) for block in blocks)


def _check_neighbours(facts: SelectFacts, readings: Readings, protected: set[int]) -> None:
    """Refuse to join governed rows with rows that do not come from a grant of statistics."""
    beside = [readings[item.number] for item in facts.sources if item.number in protected]
    brought = {
        lookup.name
        for reading in beside
        for part in reading.parts
        for grant in part.grants
        for lookup in grant.lookups
    }
    for source in facts.sources if beside else ():
        reading = readings.get(source.number)
        if reading is None or source.number in protected:
            continue
        if not reading.relation.is_local:
            message = "governed rows are not joined with other rows"
            raise syntax_refusal(message, source.node, hint=_AGGREGATE_FIRST)
        if reading.relation.name.lower() not in brought:
            raise _not_brought(reading.relation.qualified, source, brought=brought)


def _not_brought(name: str, source: Source, *, brought: Iterable[str]) -> Refusal:
    line, column = place_of(source.node)
    return Refusal(
        RefusalReason.SYNTAX_NOT_ALLOWED,
        f"{shown(name)} is not joined with governed rows: the grant lists no such lookup",
        line=line,
        column=column,
        allowed=tuple(f"local.{item}" for item in sorted(brought)),
        hint="aggregate in a WITH first, and join the figures with it",
    )


def _asked(block: Block, readings: Readings) -> AskedBlock:
    plain = without_provider(block, readings)
    shown_by = providers_of(block, readings)
    parts = tuple(
        _allowed(plain, {number: found[party] for number, found in shown_by.items()}, readings)
        for party in next(iter(shown_by.values()))
    )
    if len(parts) > 1:
        _check_alike(plain, parts)
    numbers = range(len(block.keys))
    provider_keys = tuple(at for at in numbers if is_provider(block.keys[at], readings))
    return AskedBlock(
        block=block,
        plain=plain,
        parts=parts,
        keys=tuple(at for at in numbers if at not in provider_keys),
        provider_keys=provider_keys,
    )


def _allowed(plain: Block, datasets: Mapping[int, Part], readings: Readings) -> AskedPart:
    """Find the first grant of one provider that allows a block."""
    first = next(iter(datasets.values()))
    if not any(part.is_protected for part in datasets.values()):
        for source in _local(plain, readings):
            raise _not_brought(readings[source.number].relation.qualified, source, brought=())
        return AskedPart(party=first.party, alias=first.alias, datasets=datasets)
    refusals: list[Refusal] = []
    for grant in _common(datasets.values()):
        try:
            return _under(grant, plain, datasets, readings=readings)
        except Refusal as refusal:
            refusals.append(refusal)
    raise refusals[0] if refusals else _never_combined(plain, datasets.values())


def _common(parts: Iterable[Part]) -> list[Grant]:
    """List the grants that show all of several datasets."""
    first, *others = parts
    names = [{item.grant for item in part.grants} for part in others]
    return [item for item in first.grants if all(item.grant in found for found in names)]


def _under(
    grant: Grant, plain: Block, datasets: Mapping[int, Part], *, readings: Readings
) -> AskedPart:
    """Hold a block to one grant.

    Raises:
        Refusal: It does not allow it.
    """
    first = next(iter(datasets.values()))
    lookups = dict(_lookups(grant, plain, readings))
    governed = {number: _governed(grant, part) for number, part in datasets.items()}
    relation = readings[plain.select.sources[0].number].relation
    terms = BlockTerms(
        clause=f"grants.{grant.grant}",
        functions=grant.functions,
        relations={**governed, **lookups},
        example=example_of(grant, relation.name if relation.has_provider else relation.qualified),
    )
    check_block(plain, terms)
    _check_brought(plain, lookups, clause=terms.clause)
    return AskedPart(
        party=first.party, alias=first.alias, datasets=datasets, lookups=lookups, grant=grant
    )


def _governed(grant: Grant, part: Part) -> Governed:
    shown_columns = {item.name.lower(): item.type for item in part.columns}
    return Governed(
        name=part.dataset,
        uses={
            name.lower(): item.uses(grant.access)
            for name, item in grant.columns.items()
            if name.lower() in shown_columns
        },
        units=grant.privacy_units,
        without_numbers=frozenset(
            name for name, kind in shown_columns.items() if kind and not _has_numbers(kind)
        ),
    )


def _has_numbers(kind: str) -> bool:
    return parse_type(kind).kind in NUMBERS | {"bool"}


def _lookups(grant: Grant, plain: Block, readings: Readings) -> Iterator[tuple[int, Lookup]]:
    known = {item.name: item for item in grant.lookups}
    for source in _local(plain, readings):
        relation = readings[source.number].relation
        lookup = known.get(relation.name.lower())
        if lookup is None:
            raise _not_brought(relation.qualified, source, brought=known)
        yield source.number, lookup


def _local(plain: Block, readings: Readings) -> Iterator[Source]:
    """Yield the sources of a block that are the company's own."""
    for source in plain.select.sources:
        if readings[source.number].relation.is_local:
            yield source


def _check_brought(plain: Block, lookups: Mapping[int, Lookup], *, clause: str) -> None:
    """Refuse a column of the company's own table that its lookup does not bring."""
    for column in _columns(plain):
        lookup = lookups.get(column.source.number)
        names = (lookup.key, *lookup.columns) if lookup is not None else ()
        if lookup is not None and column.name.lower() not in {name.lower() for name in names}:
            line, place = place_of(column.node)
            raise Refusal(
                RefusalReason.COLUMN_NOT_GRANTED,
                f"the column {shown(written_name(column.node))} is not granted",
                clause=f"{clause}.lookups.{lookup.name}.columns",
                line=line,
                column=place,
                allowed=names,
                hint="ask the provider to let the lookup bring it in an amendment",
            )


def _columns(plain: Block) -> Iterator[BlockColumn]:
    yield from plain.keys
    yield from (item.column for item in plain.conditions)
    for pair in plain.pairs:
        yield from (pair.left, pair.right)


def _check_alike(plain: Block, parts: tuple[AskedPart, ...]) -> None:
    """Refuse to group by or compare a column that is not of one kind at every provider."""
    for column in (*plain.keys, *(item.column for item in plain.conditions)):
        kinds: dict[str, str] = {}
        for part in parts:
            for kind in _kind_of(column, part):
                kinds.setdefault(kind, part.alias)
        if len(kinds) > 1:
            each = " and ".join(f"{kind} at {shown(alias)}" for kind, alias in kinds.items())
            message = f"{shown(column.name)} is {each}"
            raise syntax_refusal(message, column.node, hint="ask one provider at a time")


def _kind_of(column: BlockColumn, part: AskedPart) -> Iterator[str]:
    """Say of what kind a column is at a provider, where that is known."""
    dataset = part.datasets.get(column.source.number)
    found = dataset.column(column.name) if dataset is not None else None
    if found is not None and found.type:
        kind = parse_type(found.type)
        yield "a number" if kind.is_number else kind.words


def _never_combined(plain: Block, parts: Iterable[Part]) -> Refusal:
    names = dict.fromkeys(grant.grant for part in parts for grant in part.grants)
    listed = " and ".join(f"`{name}`" for name in names)
    line, column = place_of(plain.select.sources[-1].node)
    return Refusal(
        RefusalReason.DATASET_NOT_GRANTED,
        f"the query names datasets of the grants {listed}, and grants are never combined",
        clause="grants",
        line=line,
        column=column,
        hint=_AGGREGATE_FIRST,
    )
