"""`sekisho shell`: queries under one contract, one after the other, at a terminal."""

import argparse
import sys
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, add_folder, report
from sekisho.cli.place import Place, say
from sekisho.cli.query import add_contract, say_end
from sekisho.errors import SekishoError

if TYPE_CHECKING:
    from sekisho.cli.lines import Lines
    from sekisho.client.node import Node
    from sekisho.client.relations import Relation

HELP = """\
A query ends with `;` and may take several lines. Tab completes names and words; up and down
bring back what was asked before. Ctrl-C stops a query at every provider, Ctrl-D leaves.
  \\d          what can be named
  \\d NAME     its columns
  \\explain Q; what Q would do, and what each company learns
  \\help       this
  \\q          leave"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    add_contract(parser)
    add_folder(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer what is typed until the person leaves; data on stdout, the rest on stderr."""
    from sekisho.cli.lines import Lines

    place = Place.find(options)
    with place.node() as node:
        relations = node.relations(contract=options.contract)
        shell = _Shell(node, relations, contract=options.contract, purpose=options.purpose)
        with Lines(_words(relations), history=place.folder.root / "state" / "history") as lines:
            if lines.is_terminal:
                say(f"{len(relations)} relations; \\d lists them, \\help says more")
            return shell.serve(lines)


class _Shell:
    """Carries out what a person types."""

    def __init__(
        self, node: "Node", relations: "tuple[Relation, ...]", *, contract: str, purpose: str
    ) -> None:
        self._node = node
        self._relations = relations
        self._contract = contract
        self._purpose = purpose

    def serve(self, lines: "Lines") -> int:
        """Read and carry out, until the input ends or the person leaves.

        Returns:
            The exit code: of the last failure where the input is a file, as no person saw it.
        """
        code = DONE
        for text in lines:
            try:
                if text in {"\\q", "exit", "quit"}:
                    break
                self._do(text)
            except SekishoError as error:
                failed = report(error, as_json=False)
                code = DONE if lines.is_terminal else failed
            except KeyboardInterrupt:
                if not lines.is_terminal:
                    raise
                say("stopped")
        return code

    def _do(self, text: str) -> None:
        command, _, rest = text.partition(" ")
        match command:
            case "\\d":
                self._describe(rest.strip())
            case "\\explain":
                print(self._node.explain(rest, contract=self._contract, purpose=self._purpose))
            case "\\help" | "help":
                say(HELP)
            case _ if text.startswith("\\"):
                say(f"sekisho: there is no `{command}`")
                say("hint: \\help lists what there is")
            case _:
                self._query(text)

    def _describe(self, name: str) -> None:
        from sekisho.cli.table import write_table

        if not name:
            rows = [
                (f"{item.schema}.{item.name}", str(len(item.columns))) for item in self._relations
            ]
            write_table(("relation", "columns"), rows, sys.stdout)
            return
        found = [
            item
            for item in self._relations
            if name.lower() in {item.name.lower(), f"{item.schema}.{item.name}".lower()}
        ]
        for item in found:
            print(f"{item.schema}.{item.name}")
            columns = [tuple(column.partition(" ")[::2]) for column in item.columns]
            write_table(("column", "type"), columns, sys.stdout)
        if not found:
            say(f"sekisho: nothing is named `{name}`")
            say("hint: \\d lists what can be named")

    def _query(self, sql: str) -> None:
        from sekisho.cli.progress import ProgressLines
        from sekisho.cli.results import write_answer

        shown = ProgressLines(sys.stderr) if sys.stderr.isatty() else None
        with self._node.query(
            sql, contract=self._contract, purpose=self._purpose, on_progress=shown
        ) as answer:
            rows = write_answer(answer, "table", None, progress=shown)
            say_end(rows, answer)


def _words(relations: "tuple[Relation, ...]") -> tuple[str, ...]:
    """List the names that may be completed: relations with and without schema, and columns."""
    words = dict.fromkeys(item.name for item in relations)
    words |= dict.fromkeys(f"{item.schema}.{item.name}" for item in relations)
    words |= dict.fromkeys(
        column.partition(" ")[0] for item in relations for column in item.columns
    )
    return tuple(words)
