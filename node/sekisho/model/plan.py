"""What one engine will run: text that the gate wrote anew, never the consumer's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.model.names import DatasetId


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A decision that says yes: what runs, over what, and under which clauses."""

    sql: str
    """DuckDB text, rebuilt from the tree; reads relations `"data"."<dataset name>"` only."""
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
