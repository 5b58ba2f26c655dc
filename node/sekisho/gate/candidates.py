"""Under which grants a query is tried: those that show every dataset that it names."""

from collections.abc import Iterator
from typing import NoReturn

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.draft import Question
from sekisho.model.contract import Grant
from sekisho.model.names import DatasetId, join_dataset
from sekisho.sql.places import qualifiers_of
from sekisho.sql.trees import nodes_of


def candidates(question: Question, tree: exp.Expr) -> list[Grant]:
    """List the grants to try, at least one.

    Raises:
        Refusal: `DATASET_NOT_GRANTED` when nothing is granted, or when the datasets that the query
            names lie in several grants, which are never combined.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    provider = question.query.provider
    grants = question.signed.grants_of(provider)
    named = tuple(dict.fromkeys(_named(question, tree)))
    showing = [
        grant for grant in grants if named and set(named) <= set(grant.datasets_of(provider))
    ]
    if named and not showing:
        raise _never_combined(question, named)
    return showing or list(grants[:1]) or _no_grant()


def named_dataset(question: Question, parts: tuple[str, ...]) -> DatasetId | None:
    """Tell which dataset of a contract a name stands for; only the provider's own alias exists."""
    provider = question.query.provider
    schema = ("sekisho", question.alias)
    if parts[:-1] not in {(), schema[1:], schema}:
        return None
    dataset = join_dataset(provider, parts[-1])
    grants = question.signed.grants_of(provider)
    return dataset if any(dataset in grant.datasets_of(provider) for grant in grants) else None


def _named(question: Question, tree: exp.Expr) -> Iterator[DatasetId]:
    """Yield the granted datasets that a query surely names; a WITH may take a bare name."""
    found = [node for node in nodes_of(tree) if isinstance(node, exp.CTE | exp.Table)]
    taken = {node.alias.lower() for node in found if isinstance(node, exp.CTE)}
    for table in found:
        if isinstance(table, exp.CTE):
            continue
        parts = tuple(item.lower() for item in (*qualifiers_of(table), table.name))
        dataset = named_dataset(question, parts)
        if dataset is not None and not (len(parts) == 1 and parts[0] in taken):
            yield dataset


def _never_combined(question: Question, named: tuple[DatasetId, ...]) -> Refusal:
    provider = question.query.provider
    grants = [
        next(g for g in question.signed.grants_of(provider) if item in g.datasets_of(provider))
        for item in named
    ]
    names = " and ".join(f"`{name}`" for name in dict.fromkeys(item.grant for item in grants))
    modes = " and ".join(
        f"`{mode.value}`" for mode in dict.fromkeys(item.access for item in grants)
    )
    message = f"the query names datasets of the grants {names}, and grants are never combined"
    if len({item.access for item in grants}) > 1:
        message = f"the query mixes {modes}: the grants {names} are never combined"
    return Refusal(
        RefusalReason.DATASET_NOT_GRANTED,
        message,
        clause="grants",
        allowed=tuple(f"{question.alias}.{item.split('/')[1]}" for item in named),
        hint="ask over the datasets of one grant at a time",
    )


def _no_grant() -> NoReturn:
    message = "nothing of this provider is granted"
    raise Refusal(RefusalReason.DATASET_NOT_GRANTED, message, clause="grants")
