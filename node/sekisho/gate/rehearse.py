"""Rehearses a contract that nobody has signed yet: its tests, and what its row filters say.

A rehearsal goes the way of a query at a provider, as far as no data is read: the contract is taken
as signed by all before its term, then comes its state at the test's instant, then the provider's
floors, then the gate.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlglot import exp

from sekisho.documents.contract_test import ContractTest, Expectation, QueryTest
from sekisho.errors import Finding, Refusal, RefusalReason, Severity
from sekisho.gate.decide import decide
from sekisho.gate.filters import check_row_filter
from sekisho.model.contract import Contract
from sekisho.model.dataset import Column, Dataset
from sekisho.model.floors import check_floors
from sekisho.model.guardrail import PlacedRule
from sekisho.model.guardrail_check import check_guardrails
from sekisho.model.instants import instant_text
from sekisho.model.lifecycle import ContractFacts, grants_in_force, state_at
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.model.names import DatasetId, PartyId
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.sql.outcomes import outcomes
from sekisho.sql.parser import SecondParser
from sekisho.sql.read import read_condition, read_query


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of one test."""

    test: QueryTest
    query: Query
    """As it was asked last: of the provider that refused, or of the last one that was asked."""
    decision: Plan | Refusal
    missed: tuple[str, ...]
    """What the test says and the gate does not: `expect`, `reason`, `clause`, `columns` …"""

    @property
    def holds(self) -> bool:
        """Whether the gate says what the test says."""
        return not self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What every test of a contract stands on."""

    tests: ContractTest
    signed: SignedContract
    datasets: Mapping[DatasetId, Dataset]
    parser: SecondParser
    guardrails: Sequence[PlacedRule]


class _AnyDataset(Dataset):
    """Stands for a dataset whose columns are not known here: it has every column."""

    __slots__ = ()

    def column(self, name: str) -> Column | None:
        return Column(name=name, type="VARCHAR")


def rehearse(
    tests: ContractTest,
    signed: SignedContract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    parser: SecondParser,
    guardrails: Sequence[PlacedRule] = (),
) -> Iterator[Rehearsed]:
    """Run a contract's tests, one after the other.

    Args:
        tests: As they stand beside the contract.
        signed: The contract, from `unsigned_proposal`.
        datasets: Those that the tests name, with their columns.
        parser: The second reading of each query.
        guardrails: The rules of the files that the tests name.
    """
    stage = _Stage(
        tests=tests, signed=signed, datasets=datasets, parser=parser, guardrails=guardrails
    )
    for test in tests.tests:
        yield _rehearsed(stage, test)


def check_filters(
    contract: Contract,
    *,
    parser: SecondParser,
    datasets: Mapping[DatasetId, Dataset] | None = None,
) -> tuple[Finding, ...]:
    """Find what is wrong with a contract's row filters.

    Args:
        contract: Checked by itself already.
        parser: The second reading of each filter.
        datasets: Those whose columns are known; of others, names are taken on trust.

    Returns:
        Findings whose path is the filter's, and whose line and column are places in its text.
    """
    known = datasets or {}
    findings: list[Finding] = []
    for at, grant in enumerate(contract.grants):
        for name in grant.datasets if grant.where is not None else ():
            dataset = known.get(name, _AnyDataset(id=name, columns=()))
            found = check_row_filter(grant.where or "", dataset, parser)
            findings += [replace(item, path=f"grants[{at}].where") for item in found]
    return tuple(dict.fromkeys(findings))


def check_outcomes(contract: Contract, *, parser: SecondParser) -> tuple[Finding, ...]:
    """Warn of row filters that are true for every row or for none, as far as can be told.

    Args:
        contract: One whose filters have no findings.
        parser: The second reading of each filter.
    """
    findings = []
    for at, grant in enumerate(contract.grants):
        if grant.where is None:
            continue
        possible = outcomes(read_condition(grant.where, parser=parser, limits=DEFAULT_LIMITS))
        if possible == {True} or True not in possible:
            message, hint = _ALWAYS if possible == {True} else _NEVER
            path, severity = f"grants[{at}].where", Severity.WARNING
            findings.append(Finding(path=path, message=message, hint=hint, severity=severity))
    return tuple(findings)


_ALWAYS = (
    "the row filter is true for every row",
    "leave `where` out, or write the condition that was meant",
)
_NEVER = (
    "the row filter is true for no row",
    "compare with NULL by IS NULL, and join what excludes each other by OR or IN",
)


def _rehearsed(stage: _Stage, test: QueryTest) -> Rehearsed:
    """Ask every provider that the query names, up to the first that refuses or misses a pin."""
    tests, signed, parser = stage.tests, stage.signed, stage.parser
    consumer = tests.consumer_of(test) or signed.consumers[0]
    purpose = tests.purpose_of(test) or signed.contract.purposes[0].purpose
    at = tests.at_of(test) or signed.starts_at
    stated = tests.provider_of(test)
    found: Rehearsed | None = None
    for provider in (stated,) if stated else _providers(test.sql, signed, parser):
        query = Query(
            sql=test.sql, contract=signed.id, purpose=purpose, consumer=consumer, provider=provider
        )
        decision = (
            _refused_by_life(query, signed, at)
            or _refused_by_floors(stage, provider)
            or decide(query, signed, stage.datasets, parser=parser)
        )
        missed = tuple(_missed(test, decision))
        found = Rehearsed(test=test, query=query, decision=decision, missed=missed)
        if isinstance(decision, Refusal) or (missed and test.expect is Expectation.ALLOWED):
            break
    if found is None:
        raise RuntimeError("a contract without a provider was read")
    return found


def _providers(sql: str, signed: SignedContract, parser: SecondParser) -> tuple[PartyId, ...]:
    """List the providers whose aliases stand in the query; all of them where none does."""
    try:
        tree = read_query(sql, parser=parser, limits=DEFAULT_LIMITS)
    except Refusal:
        return signed.providers
    named = {table.db.lower() for table in tree.find_all(exp.Table)}
    meant = tuple(item for item in signed.providers if signed.alias_of(item) in named)
    return meant or signed.providers


def _refused_by_life(query: Query, signed: SignedContract, at: datetime) -> Refusal | None:
    if query.consumer not in signed.consumers or query.provider not in signed.providers:
        return Refusal(RefusalReason.CONTRACT_NOT_FOUND, "no such contract between these parties")
    before = min(signed.starts_at, signed.sign_by_at, at) - timedelta(seconds=1)
    facts = ContractFacts(proposed_at=before, signed_by=dict.fromkeys(signed.parties, before))
    if grants_in_force(facts, signed, query.provider, at, consumer=query.consumer):
        return None
    state = state_at(facts, signed, at, party=query.provider)
    return Refusal(
        RefusalReason.NOT_IN_FORCE,
        f"the contract is {state} at {instant_text(at)}",
        clause="term",
    )


def _refused_by_floors(stage: _Stage, provider: PartyId) -> Refusal | None:
    """Refuse as a node does, and say why, which a node tells its own people alone."""
    contract = stage.signed.contract
    findings = (
        *check_floors(contract, stage.datasets, provider=provider),
        *check_guardrails(
            contract,
            stage.datasets,
            stage.guardrails,
            countries=stage.tests.countries,
            provider=provider,
        ),
    )
    if not findings:
        return None
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    clause = re.sub(
        r"^grants\[(\d+)\]",
        lambda found: f"grants.{contract.grants[int(found[1])].grant}",
        findings[0].path,
    )
    message = f"{findings[0].message}{more}"
    return Refusal(RefusalReason.SUSPENDED, message, clause=clause, hint=findings[0].hint)


def _missed(test: QueryTest, decision: Plan | Refusal) -> Iterator[str]:
    """Tell what a test says that a decision does not."""
    if isinstance(decision, Refusal):
        if test.expect is not Expectation.REFUSED:
            yield "expect"
        if test.reason not in {None, decision.reason}:
            yield "reason"
        # A clause stands for everything inside it.
        if test.clause and not f"{decision.clause}.".startswith(f"{test.clause}."):
            yield "clause"
        return
    if test.expect is not Expectation.ALLOWED:
        yield "expect"
    if test.grant not in {None, decision.grant}:
        yield "grant"
    if test.columns not in {None, decision.columns}:
        yield "columns"
    if test.clauses and not set(test.clauses) <= set(decision.clauses):
        yield "clauses"
