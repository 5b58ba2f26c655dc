"""node.yaml: everything an operator settles, as one frozen value."""

from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, StringConstraints, model_validator

from sekisho.documents.models import parse_model
from sekisho.documents.yaml import parse_yaml
from sekisho.model.dataset import Column, ColumnClass, Dataset
from sekisho.model.names import NAME_PATTERN, DatasetId, PartyId, is_alias, join_dataset
from sekisho.model.terms import DocumentModel, ShortText, mistake
from sekisho.model.terms_values import Party, Size

ADDRESS_PATTERN = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
Address = Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)]
"""`HOST:PORT`."""
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""Relative to the node's folder, or absolute."""
DatasetName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


def _alias(value: object) -> str:
    if isinstance(value, str) and is_alias(value):
        return value
    message = f"`{value}` cannot be an alias"
    hint = "write a lower-case word of letters, digits and `_` that SQL does not use itself"
    raise mistake(message, hint)


Alias = Annotated[str, PlainValidator(_alias)]


class Listen(DocumentModel):
    """Where the two faces are served."""

    peers: Address
    users: Address
    console: Address | None = None


class EngineConfig(DocumentModel):
    """What runs the plans, and how much it may use."""

    kind: Literal["duckdb"] = "duckdb"
    memory: Size = 2_000_000_000
    """Bytes a worker."""
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    """A worker."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Kept warm; more are started on demand."""
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 600
    """A query's time at most."""


class RetentionConfig(DocumentModel):
    """How long the ledger says what was asked and answered."""

    days_after_contract: Annotated[int, Field(ge=1, le=36_500)]
    """Days from a contract's end until its entries are pruned: what they said is deleted, that they
    were there stays proven."""


class SourceConfig(DocumentModel):
    """Where a dataset's rows are: one file."""

    parquet: Path | None = None
    csv: Path | None = None
    duckdb: Path | None = None
    table: ShortText | None = None
    """The table in a DuckDB file."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        kinds = [self.parquet, self.csv, self.duckdb]
        if sum(kind is not None for kind in kinds) != 1:
            message = "a source names exactly one file"
            raise mistake(message, "write one of `parquet:`, `csv:` and `duckdb:`")
        if (self.table is None) != (self.duckdb is None):
            message = "a table is named for a DuckDB file and for nothing else"
            raise mistake(message, "write `{duckdb: FILE, table: NAME}`")
        return self

    @property
    def kind(self) -> Literal["parquet", "csv", "duckdb"]:
        """The kind of file."""
        if self.parquet is not None:
            return "parquet"
        return "csv" if self.csv is not None else "duckdb"

    @property
    def path(self) -> str:
        """The file, as written."""
        return self.parquet or self.csv or self.duckdb or ""


class ColumnConfig(DocumentModel):
    """What the provider says about a column."""

    column_class: Annotated[ColumnClass | None, Field(alias="class", strict=False)] = None
    unit: ShortText | None = None
    description: ShortText | None = None


class DatasetConfig(DocumentModel):
    """One dataset that the company offers or uses itself."""

    source: SourceConfig
    description: str = ""
    tags: Annotated[tuple[ShortText, ...], Field(strict=False)] = ()
    privacy_units: Annotated[tuple[ShortText, ...], Field(strict=False)] = ()
    columns: dict[str, ColumnConfig] = {}

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        seen: dict[str, str] = {}
        for name in self.columns:
            first = seen.setdefault(name.lower(), name)
            if first != name:
                message = f"columns `{first}` and `{name}` are one column"
                raise mistake(message, "keep one of the two, with all that is said of it")
        return self

    def said(self, party: PartyId, name: str) -> Dataset:
        """Tell what this file alone says of the dataset: classes, units and tags, without types.

        What guardrails look at: they hold whether the data is there or not.
        """
        return self.describe(
            party, name, tuple(Column(name=column, type="") for column in self.columns)
        )

    def describe(self, party: PartyId, name: str, columns: tuple[Column, ...]) -> Dataset:
        """Join what the file says about its columns with what the provider says."""
        # As an engine names columns, without regard to case: a capital must not cost a class.
        said = {column.lower(): item for column, item in self.columns.items()}
        return Dataset(
            id=join_dataset(party, name),
            columns=tuple(_joined(item, said.get(item.name.lower())) for item in columns),
            privacy_units=self.privacy_units,
            tags=self.tags,
            description=self.description,
        )


def _joined(column: Column, said: ColumnConfig | None) -> Column:
    said = said or ColumnConfig()
    return Column(
        name=column.name,
        type=column.type,
        column_class=said.column_class,
        unit=said.unit or "",
        description=said.description or "",
    )


class NodeConfig(DocumentModel):
    """The whole of node.yaml."""

    format: Literal["sekisho.node/v1"]
    party: Party
    alias: Alias | None = None
    """How this party likes to be called in contracts that it writes."""
    listen: Listen
    advertise: Address
    """Where other companies reach the peers' face."""
    state: Annotated[str, StringConstraints(pattern=r"^(sqlite:|postgresql://).+$")] = (
        "sqlite:state/node.db"
    )
    """A file, or a database that several replicas of the node share."""
    engine: EngineConfig = EngineConfig()
    retention: RetentionConfig | None = None
    """Entries are kept for ever where it is left out."""
    datasets: dict[DatasetName, DatasetConfig] = {}
    acknowledge_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    """How long answers that other companies gave wait at most before they are acknowledged, many
    together; a day at most, so that no provider waits for longer."""
    guardrails: tuple[Path, ...] = ()
    """What this company demands of every contract; read when the node starts."""

    def said_datasets(self) -> dict[DatasetId, Dataset]:
        """Tell what this file alone says of each dataset, see `DatasetConfig.said`."""
        return {
            join_dataset(self.party, name): item.said(self.party, name)
            for name, item in self.datasets.items()
        }


def parse_config(data: bytes, *, name: str = "node.yaml") -> NodeConfig:
    """Read node.yaml.

    Raises:
        DocumentError: With every finding, its place and its mend.
    """
    return parse_model(parse_yaml(data, name=name), NodeConfig)
