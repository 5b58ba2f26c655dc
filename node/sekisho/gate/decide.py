"""The gate: what was asked, what is signed, what there is → a plan or a refusal.

A pure function. Whether the contract is in force now, and what is left of its limits, is decided
elsewhere, at every query; what is decided here holds for as long as its arguments are the same.
"""

from collections.abc import Mapping

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.candidates import candidates
from sekisho.gate.draft import Draft, Question
from sekisho.gate.rules import RULES
from sekisho.gate.statistics import STATISTICS_RULES
from sekisho.model.contract import Access, Grant
from sekisho.model.dataset import Dataset
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import DatasetId
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.sql.parameters import parameters_of
from sekisho.sql.parser import SecondParser
from sekisho.sql.read import read_query
from sekisho.sql.write import write_query

_LEAST_TELLING = (RefusalReason.DATASET_NOT_GRANTED, RefusalReason.MODE_NOT_SERVED)


def decide(
    query: Query,
    signed: SignedContract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    parser: SecondParser,
    limits: Limits = DEFAULT_LIMITS,
) -> Plan | Refusal:
    """Decide whether a contract allows a query, and what exactly will run.

    For every database, the plan reads a subset of the granted columns of the rows for which the
    grant's row filter is true, and gives what the query would give over that view.

    Args:
        query: As it reached the provider.
        signed: The contract that it names; its caller has checked that it is in force.
        datasets: What the provider offers now.
        parser: DuckDB's own parser, for the second opinion.
        limits: Bounds of the text and its tree.

    Returns:
        A plan, or the refusal that is to be sent; nothing is raised for what a query may hold.

    Raises:
        ValueError: The query names another contract than `signed`.

    Source:
        `docs/spec/gate.md`.
    """
    if query.contract != signed.id:
        message = "the query names another contract"
        raise ValueError(message)
    question = Question(query=query, signed=signed, datasets=datasets, parser=parser, limits=limits)
    try:
        _check_parties(question)
        _check_purpose(question)
        tree = read_query(query.sql, parser=parser, limits=limits, parameters=query.parameter_types)
        return _first_that_allows(question, tree)
    except Refusal as refusal:
        return refusal
    except RecursionError:
        return Refusal(
            RefusalReason.TOO_COMPLEX,
            "the query nests too deeply",
            hint="name inner parts with WITH",
        )


def _check_parties(question: Question) -> None:
    query, signed = question.query, question.signed
    if query.consumer not in signed.consumers or query.provider not in signed.providers:
        message = "no contract of this id lets this party ask this provider"
        raise Refusal(RefusalReason.CONTRACT_NOT_FOUND, message)


def _check_purpose(question: Question) -> None:
    purpose = question.query.purpose
    if not question.signed.has_purpose(purpose):
        listed = tuple(item.purpose for item in question.signed.contract.purposes)
        raise Refusal(
            RefusalReason.PURPOSE_NOT_ALLOWED,
            f"the purpose `{purpose}` is not listed" if purpose else "no purpose is stated",
            clause="purposes",
            allowed=listed,
            hint="state one that the contract lists, or ask for an amendment",
        )


def _first_that_allows(question: Question, tree: exp.Query) -> Plan:
    """Try the grants one by one, never two together; the first that allows the query decides."""
    refusals: list[Refusal] = []
    grants = candidates(question, tree)
    for left, grant in zip(reversed(range(len(grants))), grants, strict=True):
        try:
            return _plan(_drafted(question, grant, tree.copy() if left else tree))
        except Refusal as refusal:
            refusals.append(refusal)
    raise next(
        (item for item in refusals if item.reason not in _LEAST_TELLING),
        next((item for item in refusals if item.reason is _LEAST_TELLING[1]), refusals[0]),
    )


def _drafted(question: Question, grant: Grant, tree: exp.Query) -> Draft:
    draft = Draft(question=question, grant=grant, tree=tree)
    for rule in STATISTICS_RULES if grant.access is Access.AGGREGATE else RULES:
        draft = rule(draft)
    return draft


def _plan(draft: Draft) -> Plan:
    if draft.blocks:
        return _protected(draft)
    resolved = draft.settled()
    return Plan(
        sql=write_query(draft.tree),
        parameters=draft.parameters,
        bound=parameters_of(draft.tree),
        pseudonyms=any(
            draft.views[dataset].has_pseudonyms(names) for dataset, names in draft.reads.items()
        ),
        datasets=tuple(draft.views),
        columns=resolved.names,
        clauses=draft.clauses,
        grant=draft.grant.grant,
    )


def _protected(draft: Draft) -> Plan:
    """Make a plan of statistics: what its blocks publish, and what is computed over that."""
    return Plan(
        sql=write_query(draft.tree),
        parameters=draft.parameters,
        pseudonyms=False,
        bound=parameters_of(draft.tree),
        datasets=tuple(draft.views),
        columns=draft.settled().names,
        clauses=draft.clauses,
        grant=draft.grant.grant,
        blocks=draft.blocks,
    )
