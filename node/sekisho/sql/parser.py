"""The port through which a second parser, the engine's own, gives its opinion of a text."""

from typing import Protocol


class SecondParser(Protocol):
    """Reads a text with DuckDB's own parser; in production in a worker process."""

    def parse(self, sql: str) -> str:
        """Return what DuckDB's `json_serialize_sql` says of a text: its tree, or its error."""
