"""The command `sekisho`: finds the noun, runs it, and turns errors into words and exit codes."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

from sekisho.errors import DocumentError, EvidenceError, Refusal, SekishoError, TrustError

DONE, FAILED, USAGE, REFUSED, NOT_TRUSTED = range(5)
"""Exit codes: documented in docs/reference/cli.md, never reused."""
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One noun or daily verb; its module is imported only when it is used."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "init": Command(module="sekisho.cli.init", help="make a node's folder and keys"),
    "serve": Command(module="sekisho.cli.serve", help="run the node"),
    "status": Command(module="sekisho.cli.status", help="show how the running node is"),
    "doctor": Command(module="sekisho.cli.doctor", help="check folder, keys, data and ports"),
    "member": Command(
        module="sekisho.cli.member", help="show, add and list companies, and renew keys"
    ),
    "dataset": Command(module="sekisho.cli.dataset", help="list and check datasets"),
    "contract": Command(
        module="sekisho.cli.contract", help="write, review, sign and end contracts"
    ),
    "query": Command(module="sekisho.cli.query", help="ask one query under a contract"),
    "shell": Command(
        module="sekisho.cli.shell", help="ask queries one after the other at a terminal"
    ),
    "explain": Command(module="sekisho.cli.explain", help="tell what a query would do"),
    "state": Command(
        module="sekisho.cli.state", help="back up, restore and move what the node remembers"
    ),
    "ledger": Command(module="sekisho.cli.ledger", help="list, show and verify the evidence"),
    "evidence": Command(
        module="sekisho.cli.evidence", help="write and check evidence for an auditor"
    ),
    "demo": Command(module="sekisho.cli.demo", help="watch companies share data under a contract"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = _parser(arguments).parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("sekisho: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; what is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SekishoError as error:
        return report(error, as_json=getattr(options, "format", "") == "json")
    return code


def report(error: SekishoError, *, as_json: bool) -> int:
    """Say what went wrong and how to mend it; return the exit code."""
    if isinstance(error, DocumentError):
        _report_findings(error)
    elif isinstance(error, Refusal):
        _report_refusal(error, as_json=as_json)
    else:
        print(f"sekisho: {error.message}", file=sys.stderr)
        _hint(error.hint)
    if isinstance(error, Refusal):
        return REFUSED
    return NOT_TRUSTED if isinstance(error, TrustError | EvidenceError) else FAILED


def _report_findings(error: DocumentError) -> None:
    for finding in error.findings:
        print(f"{finding.place_in(error.name)}: {finding.message}", file=sys.stderr)
        _hint(finding.hint)


def _report_refusal(refusal: Refusal, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"refusal": refusal_facts(refusal)}, ensure_ascii=False))
    place = f" (line {refusal.line}, column {refusal.column})" if refusal.line else ""
    print(f"refused: {refusal.reason}: {refusal.message}{place}", file=sys.stderr)
    if refusal.clause:
        print(f"clause: {refusal.clause}", file=sys.stderr)
    if refusal.allowed:
        print(f"allowed: {', '.join(refusal.allowed)}", file=sys.stderr)
    _hint(refusal.hint)


def refusal_facts(refusal: Refusal) -> dict[str, object]:
    """Give a refusal as its JSON shape."""
    return {
        "reason": refusal.reason.value,
        "message": refusal.message,
        "clause": refusal.clause,
        "line": refusal.line,
        "column": refusal.column,
        "allowed": list(refusal.allowed),
        "hint": refusal.hint,
    }


def _hint(hint: str) -> None:
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, and the mend in another, as every other error does."""

    def error(self, message: str) -> NoReturn:
        text, _, mend = message.partition("; ")
        print(f"{self.prog}: {text}", file=sys.stderr)
        _hint(mend or f"see `{self.prog} --help`")
        self.exit(USAGE)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="sekisho",
        description="Answer other companies' queries as a signed contract allows, with evidence.",
        epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not trusted.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the release and exit")
    nouns = parser.add_subparsers(metavar="COMMAND", required=True)
    chosen = next((item for item in arguments if not item.startswith("-")), "")
    for name, command in COMMANDS.items():
        noun = nouns.add_parser(
            name, help=command.help, description=f"{command.help.capitalize()}."
        )
        if name == chosen:
            import_module(command.module).configure(noun)
    return parser


class _Version(argparse.Action):
    """Looks the release up when it is asked for: reading the package's metadata takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"sekisho {version('sekisho')}")
        except PackageNotFoundError:
            print("sekisho, run from its sources")
        parser.exit(DONE)


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add `--dir`, the node's folder."""
    parser.add_argument(
        "--dir",
        default=os.environ.get("SEKISHO_DIR", "."),
        metavar="DIR",
        help="the node's folder (default: SEKISHO_DIR, or the working directory)",
    )


def add_format(parser: argparse.ArgumentParser, *choices: str) -> None:
    """Add `--format`, table or JSON unless more is given."""
    parser.add_argument(
        "--format",
        choices=choices or ("table", "json"),
        default="table",
        help="how to show data on stdout (default: table)",
    )
