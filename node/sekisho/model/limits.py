"""Every bound of a node, named once, with its unit and its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that hold whatever a contract says; tests make smaller ones."""

    max_document_bytes: int = 1_000_000
    """An authored document; the longest real contracts are under 100 kB."""
    max_document_depth: int = 32
    """Nesting of a document; a contract needs six."""
    max_document_nodes: int = 50_000
    """Scalars and collections in a document; bounds the reader's memory."""
    max_sql_bytes: int = 65_536
    """A query's text; both parsers were measured up to here."""
    max_sql_depth: int = 64
    """Open parentheses and keywords that nest; sqlglot's recursion fails at about 100."""
    max_tree_depth: int = 160
    """Levels of a query's tree; Python's recursion and DuckDB's `max_expression_depth` allow it."""
    max_plan_nodes: int = 20_000
    """Nodes of a query's tree; bounds the gate's time."""
    max_cells_per_day: int = 20_000
    """Cells of statistics that are published of one dataset in a day, to all consumers together:
    differences of two cells are held off one by one, linear systems over many by their number."""
    max_lookup_bytes: int = 4_000_000
    """A table that a consumer brings: it travels in one message, of which a node takes 4 MiB; some
    100,000 rows of a key and a word or two."""
    max_fragments: int = 200
    """Fragments of one query over many nodes; an engine takes so many inputs."""
    max_entry_bytes: int = 1_000_000
    """A ledger entry; the largest, a query's text or a receipt, stays below 200 kB."""
    max_clock_back_seconds: int = 5
    """How far behind the last entry an instant may be: callers pass each other."""
    max_waiting_writes: int = 4_096
    """Callers that wait for the disk; beyond that the node says so at once."""
    max_batch_writes: int = 256
    """Writes that are committed together; more no longer gains speed but delays the first."""
    reserve_rows: int = 1_000_000
    """Rows charged ahead of an answer: a durable write for about every 50 MB of it."""
    reserve_bytes: int = 64_000_000
    """Bytes charged ahead of an answer, likewise."""


DEFAULT_LIMITS = Limits()
