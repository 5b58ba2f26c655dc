"""The planner: one query over many nodes → what each provider is asked, and what is done here.

Nothing is asked of a provider that would change the outcome: it is the outcome of the same query
over all the data in one place. Whether a provider allows its fragment is for its own gate to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sekisho.errors import Refusal, RefusalReason
from sekisho.federation.asking import ask_providers
from sekisho.federation.catalog import Catalog
from sekisho.federation.draft import Draft, Fragment, LookupUse, Merge
from sekisho.federation.folding import fold_constants
from sekisho.federation.implied import push_implied_filters, trim_exists
from sekisho.federation.joining import join_at_providers
from sekisho.federation.limiting import push_limit
from sekisho.federation.names import check_granted_by_all, look_up_names
from sekisho.federation.partial import aggregate_at_providers
from sekisho.federation.pushing import choose_providers, push_columns, push_filters
from sekisho.federation.statistics import ask_for_statistics
from sekisho.federation.whole import send_whole
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.sql.parameters import parameters_of
from sekisho.sql.parser import SecondParser
from sekisho.sql.read import read_query
from sekisho.sql.write import bind_literals, write_query

__all__ = ["RULES", "FederatedPlan", "Fragment", "LookupUse", "Merge", "plan_query"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedPlan:
    """What a consumer's node does for one query."""

    fragments: tuple[Fragment, ...]
    """Asked at once; none where the query reads the company's own datasets only."""
    merges: tuple[Merge, ...]
    """Computed first, each over the fragments: the cells of several providers in one relation."""
    residual_sql: str
    """DuckDB text over the relations `"fragment_0"`, …, `"cells_0"`, … and
    `"data"."<local dataset>"`."""
    parameters: Mapping[str, str]
    """Text literals of the residual by parameter name, `$p0` in `residual_sql`."""
    bound: tuple[str, ...]
    """Names of the query's parameters, each of which is `$v_<name>` in `residual_sql`."""
    local_datasets: tuple[str, ...]
    """Bare names of the company's own datasets that the residual reads."""
    uploads: Mapping[str, str]
    """Tables uploaded for the contract that it reads, by what it calls them: `"uploaded_0"`, …"""
    columns: tuple[str, ...]
    """Names of the output."""


def bind_texts(draft: Draft) -> Draft:
    """Turn the residual's text literals into parameters."""
    return replace(draft, parameters=bind_literals(draft.tree))


RULES: tuple[Callable[[Draft], Draft], ...] = (
    look_up_names,
    check_granted_by_all,
    ask_for_statistics,
    fold_constants,
    trim_exists,
    send_whole,
    choose_providers,
    push_filters,
    push_implied_filters,
    join_at_providers,
    aggregate_at_providers,
    push_columns,
    push_limit,
    ask_providers,
    bind_texts,
)


def plan_query(
    sql: str,
    catalog: Catalog,
    *,
    parser: SecondParser,
    limits: Limits = DEFAULT_LIMITS,
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> FederatedPlan:
    """Split a query into one fragment a provider and reference, and the residual over the answers.

    For every database, the residual over the fragments' answers gives what the query gives over the
    union of the providers' granted rows and the company's own; where statistics are granted, it
    gives what can be put together from what each provider publishes.

    Args:
        sql: What an analyst asked.
        catalog: What it may name.
        parser: DuckDB's own parser, for the second opinion.
        limits: Bounds of the text and its tree.
        parameters: The type of every parameter of the query by its name, in DuckDB's words.

    Raises:
        Refusal: `DATASET_NOT_GRANTED`, `COLUMN_NOT_GRANTED`, `USE_NOT_GRANTED`, or what reading
            the text refuses: `SYNTAX_NOT_ALLOWED`, `FUNCTION_NOT_ALLOWED`, `TOO_COMPLEX`,
            `PARSERS_DISAGREE`.
    """
    tree = read_query(sql, parser=parser, limits=limits, parameters=parameters)
    draft = Draft(catalog=catalog, written=tree.copy(), tree=tree)
    try:
        for rule in RULES:
            draft = rule(draft)
        _check_count(len(draft.fragments), limits=limits)
        return _plan(draft)
    except RecursionError:
        raise Refusal(
            RefusalReason.TOO_COMPLEX,
            "the query nests too deeply",
            hint="name inner parts with WITH",
        ) from None


def _plan(draft: Draft) -> FederatedPlan:
    return FederatedPlan(
        fragments=draft.fragments,
        merges=draft.merges,
        residual_sql=write_query(draft.tree),
        parameters=draft.parameters,
        bound=parameters_of(draft.tree),
        local_datasets=draft.local_datasets,
        uploads=draft.uploads,
        columns=draft.settled().names,
    )


def _check_count(fragments: int, *, limits: Limits) -> None:
    if fragments > limits.max_fragments:
        raise Refusal(
            RefusalReason.TOO_COMPLEX,
            f"the query asks for {fragments} fragments; at most {limits.max_fragments} are served",
            hint="name relations with WITH once, or ask fewer providers",
        )
