"""The rule that writes what each provider is asked, and what stands in a relation's place here."""

from dataclasses import replace
from functools import reduce
from itertools import count

from sqlglot import exp

from sekisho.federation.catalog import PROVIDER, Part
from sekisho.federation.draft import Draft, Fragment, Fragments, Reading, used_columns
from sekisho.federation.exactness import RETYPED
from sekisho.federation.question import ONE, bare, named, question_of
from sekisho.sql.scopes import identifier

DATA = "data"
"""Schema in which an engine keeps the company's own datasets."""


def ask_providers(draft: Draft) -> Draft:
    """Write the fragments, and read their answers in the places of the relations.

    References that ask a provider for the same share one fragment.
    """
    writer = _Writer(draft)
    for reading in draft.readings:
        reading.source.node.replace(writer.standing_for(reading))
    local = [
        item.relation.name
        for item in draft.readings
        if item.relation.is_local and not item.relation.is_uploaded
    ]
    return replace(
        draft,
        readings=(),
        fragments=writer.fragments.all,
        local_datasets=tuple(dict.fromkeys(local)),
        uploads=writer.uploads,
    )


class _Writer:
    """Writes what providers are asked, and what stands here in its place."""

    def __init__(self, draft: Draft) -> None:
        self._tree = draft.tree
        self._taken = {cte.alias.lower() for cte in draft.tree.find_all(exp.CTE)}
        self.uploads: dict[str, str] = {}
        """Uploaded tables by what the residual calls them."""
        self.fragments = Fragments(draft)

    def standing_for(self, reading: Reading) -> exp.Expr:
        """Give what is read in a relation's place."""
        alias = exp.TableAlias(this=identifier(reading.source.label))
        if reading.relation.is_uploaded:
            return exp.Table(this=identifier(self._uploaded(reading.relation.name)), alias=alias)
        if reading.relation.is_local:
            name = identifier(reading.relation.name)
            return exp.Table(this=name, db=identifier(DATA), alias=alias)
        fragments = [self._fragment(part, reading) for part in reading.parts]
        hidden = reading.relation.has_provider and PROVIDER in used_columns(self._tree, reading)
        if len(fragments) == 1 and not hidden and not _is_changed(reading):
            return exp.Table(this=identifier(fragments[0].name), alias=alias)
        selects = [
            _answer(fragment, part, reading, hidden=hidden)
            for fragment, part in zip(fragments, reading.parts, strict=True)
        ]
        return exp.Subquery(this=reduce(_union_all, selects), alias=alias)

    def _uploaded(self, table: str) -> str:
        """Name an uploaded table as no WITH of the query is named."""
        for name, known in self.uploads.items():
            if known == table:
                return name
        names = (f"uploaded_{number}" for number in count(len(self.uploads)))
        name = next(item for item in names if item not in self._taken | self.uploads.keys())
        self.uploads[name] = table
        return name

    def _fragment(self, part: Part, reading: Reading) -> Fragment:
        return self.fragments.ask(
            part.party,
            question_of(part, reading),
            columns=reading.outputs or (ONE,),
            types=_types(part, reading),
        )


def _types(part: Part, reading: Reading) -> tuple[str, ...]:
    """Give the types of the columns that are returned as they are; nothing of those computed."""
    made = {item.name for item in (*reading.computed, *reading.states)}
    if all(name in made for name in reading.outputs):
        return ()
    found = {name: part.column(name) for name in reading.outputs if name not in made}
    return tuple(
        column.type if (column := found.get(name)) is not None else "" for name in reading.outputs
    )


def _answer(fragment: Fragment, part: Part, reading: Reading, *, hidden: bool) -> exp.Expr:
    """Read one provider's answer, its columns brought back to the types that they have there."""
    made = {item.name: item.cast for item in (*reading.computed, *reading.states)}
    outputs = [
        _typed(name, made[name] if name in made else _retyped(part, name))
        for name in fragment.columns
    ]
    if hidden:
        outputs.append(exp.Alias(this=exp.Literal.string(part.alias), alias=identifier(PROVIDER)))
    select = exp.Select(
        expressions=outputs, from_=exp.From(this=exp.Table(this=identifier(fragment.name)))
    )
    if reading.counted:
        some = exp.GT(this=bare(reading.counted), expression=exp.Literal.number(0))
        select.set("where", exp.Where(this=some))
    return select


def _typed(name: str, kind: str) -> exp.Expr:
    if not kind:
        return bare(name)
    return named(exp.Cast(this=bare(name), to=exp.DataType.build(kind, dialect="duckdb")), name)


def _retyped(part: Part, name: str) -> str:
    column = part.column(name)
    kind = column.type.upper() if column is not None else ""
    return kind if kind in RETYPED else ""


def _is_changed(reading: Reading) -> bool:
    """Whether an answer is not read as it comes."""
    if reading.counted or any(item.cast for item in (*reading.computed, *reading.states)):
        return True
    return any(_retyped(part, name) for part in reading.parts for name in reading.columns)


def _union_all(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Union(this=left, expression=right, distinct=False)
