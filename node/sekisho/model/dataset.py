"""What a provider offers: datasets, their columns, and what kind of information each one is."""

from dataclasses import dataclass, field
from enum import StrEnum

from sekisho.model.names import DatasetId


class ColumnClass(StrEnum):
    """What kind of information a column holds, as its provider says."""

    IDENTIFIER = "identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    HEALTH = "health"
    PERSONAL = "personal"
    COMMERCIAL = "commercial"
    SENSITIVE = "sensitive"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a dataset."""

    name: str
    type: str
    """A DuckDB type name, such as `SMALLINT` or `DECIMAL(12,2)`."""
    column_class: ColumnClass | None = None
    unit: str = ""
    """Unit of measure, such as `min`."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named relation that a provider offers."""

    id: DatasetId
    columns: tuple[Column, ...]
    privacy_units: tuple[str, ...] = ()
    """Columns that name who is protected."""
    tags: tuple[str, ...] = ()
    description: str = ""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Index the columns as engines name them, without regard to case."""
        object.__setattr__(self, "_by_name", {item.name.lower(): item for item in self.columns})

    def column(self, name: str) -> Column | None:
        """Find a column by name as an engine would, without regard to case."""
        return self._by_name.get(name.lower())
