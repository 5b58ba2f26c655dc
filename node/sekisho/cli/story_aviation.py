"""The aviation story: rows of four airlines, joined with an aircraft maker's planes."""

from typing import Final

from sekisho.cli.story import Story, quote, rows_of, table, title

PROPOSED: Final = "delays.contract.yaml"
TITLE: Final = "Departure delays by aircraft model"
COLUMNS: Final = ("model", "departures", "mean_delay")
SHOWN_ROWS: Final = 8
EXCERPT_LINES: Final = 8

QUESTION: Final = """
SELECT p.model, count(*) AS departures, avg(f.departure_delay) AS mean_delay
FROM flights AS f JOIN local.planes AS p ON f.tail_number = p.tail_number
GROUP BY p.model
ORDER BY departures DESC, p.model
""".strip()
"""Over all four airlines' flights and the maker's planes; no company could answer it alone."""

SAME_QUESTION: Final = """
SELECT model, count(*) AS departures, avg(departure_delay) AS mean_delay
FROM (
  SELECT * FROM data.ua UNION ALL SELECT * FROM data.dl
  UNION ALL SELECT * FROM data.aa UNION ALL SELECT * FROM data.b6
) AS flights JOIN data.planes USING (tail_number)
WHERE NOT cancelled
GROUP BY model
ORDER BY departures DESC, model
""".strip()
"""The same over the files in one place, with the contract's row filter written out."""

SUGGESTION: Final = "SELECT origin, count(*) FROM dl.flights GROUP BY origin"
FORBIDDEN: Final = "SELECT flight_number, departure_delay FROM ua.flights"


class AviationStory(Story):
    """Four airlines and an aircraft maker, from founding their nodes to a termination."""

    name = "aviation"
    providers = ("ua", "dl", "aa", "b6")
    consumer = "maker"
    count = "Five"

    def tell(self) -> bool:
        """Run the whole story; True when every part of it came true."""
        self.found()
        title("2. The maker proposes a contract; each airline reviews it in plain words and signs")
        self.propose((self.data / PROPOSED).read_text(), PROPOSED)
        self.agree(lines=EXCERPT_LINES)
        answer = self._ask()
        return all((answer, self._ask_too_much(), self._terminate(), self.check_evidence(6)))

    def suggestions(self) -> tuple[str, ...]:
        """List commands to try with nodes that were kept."""
        maker = self.folder(self.consumer)
        return (
            f"sekisho status --dir {maker}",
            f"sekisho contract list --dir {maker}",
            f'sekisho query --dir {maker} --contract "{TITLE}" "{SUGGESTION}"',
            f"sekisho ledger list --dir {self.folder('dl')}",
            f"sekisho contract review {self.contract[:19]} --lang ja --dir {maker}",
        )

    def holding(self, name: str) -> str:
        """Name a company's file."""
        return f"{self._file(name)}.parquet"

    def settle(self, name: str, settings: str) -> str:
        """Name a company's one dataset."""
        dataset = "planes" if name == self.consumer else "flights"
        source = self.data / self.holding(name)
        datasets = f'datasets:\n  {dataset}:\n    source: {{parquet: "{source}"}}\n'
        return settings.replace("datasets: {}\n", datasets)

    def _ask(self) -> bool:
        title("3. The maker asks what none of them could answer alone")
        quote(QUESTION)
        with self.node() as node:
            answer = node.query(QUESTION, contract=self.contract)
            rows = rows_of(answer.to_arrow())
            table(COLUMNS, rows[:SHOWN_ROWS])
            print(f"    … and {len(rows) - SHOWN_ROWS} more models")
            for receipt in answer.receipts:
                print(
                    f"  receipt of {receipt.provider}: {receipt.rows} rows, "
                    f"ledger entry {receipt.ledger_index}, verified"
                )
        files = {
            "planes" if name == self.consumer else name: self.data / self.holding(name)
            for name in self.everyone
        }
        same = rows == self.over_the_files(SAME_QUESTION, files)
        print(
            f"  the same query over the files in one DuckDB gives "
            f"{'the same' if same else 'ANOTHER'} {len(rows)} rows"
        )
        return same and bool(rows)

    def _ask_too_much(self) -> bool:
        title("4. The maker asks for a column that was not granted")
        quote(FORBIDDEN)
        return self.is_refused(FORBIDDEN)

    def _terminate(self) -> bool:
        title("5. One airline terminates; the next query is refused at once")
        reason = "our flights are wanted elsewhere"
        self.run("ua", "contract", "terminate", self.contract, "--reason", reason)
        print(f"  ua.example has terminated its part; it is {self.state('ua')} there")
        return self.is_refused(QUESTION)

    def _file(self, name: str) -> str:
        return "planes" if name == self.consumer else f"flights_{name}"
