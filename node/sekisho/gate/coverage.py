"""What of a contract its tests leave untouched: grants, columns, uses and functions.

A term is touched when some test needs it: without it, the test would no longer be allowed under the
grant. So nothing here knows how the gate comes to its decisions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sekisho.gate.decide import decide
from sekisho.gate.rehearse import Rehearsed
from sekisho.model.contract import Grant, Use
from sekisho.model.dataset import Dataset
from sekisho.model.names import DatasetId
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.model.terms import path_text
from sekisho.sql.parser import SecondParser


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """A query that is allowed under a grant, and the columns that it reads."""

    query: Query
    clauses: frozenset[str]


def untouched(
    rehearsed: Iterable[Rehearsed],
    signed: SignedContract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    parser: SecondParser,
) -> tuple[str, ...]:
    """List the terms that no test needs, by their paths; grants that are not served are left out.

    Args:
        rehearsed: What came of every test.
        signed: The contract that was rehearsed.
        datasets: Those that the tests name.
        parser: The second reading of each query.
    """
    allowed: dict[str, list[_Allowed]] = {grant.grant: [] for grant in signed.contract.grants}
    for item in rehearsed:
        if isinstance(item.decision, Plan):
            found = _Allowed(query=item.query, clauses=frozenset(item.decision.clauses))
            allowed[item.decision.grant].append(found)

    def stays(query: Query, grant: Grant) -> bool:
        """Tell whether a query is still allowed under a grant that was cut."""
        decision = decide(query, _with(signed, grant), datasets, parser=parser)
        return isinstance(decision, Plan) and decision.grant == grant.grant

    return tuple(
        path
        for grant in signed.contract.grants
        if grant.is_served
        for path in _of_grant(grant, allowed[grant.grant], stays)
    )


Stays = Callable[[Query, Grant], bool]


def _of_grant(grant: Grant, allowed: list[_Allowed], stays: Stays) -> Iterator[str]:
    place = path_text("grants", grant.grant)
    if not allowed:
        yield place
        return
    for name, column in grant.columns.items():
        clause = f"grants.{grant.grant}.columns.{name}"
        reading = [item.query for item in allowed if clause in item.clauses]
        path = path_text(name, below=f"{place}.columns")
        if not reading:
            yield path
        elif Use.RETURN not in column.use and len(column.use) > 1:
            for use in sorted(column.use):
                cut = _without_use(grant, name, use)
                if all(stays(query, cut) for query in reading):
                    yield f"{path}.use.{use}"
    written = grant.functions if "functions" in grant.model_fields_set else ()
    for function in written if len(written) > 1 else ():
        left = tuple(item for item in written if item is not function)
        cut = grant.model_copy(update={"functions": left})
        if all(stays(item.query, cut) for item in allowed):
            yield f"{place}.functions.{function}"


def _without_use(grant: Grant, name: str, use: Use) -> Grant:
    column = grant.columns[name]
    less = column.model_copy(update={"use": column.use - {use}})
    return grant.model_copy(update={"columns": {**grant.columns, name: less}})


def _with(signed: SignedContract, grant: Grant) -> SignedContract:
    grants = tuple(grant if item.grant == grant.grant else item for item in signed.contract.grants)
    return replace(signed, contract=signed.contract.model_copy(update={"grants": grants}))
