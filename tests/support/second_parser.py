"""DuckDB's own parser in the test's process; in production it runs in a worker."""

import duckdb


class DuckDBParser:
    """A `SecondParser` over one in-memory connection."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")

    def parse(self, sql: str) -> str:
        """Return the tree or the error that DuckDB makes of a text."""
        rows = self._connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchall()
        return str(rows[0][0])
