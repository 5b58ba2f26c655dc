"""`sekisho contract lint` and `contract test`: what can be found out before anybody signs.

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

from sekisho.cli.floors import Floors, open_floors, read_rules
from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import say
from sekisho.cli.table import show
from sekisho.documents.contract import parse_contract
from sekisho.documents.contract_test import parse_contract_test
from sekisho.documents.guardrail import parse_guardrail
from sekisho.documents.models import locate
from sekisho.documents.yaml import Document, parse_yaml
from sekisho.errors import DocumentError, Finding, NodeError
from sekisho.model.dataset import check_contract_against
from sekisho.model.guardrail import GUARDRAIL_FORMAT, PlacedRule
from sekisho.model.guardrail_conflicts import check_conflicts
from sekisho.store.folder import load_file
from sekisho.store.guardrails import raise_conflicts

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
    say(f"{_count(len(files), 'file')}, {_count(len(found), 'finding')}")
    return FAILED if found else DONE


def test(options: argparse.Namespace) -> int:
    """Run each file's tests and print one line a test."""
    rows: list[dict[str, object]] = []
    with Checking(options) as checking:
        for name in options.files:
            for row in _test(Path(name), checking):
                rows.append(row)
                if options.format != "json":
                    _print_test(row)
    if options.format == "json":
        show(rows, (), as_json=True, out=sys.stdout)
    failed = sum(not row["holds"] for row in rows)
    say(f"{_count(len(rows), 'test')}, {failed} failed")
    return FAILED if failed else DONE


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
        if path.name.endswith(TEST_SUFFIX):
            parse_contract_test(data, name=str(path))
        elif _is_guardrail(parse_yaml(data, name=str(path))):
            checking.rules += parse_guardrail(data, name=str(path))
        else:
            found = _contract(data, path, checking)
            yield from (FileFinding(file=str(path), finding=item) for item in found)
    except DocumentError as error:
        yield from (FileFinding(file=str(path), finding=item) for item in error.findings)


def _is_guardrail(document: Document) -> bool:
    return str(document.value.get("format", "")).startswith(GUARDRAIL_FORMAT.partition("/")[0])


def _contract(data: bytes, path: Path, checking: Checking) -> list[Finding]:
    """Check what the reader leaves open: row filters, and what this company demands."""
    authored = parse_contract(data, name=str(path))
    found = list(checking.floors.before_signing(authored))
    if any(grant.where is not None for grant in authored.contract.grants):
        from sekisho.gate.rehearse import check_filters

        found += check_filters(authored.contract, parser=checking.engine)
    document = parse_yaml(data, name=str(path))
    lines = data.decode().splitlines()
    return [_located(item, document, lines) for item in found]


def _located(finding: Finding, document: Document, lines: list[str]) -> Finding:
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


def _test(path: Path, checking: Checking) -> Iterator[dict[str, object]]:
    from sekisho.cli.engines import tested_datasets
    from sekisho.gate.rehearse import check_filters, rehearse

    tests = parse_contract_test(load_file(path), name=str(path))
    of = path.parent / tests.contract
    data = load_file(of)
    authored = parse_contract(data, name=str(of))
    datasets = tested_datasets(tests, path.parent, checking.engine)
    findings = [
        *check_contract_against(authored.contract, datasets),
        *check_filters(authored.contract, parser=checking.engine, datasets=datasets),
    ]
    if findings:
        document = parse_yaml(data, name=str(of))
        placed = tuple(_located(item, document, data.decode().splitlines()) for item in findings)
        raise DocumentError(placed, name=str(of))
    rules = read_rules([str(path.parent / name) for name in tests.guardrails])
    raise_conflicts(rules)
    for item in rehearse(tests, authored, datasets, parser=checking.engine, guardrails=rules):
        yield {"file": str(path)} | asdict(item)


def _print(item: FileFinding) -> None:
    finding = item.finding
    print(f"{finding.place_in(item.file)}: {finding.message}")
    if finding.hint:
        print(f"  hint: {finding.hint}")


def _print_test(row: dict[str, object]) -> None:
    because = f" ({row['clause']})" if row["clause"] else ""
    if row["holds"]:
        print(f"✓ {row['name']}: {row['found']}{because}")
    else:
        print(f"✗ {row['name']}: expected {row['expected']}; {row['found']}{because}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
