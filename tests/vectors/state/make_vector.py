"""Writes the state file of this release's tables, which `test_former_tables.py` reads.

Run once for each version of the tables, before it is released: a node answers, refuses, sees a
contract terminated, and is killed in the middle of an answer. `tests/vectors/state/` gets its state
and its member document. A file of a version that was released is never written again.
"""

import gzip
import sqlite3
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1]))

from sekisho.errors import SekishoError  # noqa: E402  the tests' own helpers stand beside it
from sekisho.store.schema import MIGRATIONS  # noqa: E402
from support.flights import flights_section, write_flights  # noqa: E402
from support.nodes import Companies, Company, contract_text  # noqa: E402

ROWS = 4_000_000
"""So many that an answer is still on its way when its first batch has arrived."""
SQL = "SELECT tail_number, origin, departure_delay FROM ua.flights"


def main() -> int:
    """Write both files, unless they are there."""
    number = len(MIGRATIONS)
    path = HERE / f"tables-{number}.db.gz"
    if path.exists():
        print(f"`{path}` is there already", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="sekisho-vector-") as folder:
        root = Path(folder)
        with Companies(root) as companies:
            flights = write_flights(root / "flights.parquet", ROWS)
            companies.found("ua", flights_section(flights))
            companies.found("maker")
            companies.introduce()
            companies.start()
            _live(companies)
            path.write_bytes(gzip.compress(_copy(companies["ua"], root / "copy.db"), mtime=0))
            member = HERE / f"tables-{number}.member.json"
            member.write_bytes(companies["ua"].folder.member.read_bytes())
    print(path)
    return 0


def _live(companies: Companies) -> None:
    """Answer, refuse, end a contract, and begin an answer that nobody will end."""
    lasting, ended = (companies.agree(contract_text()) for _ in range(2))
    with companies["maker"].node() as node:
        for contract in (lasting, ended):
            node.query("SELECT count(*) FROM ua.flights", contract=contract).to_arrow()
        with suppress(SekishoError):
            node.query("SELECT cancelled FROM ua.flights", contract=lasting).to_arrow()
        companies["maker"].run("contract", "terminate", ended, "--reason", "a vector")
        answer = node.query(SQL, contract=lasting)
        next(iter(answer))
        companies["ua"].kill()
        with suppress(SekishoError):
            answer.to_arrow()


def _copy(company: Company, path: Path) -> bytes:
    """Give the state as one file, the write-ahead log included."""
    source = company.folder.state_file()
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(path)) as other:
        one.backup(other)
        other.execute("PRAGMA journal_mode = DELETE").fetchone()
        open_answers = other.execute("SELECT count(*) FROM open_answers").fetchone()
        assert open_answers == (1,), "the answer had ended before the node was killed"
    return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
