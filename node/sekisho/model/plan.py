"""What one engine will run: text that the gate wrote anew, never the consumer's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sekisho.model.names import DatasetId


class FigureKind(StrEnum):
    """What may be published of a cell."""

    COUNT = "count"
    """Rows, or values that are not NULL of a measure."""
    UNITS = "units"
    """Distinct privacy units."""
    SUM = "sum"
    MEAN = "mean"
    DEVIATION = "deviation"
    """Of a sample."""

    @property
    def is_count(self) -> bool:
        """Whether it tells how many rows or units there are."""
        return self in {FigureKind.COUNT, FigureKind.UNITS, FigureKind.SUM}

    @property
    def is_value(self) -> bool:
        """Whether it tells what a measure's values come to."""
        return self in {FigureKind.SUM, FigureKind.MEAN, FigureKind.DEVIATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One output of a protected block."""

    kind: FigureKind
    measure: int | None = None
    """Which of the block's measures; None for rows and units."""
    unit: int | None = None
    """Which of the block's units are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A column by which a block groups."""

    type: str
    """DuckDB type, to which the text of a key is brought back."""
    definition: str
    """The expression over raw columns that gives it: what tells one question from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Who is protected in one of the datasets that a block reads."""

    dataset: DatasetId
    column: str
    type: str
    """DuckDB type of the column: hashes of units compare only while it stays the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a block sums up."""

    column: str
    """`DATASET.COLUMN` behind it: figures over one column are compared, whatever clamps it."""
    definition: str
    """Mask, clamp or threshold included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a cell must meet before it is published; percent are whole."""

    minimum_units: int
    largest_percent: int
    two_largest_percent: int
    p_percent: int
    round_counts_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedLookup:
    """A table that the consumer brings, as one block joins it; its content is not part of a plan.

    The content must fit the provider's rows before it is joined: see `disclosure.lookups`.
    """

    name: str
    """As the contract names it."""
    dataset: DatasetId
    """What it is joined to."""
    relation: str
    """What the block's text reads, such as `lookup_planes`."""
    columns: tuple[tuple[str, str], ...]
    """Names and DuckDB types of the relation: the key first, of the type that it is compared with,
    then the others in the order of their names."""
    sql: str
    """Gives the key and the units of every granted row: `k`; `u0`, … keyed hashes."""
    parameters: Mapping[str, str]
    secrets: tuple[str, ...]
    """Parameters of `sql` that hold the node's secrets."""
    units: int
    """How many hashes of units `sql` gives."""
    minimum_units: int
    """Fewest units that a combination of the columns' values stands for."""
    must_match: bool
    """Whether every key must be found, and every combination stand for enough units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedBlock:
    """Governed rows that leave as protected cells only."""

    name: str
    """The relation of the plan's text that its cells become, such as `cells_0`: columns `k0`, …
    for its keys and `f0`, … for its figures."""
    sql: str
    """Gives the governed rows: `k0`, … keys; `u0`, … keyed hashes of units; `v0`, … measures as
    DOUBLE; `f`, whether the filter holds, where there is one."""
    parameters: Mapping[str, str]
    bound: tuple[str, ...] = ()
    """Names of the query's parameters, each of which is `$v_<name>` in `sql`."""
    secrets: tuple[str, ...]
    """Parameters that hold the node's secrets: `m1` for hashes, `k1` and `k2` for pseudonyms."""
    keys: tuple[Key, ...]
    units: tuple[Unit, ...]
    measures: tuple[Measure, ...]
    figures: tuple[Figure, ...]
    is_filtered: bool
    terms: Terms
    definition: str
    """Digest of datasets, row filters, conditions and joins: what the rows are."""
    lookups: tuple[JoinedLookup, ...] = ()
    """Tables that the consumer brings, each of another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A decision that says yes: what runs, over what, and under which clauses."""

    sql: str
    """DuckDB text, rebuilt from the tree; reads `"data"."<dataset name>"`, or the cells of its
    blocks."""
    parameters: Mapping[str, str]
    """Text literals of the query by parameter name, `$p0` in `sql`."""
    bound: tuple[str, ...]
    """Names of the query's parameters, each of which is `$v_<name>` in `sql`."""
    pseudonyms: bool
    """Whether `$k1` and `$k2`, the pseudonym keys in hex, are needed as parameters."""
    datasets: tuple[DatasetId, ...]
    columns: tuple[str, ...]
    """Names of the output."""
    clauses: tuple[str, ...]
    """Clauses of the contract that were used, such as `grants.delays.columns.origin`."""
    grant: str
    """Name of the grant that allowed it."""
    blocks: tuple[ProtectedBlock, ...] = ()
    """What disclosure control computes first; none where rows may leave."""

    @property
    def lookups(self) -> frozenset[str]:
        """Names of the tables that the consumer must have brought."""
        return frozenset(item.name for block in self.blocks for item in block.lookups)
