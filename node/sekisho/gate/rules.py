"""The gate's rules for `rows`, one function each, in the order in which `decide` runs them."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot import exp

from sekisho.errors import Refusal, RefusalReason
from sekisho.gate.candidates import named_dataset
from sekisho.gate.draft import Draft
from sekisho.gate.holding import check_countable, hold_back, is_held, units_of
from sekisho.gate.names import current_view, granted_names, names_elsewhere, with_clause
from sekisho.gate.uses import check_use
from sekisho.gate.views import View, write_view
from sekisho.model.contract import Access
from sekisho.model.names import DatasetId
from sekisho.sql.resolve import resolve
from sekisho.sql.scopes import Relation, identifier
from sekisho.sql.total import make_total
from sekisho.sql.write import bind_literals

Rule = Callable[[Draft], Draft]


def look_up_names(draft: Draft) -> Draft:
    """Look up every name among what the grant shows, and nothing else.

    Raises:
        Refusal: `DATASET_NOT_GRANTED`, `COLUMN_NOT_GRANTED`; `MODE_NOT_SERVED` or `SCHEMA_CHANGED`
            when the dataset is granted and cannot be served.

    Source:
        `docs/spec/gate.md`, step 5.
    """
    views: dict[DatasetId, View] = {}
    elsewhere = names_elsewhere(draft)

    def look_up(parts: tuple[str, ...]) -> Relation | None:
        dataset = named_dataset(draft.question, parts)
        if dataset is None or dataset not in draft.grant.datasets:
            return None
        check_served(draft)
        views[dataset] = current_view(draft, dataset, elsewhere=elsewhere)
        return views[dataset].relation(draft.question.alias)

    try:
        resolved = resolve(draft.tree, look_up, allowed=granted_names(draft))
    except Refusal as refusal:
        raise with_clause(refusal, draft) from None
    if not views:
        raise _no_dataset(draft)
    return replace(draft, resolved=resolved, views=views)


def check_uses(draft: Draft) -> Draft:
    """Refuse a use of a column that the grant does not list.

    Source:
        `docs/spec/gate.md`, step 6.
    """
    read: dict[DatasetId, set[str]] = {dataset: set() for dataset in draft.views}
    for reference in draft.settled().references:
        if reference.source.relation is not None:
            view = draft.view_of(reference.source)
            check_use(reference, view)
            read[view.dataset.id].add(reference.column.lower())
    reads = {
        dataset: tuple(name for name in draft.views[dataset].columns if name in names)
        for dataset, names in read.items()
    }
    return replace(draft, reads=reads, clauses=_clauses(draft, reads))


def make_expressions_total(draft: Draft) -> Draft:
    """Leave no expression over a row that can fail.

    Source:
        `docs/spec/gate.md`, step 8.
    """
    make_total(draft.settled(), late_may_fail=not is_held(draft))
    return draft


def put_view_in_place(draft: Draft) -> Draft:
    """Put what the grant shows in the place of each dataset's name.

    Source:
        `docs/spec/gate.md`, step 7.
    """
    resolved = draft.settled()
    wanted: dict[int, set[str]] = defaultdict(set)
    for reference in resolved.references:
        wanted[reference.source.number].add(reference.column)
    for source in resolved.relations:
        select = _shown(draft, draft.view_of(source), wanted[source.number])
        alias = exp.TableAlias(this=identifier(source.label))
        source.node.replace(exp.Subquery(this=select, alias=alias))
    return draft


def bind_texts(draft: Draft) -> Draft:
    """Turn text literals into parameters.

    Source:
        `docs/spec/gate.md`, step 9.
    """
    return replace(draft, parameters=bind_literals(draft.tree))


RULES: tuple[Rule, ...] = (
    look_up_names,
    check_uses,
    check_countable,
    make_expressions_total,
    put_view_in_place,
    hold_back,
    bind_texts,
)


def check_served(draft: Draft) -> None:
    """Refuse a grant that holds a term which this release would not keep.

    Raises:
        Refusal: `MODE_NOT_SERVED`, with the clause of the first such term.
    """
    for clause, what in _unserved(draft):
        raise Refusal(
            RefusalReason.MODE_NOT_SERVED,
            f"this release does not serve {what}",
            clause=f"{draft.clause}.{clause}",
            allowed=("rows",),
            hint="ask the provider for a grant of rows, or wait for a release that serves it",
        )


def _unserved(draft: Draft) -> list[tuple[str, str]]:
    grant = draft.grant
    found = []
    if grant.access is not Access.ROWS:
        found.append(("access", f"the access mode `{grant.access.value}`"))
    found += [
        (name, f"`{name}` in a grant of rows")
        for name in ("functions", "lookups")
        if name in grant.model_fields_set
    ]
    for name, column in grant.columns.items():
        if column.clamp is not None:
            found.append((f"columns.{name}.clamp", "`clamp` in a grant of rows"))
        if column.source is not None:
            found.append((f"columns.{name}.from", "`from` in a grant of rows"))
    return found


def _shown(draft: Draft, view: View, names: set[str]) -> exp.Select:
    question = draft.question
    try:
        return write_view(
            view,
            names,
            timezone=question.signed.contract.term.timezone,
            parser=question.parser,
            limits=question.limits,
            units=units_of(draft, view),
        )
    except Refusal as refusal:
        raise with_clause(refusal, draft, clause=f"{draft.clause}.where") from None


def _no_dataset(draft: Draft) -> Refusal:
    return Refusal(
        RefusalReason.DATASET_NOT_GRANTED,
        "the query names no dataset",
        clause="grants",
        allowed=granted_names(draft),
        hint="name a granted dataset in FROM",
    )


def _clauses(draft: Draft, reads: Mapping[DatasetId, tuple[str, ...]]) -> tuple[str, ...]:
    """List the clauses that the plan rests on."""
    columns = [
        f"{draft.clause}.columns.{draft.views[dataset].columns[name].name}"
        for dataset, names in reads.items()
        for name in names
    ]
    purpose = f"purposes.{draft.question.query.purpose}"
    fixed = [purpose, f"{draft.clause}.datasets", f"{draft.clause}.access"]
    if draft.grant.where is not None:
        fixed.append(f"{draft.clause}.where")
    return tuple(dict.fromkeys((*fixed, *columns)))
