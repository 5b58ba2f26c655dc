"""What both pipelines of the gate share: granted names, views as they are, clauses of refusals."""

from collections.abc import Iterator, Mapping

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.draft import Draft
from sekisho.gate.views import View, names_in, view_of
from sekisho.model.dataset import Dataset
from sekisho.model.names import DatasetId

_CLAUSES: Mapping[RefusalReason, str] = {
    RefusalReason.COLUMN_NOT_GRANTED: "columns",
}


def granted_names(draft: Draft) -> tuple[str, ...]:
    """List the datasets that the contract names at this provider, as a query names them."""
    question = draft.question
    return tuple(
        dict.fromkeys(
            f"{question.alias}.{item.split('/')[1]}"
            for grant in question.signed.grants_of(question.query.provider)
            for item in grant.datasets_of(question.query.provider)
        )
    )


def current_view(draft: Draft, dataset: DatasetId, *, elsewhere: frozenset[str]) -> View:
    """Lay the grant over a dataset as the provider has it now.

    Args:
        draft: Under one grant.
        dataset: One of the grant's.
        elsewhere: What `names_elsewhere` gives.

    Raises:
        Refusal: `SCHEMA_CHANGED` when it does not fit any more.
    """
    found = draft.question.datasets.get(dataset)
    if found is None:
        message = "the granted dataset is not at the provider now"
        raise Refusal(
            RefusalReason.SCHEMA_CHANGED,
            message,
            clause=f"{draft.clause}.datasets",
            hint="ask the provider to mend the dataset or to amend the contract",
        )
    return view_of(draft.grant, found, elsewhere=elsewhere)


def names_elsewhere(draft: Draft) -> frozenset[str]:
    """Name, in lower case, the columns of all datasets of the grant that the provider has now."""
    return names_in(_present(draft))


def _present(draft: Draft) -> Iterator[Dataset]:
    for name in draft.grant.datasets_of(draft.question.query.provider):
        found = draft.question.datasets.get(DatasetId(name))
        if found is not None:
            yield found


def with_clause(refusal: Refusal, draft: Draft, *, clause: str = "") -> Refusal:
    """Say which clause decided, where the refusal comes from a room that knows no contracts."""
    if refusal.clause:
        return refusal
    if refusal.reason is RefusalReason.DATASET_NOT_GRANTED:
        clause = "grants"
    elif refusal.reason in _CLAUSES:
        clause = f"{draft.clause}.{_CLAUSES[refusal.reason]}"
    return Refusal(
        refusal.reason,
        refusal.message,
        clause=clause,
        line=refusal.line,
        column=refusal.column,
        allowed=refusal.allowed,
        hint=refusal.hint,
    )
