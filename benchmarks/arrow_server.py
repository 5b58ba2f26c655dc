"""The peer: Arrow's own C++ Flight server over DuckDB and the same file, and its C++ client.

It is what a company would set up without governance: mutual TLS, no contract, no ledger. Run as a
program it serves until its input ends: `arrow_server.py PARQUET KEY CERTIFICATE ANCHOR`.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.flight
from companies import PROVIDER, Pair

HOST = "127.0.0.1"


class Server(pyarrow.flight.FlightServerBase):  # type: ignore[misc]  # published without types
    """Answers any SQL text; a ticket is the text."""

    def __init__(self, parquet: str, *, key: bytes, certificate: bytes, anchor: bytes) -> None:
        """Listen on a free port for those whose certificate the anchor issued."""
        super().__init__(
            f"grpc+tls://{HOST}:0",
            tls_certificates=[(certificate, key)],
            verify_client=True,
            root_certificates=anchor,
        )
        self._db = duckdb.connect()
        rows = self._db.read_parquet(parquet).filter("NOT cancelled")
        rows.create_view("flights")

    def do_get(
        self, _context: pyarrow.flight.ServerCallContext, ticket: pyarrow.flight.Ticket
    ) -> pyarrow.flight.FlightDataStream:
        """Run a query and stream its batches."""
        reader = self._db.cursor().sql(ticket.ticket.decode()).to_arrow_reader(65_536)
        return pyarrow.flight.RecordBatchStream(reader)


class Client:
    """Reads whole answers with Arrow's C++ client."""

    def __init__(self, port: int, pair: Pair) -> None:
        """Connect with the consumer's certificate."""
        credentials = pair.consumer.credentials
        self._client = pyarrow.flight.connect(
            f"grpc+tls://{HOST}:{port}",
            tls_root_certs=pair.provider.anchor,
            cert_chain=credentials.certificate,
            private_key=credentials.key,
            override_hostname=PROVIDER,
        )

    def read(self, sql: str) -> int:
        """Ask, read every batch and drop it; give the rows."""
        rows = 0
        for chunk in self._client.do_get(pyarrow.flight.Ticket(sql.encode())):
            rows += chunk.data.num_rows
        return rows

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@contextmanager
def arrow_serving(pair: Pair, parquet: Path) -> Iterator[Client]:
    """Run the server in a process of its own while the block runs."""
    folder = pair.provider.folder
    files = (
        parquet,
        folder.key("tls"),
        folder.certificate("tls"),
        pair.consumer.folder.certificate("anchor"),
    )
    command = [sys.executable, __file__, *map(str, files)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        client = Client(int(process.stdout.readline()), pair)
        try:
            yield client
        finally:
            client.close()
            process.communicate()


def main() -> None:
    """Serve until the input ends."""
    parquet, key, certificate, anchor = sys.argv[1:]
    server = Server(
        parquet,
        key=Path(key).read_bytes(),
        certificate=Path(certificate).read_bytes(),
        anchor=Path(anchor).read_bytes(),
    )
    print(server.port, flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
