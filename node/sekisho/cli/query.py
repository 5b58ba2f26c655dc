"""`sekisho query`: one query under one contract, its answer to a terminal, a pipe or a file."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.cli.main import DONE, add_folder, add_format
from sekisho.cli.place import Place, misused, say

if TYPE_CHECKING:
    from sekisho.client.answer import Answer
    from sekisho.client.notes import Gap, Receipt
    from sekisho.model.parameters import Parameter

PARAMETER_HINT = "such as --parameter day:date=2026-12-01"
FORMATS = ("table", "csv", "json", "arrow", "parquet")
_BINARY = frozenset({"arrow", "parquet"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    add_question(parser)
    add_format(parser, *FORMATS)
    parser.add_argument("--out", metavar="FILE", help="write the answer there, whole or not at all")
    add_folder(parser)
    parser.set_defaults(run=run)


def add_question(parser: argparse.ArgumentParser) -> None:
    """Add what a query is: its text, its contract and its purpose."""
    parser.add_argument("sql", metavar="SQL", help="one SELECT; `-` reads it from stdin")
    add_contract(parser)
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        dest="parameters",
        metavar="NAME=VALUE",
        help="value of `$NAME` in SQL, text unless written NAME:TYPE=VALUE; may be given again",
    )


def add_contract(parser: argparse.ArgumentParser) -> None:
    """Add the contract under which queries are asked, and what for."""
    parser.add_argument(
        "--contract",
        default="",
        metavar="ID",
        help="whole id, its first digits, or the title of the contract in force; may be left out"
        " when only one fits",
    )
    parser.add_argument(
        "--purpose",
        default="",
        metavar="P",
        help="one that the contract lists; may be left out when there is one",
    )


def text_of(options: argparse.Namespace) -> str:
    """Give the query's text."""
    return sys.stdin.read() if options.sql == "-" else str(options.sql)


def parameters_of(options: argparse.Namespace) -> "dict[str, Parameter]":
    """Read the values of the query's parameters.

    Raises:
        ValueError: One is not of the form `NAME=VALUE` or `NAME:TYPE=VALUE`.
    """
    from sekisho.model.parameters import Parameter

    found = {}
    for written in options.parameters:
        head, sign, value = written.partition("=")
        name, _, kind = head.partition(":")
        if not sign or name in found:
            message = f"`{written}` is no parameter" if not sign else f"`{name}` is given twice"
            raise ValueError(message)
        found[name] = Parameter(name=name, type=kind or "text", value=value)
    return found


def run(options: argparse.Namespace) -> int:
    """Ask, and write the answer as it arrives."""
    try:
        parameters = parameters_of(options)
    except ValueError as error:
        return misused(str(error), PARAMETER_HINT)
    if options.format == "parquet" and not options.out:
        return misused("an answer in parquet needs a file", "name one with --out")
    if options.format in _BINARY and not options.out and sys.stdout.isatty():
        return misused(
            "an answer in arrow is not for a terminal",
            "name a file with --out, or send it to a program",
        )
    from sekisho.cli.progress import ProgressLines
    from sekisho.cli.results import write_answer

    shown = ProgressLines(sys.stderr) if sys.stderr.isatty() else None
    with (
        Place.find(options).node() as node,
        node.query(
            text_of(options),
            contract=options.contract,
            purpose=options.purpose,
            parameters=parameters,
            on_progress=shown,
        ) as answer,
    ):
        path = Path(options.out) if options.out else None
        rows = write_answer(answer, options.format, path, progress=shown)
        say_end(rows, answer)
    return DONE


def say_end(rows: int, answer: "Answer") -> None:
    """Say beside the data whose receipts came with it, and whose part may miss cells."""
    _say_evidence(rows, answer.receipts)
    _say_gaps(answer.gaps)


def _say_evidence(rows: int, receipts: "tuple[Receipt, ...]") -> None:
    from sekisho.client.notes import rows_text

    given = ", ".join(f"{item.provider} ({rows_text(item.rows)})" for item in receipts)
    said = f"; receipts verified: {given}" if given else ""
    say(f"{rows_text(rows)}{said}")


def _say_gaps(gaps: "tuple[Gap, ...]") -> None:
    """Say in one line whose part may miss cells; withheld and empty ones look alike."""
    if gaps:
        each = ", ".join(
            f"{item.provider} ({item.cells:,} {'cell' if item.cells == 1 else 'cells'})"
            for item in gaps
        )
        say(f"not given by all, being too small there or empty: {each}; totals may miss them")
