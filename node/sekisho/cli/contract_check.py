"""`sekisho contract lint`: what can be found out before anybody signs.

A guardrail is linted like a contract; a file is one by its `format`.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sekisho.cli.floors import Floors, open_floors, read_rules
from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import now, say
from sekisho.cli.table import show
from sekisho.documents.contract import parse_contract
from sekisho.documents.contract_test import check_purposes, parse_contract_test
from sekisho.documents.guardrail import parse_guardrail
from sekisho.documents.models import locate
from sekisho.documents.yaml import Document, parse_yaml
from sekisho.errors import DocumentError, Finding, NodeError, Severity
from sekisho.model.contract_warnings import check_warnings
from sekisho.model.guardrail import GUARDRAIL_FORMAT, PlacedRule
from sekisho.model.guardrail_conflicts import check_conflicts
from sekisho.store.folder import load_file

if TYPE_CHECKING:
    from sekisho.engine.pool import WorkerPool

TEST_SUFFIX = ".contract.test.yaml"
_SUFFIXES = (".yaml", ".yml")


class Checking(ExitStack):
    """What checks need; each thing is made when the first check asks for it."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Check as the command line says."""
        super().__init__()
        self._options = options
        self.rules: list[PlacedRule] = []
        """Of the guardrails among the files, as they are read."""

    @cached_property
    def floors(self) -> Floors:
        """Hold contracts to the node's guardrails, and to those on the command line."""
        rules = read_rules(self._options.guardrails)
        return self.enter_context(open_floors(self._options, rules))

    @cached_property
    def engine(self) -> "WorkerPool":
        """Read SQL a second time, and describe files."""
        from sekisho.cli.engines import open_engine

        return self.enter_context(open_engine())


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFinding:
    """A finding and its file."""

    file: str
    finding: Finding


def lint(options: argparse.Namespace) -> int:
    """Print every finding in every file."""
    files = [file for name in options.files for file in _files(Path(name))]
    with Checking(options) as checking:
        found = [item for file in files for item in _lint(file, checking)]
        found += [
            FileFinding(file=placed.file, finding=finding)
            for placed, finding in check_conflicts(checking.rules)
        ]
    if options.format == "json":
        rows = [{"file": item.file} | asdict(item.finding) for item in found]
        show(rows, (), as_json=True, out=sys.stdout)
    else:
        for item in found:
            _print(item)
    errors = sum(item.finding.severity is Severity.ERROR for item in found)
    warnings = len(found) - errors
    say(f"{count(len(files), 'file')}, {count(errors, 'error')}, {count(warnings, 'warning')}")
    return FAILED if errors else DONE


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.rglob("*") if item.suffix in _SUFFIXES)
    if not found:
        raise NodeError(f"`{path}` holds no YAML files", hint="name a folder of contracts")
    return found


def _lint(path: Path, checking: Checking) -> Iterator[FileFinding]:
    data = load_file(path)
    try:
        found = _check(data, path, checking)
    except DocumentError as error:
        found = list(error.findings)
    for item in sorted(found, key=lambda item: (item.line, item.column)):
        yield FileFinding(file=str(path), finding=item)


def _check(data: bytes, path: Path, checking: Checking) -> list[Finding]:
    if path.name.endswith(TEST_SUFFIX):
        return _check_tests(data, path)
    if _is_guardrail(parse_yaml(data, name=str(path))):
        checking.rules += parse_guardrail(data, name=str(path))
        return []
    return _check_contract(data, path, checking)


def _is_guardrail(document: Document) -> bool:
    return str(document.value.get("format", "")).startswith(GUARDRAIL_FORMAT.partition("/")[0])


def _check_tests(data: bytes, path: Path) -> list[Finding]:
    """Warn of purposes that no test states, where the contract can be read."""
    tests = parse_contract_test(data, name=str(path))
    try:
        contract = parse_contract(load_file(path.parent / tests.contract)).contract
    except (NodeError, DocumentError):
        # The contract's own findings are told when it is linted.
        return []
    document = parse_yaml(data, name=str(path))
    return [locate(item, document) for item in check_purposes(tests, contract)]


def _check_contract(data: bytes, path: Path, checking: Checking) -> list[Finding]:
    """Check what the reader leaves open: row filters, what this company demands, and slips."""
    authored = parse_contract(data, name=str(path))
    contract = authored.contract
    found = list(checking.floors.before_signing(authored))
    if any(grant.where is not None for grant in contract.grants):
        from sekisho.gate.rehearse import check_filters, check_outcomes

        unread = check_filters(contract, parser=checking.engine)
        found += unread or check_outcomes(contract, parser=checking.engine)
    today = now().astimezone(ZoneInfo(contract.term.timezone)).date()
    found += check_warnings(contract, today=today)
    document = parse_yaml(data, name=str(path))
    lines = data.decode().splitlines()
    return [located(item, document, lines) for item in found]


def located(finding: Finding, document: Document, lines: list[str]) -> Finding:
    """Turn a place inside a filter into one in the file, where the text stands there as it is."""
    at = locate(finding, document)
    start = lines[at.line - 1][at.column - 1 : at.column]
    if finding.line == 1 and start in {'"', "'"}:
        return replace(at, column=at.column + finding.column)
    if finding.line and start == "|":
        row = at.line + finding.line
        text = lines[row - 1]
        indent = len(text) - len(text.lstrip(" "))
        return replace(at, line=row, column=indent + finding.column)
    return at


def _print(item: FileFinding) -> None:
    finding = item.finding
    mark = "warning: " if finding.severity is Severity.WARNING else ""
    print(f"{finding.place_in(item.file)}: {mark}{finding.message}")
    if finding.hint:
        print(f"  hint: {finding.hint}")


def count(number: int, noun: str) -> str:
    """Say how many of something there are."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
