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
    max_plan_nodes: int = 20_000
    """Nodes of a query's tree; bounds the gate's time."""


DEFAULT_LIMITS = Limits()
