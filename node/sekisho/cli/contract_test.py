"""`sekisho contract test`: what a contract allows and refuses, held to what its authors say."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.cli.contract_check import Checking, count, located
from sekisho.cli.floors import read_rules
from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import say
from sekisho.cli.table import show
from sekisho.disclosure.cells import terms_text
from sekisho.documents.contract import AuthoredContract, parse_contract
from sekisho.documents.contract_test import QueryTest, parse_contract_test
from sekisho.documents.proposal import unsigned_proposal
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError, Refusal
from sekisho.gate.coverage import untouched
from sekisho.gate.rehearse import Rehearsed, check_filters, rehearse
from sekisho.model.dataset import Dataset, check_contract_against
from sekisho.model.names import DatasetId
from sekisho.model.plan import Plan
from sekisho.model.signed import SignedContract
from sekisho.server.charges import charges_of
from sekisho.store.folder import load_file
from sekisho.store.guardrails import raise_conflicts

_PINS = ("reason", "clause", "grant", "columns", "clauses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came of one file of tests."""

    rows: tuple[dict[str, Any], ...]
    """One for each test, as JSON shows it."""
    untouched: tuple[str, ...]
    """Terms of the contract that no test needs."""


def test(options: argparse.Namespace) -> int:
    """Run each file's tests and print one line a test."""
    rows: list[dict[str, Any]] = []
    with Checking(options) as checking:
        for name in options.files:
            tested = _test(Path(name), checking)
            rows += tested.rows
            if options.format != "json":
                for row in tested.rows:
                    _print(row, verbose=options.verbose)
            for path in tested.untouched:
                say(f"{name}: no test needs {path}")
    if options.format == "json":
        show(rows, (), as_json=True, out=sys.stdout)
    failed = sum(not row["holds"] for row in rows)
    say(f"{count(len(rows), 'test')}, {failed} failed")
    return FAILED if failed else DONE


def _test(path: Path, checking: Checking) -> Tested:
    from sekisho.cli.engines import tested_datasets

    data = load_file(path)
    tests = parse_contract_test(data, name=str(path))
    of = path.parent / tests.contract
    authored = _read_contract(of)
    datasets = tested_datasets(tests, path.parent, checking.engine)
    _check(of, authored, datasets, checking=checking)
    rules = read_rules([str(path.parent / name) for name in tests.guardrails])
    raise_conflicts(rules)
    signed = unsigned_proposal(authored)
    parser = checking.engine
    rehearsed = tuple(rehearse(tests, signed, datasets, parser=parser, guardrails=rules))
    places = parse_yaml(data, name=str(path)).values
    rows = (
        {"file": str(path), "line": places["tests", at].line} | _facts(item, signed)
        for at, item in enumerate(rehearsed)
    )
    return Tested(
        rows=tuple(rows),
        untouched=untouched(rehearsed, signed, datasets, parser=parser),
    )


def _read_contract(path: Path) -> AuthoredContract:
    return parse_contract(load_file(path), name=str(path))


def _check(
    path: Path,
    authored: AuthoredContract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    checking: Checking,
) -> None:
    """Stop at a contract that grants what the datasets cannot give."""
    findings = [
        *check_contract_against(authored.contract, datasets),
        *check_filters(authored.contract, parser=checking.engine, datasets=datasets),
    ]
    if findings:
        data = load_file(path)
        document, lines = parse_yaml(data, name=str(path)), data.decode().splitlines()
        placed = tuple(located(item, document, lines) for item in findings)
        raise DocumentError(placed, name=str(path))


def _facts(item: Rehearsed, signed: SignedContract) -> dict[str, Any]:
    """Give a test as its JSON shape."""
    plan = None if isinstance(item.decision, Refusal) else item.decision
    refusal = item.decision if isinstance(item.decision, Refusal) else None
    return {
        "name": item.test.name,
        "holds": item.holds,
        "missed": list(item.missed),
        "expected": {"decision": item.test.expect.value, **dict(_pins(item.test))},
        "provider": item.query.provider,
        "decision": "refused" if refusal else "allowed",
        "reason": refusal and refusal.reason.value,
        "message": refusal and refusal.message,
        "clause": refusal and refusal.clause,
        "place": [refusal.line, refusal.column] if refusal and refusal.line else None,
        "grant": plan and plan.grant,
        "columns": plan and list(plan.columns),
        "clauses": plan and list(plan.clauses),
        "charges": plan and list(charges_of(signed, plan)),
        "blocks": plan and [*_blocks(plan)],
        "plan": plan and plan.sql,
    }


def _blocks(plan: Plan) -> Iterator[dict[str, Any]]:
    """Give what is computed first of the rows behind statistics, and what holds of each cell."""
    for block in plan.blocks:
        lookups = [item.name for item in block.lookups]
        terms = terms_text(block.terms)
        yield {"name": block.name, "sql": block.sql, "terms": terms, "lookups": lookups}


def _pins(test: QueryTest) -> Iterator[tuple[str, Any]]:
    for name in _PINS:
        value = getattr(test, name)
        if value is not None:
            yield name, list(value) if isinstance(value, tuple) else str(value)


def _print(row: dict[str, Any], *, verbose: bool) -> None:
    found = row["decision"]
    if found == "refused":
        found = f"refused: {row['reason']}: {row['message']}"
    because = row["clause"] if row["decision"] == "refused" else f"grants.{row['grant']}"
    said = f"{found} ({because})" if because else found
    if row["holds"]:
        print(f"✓ {row['name']}: {said}")
    else:
        print(f"✗ {row['name']}: expected {_expected(row)}; {said}")
        verb = "differs" if len(row["missed"]) == 1 else "differ"
        print(f"  {row['file']}:{row['line']}: {', '.join(row['missed'])} {verb}")
    if verbose and row["decision"] == "allowed":
        _print_plan(row)


def _expected(row: dict[str, Any]) -> str:
    forms = {
        "decision": "{}",
        "reason": ": {}",
        "clause": " by {}",
        "grant": " under {}",
        "columns": " with the columns {}",
        "clauses": " resting on {}",
    }
    expected = row["expected"]
    return "".join(
        form.format(", ".join(value) if isinstance(value, list) else value)
        for name, form in forms.items()
        if (value := expected.get(name)) is not None
    )


def _print_plan(row: dict[str, Any]) -> None:
    for block in row["blocks"]:
        print(f"  {row['provider']} would publish {block['name']}, made of")
        _print_text(block["sql"])
        print(f"    {'publishes':10}  {block['terms']}")
        for name in block["lookups"]:
            print(f"    {'is brought':10}  {name}")
    print(f"  {row['provider']} would run")
    _print_text(row["plan"])
    for name, items in (("rests on", row["clauses"]), ("is charged", row["charges"])):
        for item in items:
            print(f"    {name:10}  {item}")
    print(f"    {'columns':10}  {', '.join(row['columns'])}")


def _print_text(sql: str) -> None:
    for line in sql.splitlines():
        print(f"      {line}")
